"""The corpus gets into the tables as they are today."""

from __future__ import annotations

import pytest
from django.core.management import call_command

from benchmarks.search import loading, soon
from benchmarks.search.corpus import Corpus
from packages.models import Project
from search import queries
from search.models import SearchDocument


@pytest.mark.django_db(transaction=True)
def test_a_small_corpus_is_loaded_and_found():
    loading.load(Corpus(300))
    try:
        assert SearchDocument.objects.count() == Project.objects.count() >= 300
        assert queries.search("numpy").found[0].name == "numpy"
        assert {name for name, _ in loading.sizes()} >= {
            index.name for index in SearchDocument._meta.indexes
        }
    finally:
        call_command("flush", interactive=False, verbosity=0)


@pytest.mark.parametrize(("slowest", "met"), [(0.9, [True, True]), (1.1, [True, False])])
def test_found_soon_means_that_the_slowest_is_found_within_a_second(slowest, met):
    times = [0.2] * 49 + [slowest]
    assert [row.met for row in soon._rows(600_000, times)] == met
