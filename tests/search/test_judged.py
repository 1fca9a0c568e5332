"""The judged searches of the benchmark: enough of them, apart, and with answers that exist."""

from __future__ import annotations

from collections import Counter

import pytest

from benchmarks.search import judging
from benchmarks.search.corpus import Corpus, rows


def test_there_are_enough_and_none_is_in_both_halves():
    tuning, held = judging.judged("tuning"), judging.judged("held")
    assert len(tuning) + len(held) >= 200
    assert not {case.query for case in tuning} & {case.query for case in held}
    kinds = Counter(case.kind for case in held)
    assert {*kinds} == {case.kind for case in tuning}
    assert {*judging.TARGETS} <= {*kinds}


@pytest.mark.parametrize("name", ["tuning", "held"])
def test_every_expected_project_is_in_the_corpus(name):
    known = {row["name"] for row in rows("names.csv")}
    for case in judging.judged(name):
        assert case.expected
        assert case.expected <= known, case


def test_a_misspelt_name_is_nobodys_name():
    imitations = {row["name"] for row in rows("imitations.csv")}
    for case in judging.judged("tuning") + judging.judged("held"):
        if case.kind == "misspelt":
            assert case.query not in imitations


def test_the_corpus_is_the_same_every_time_and_of_the_size_asked_for():
    first, second = (list(Corpus(13_000).entries()) for _ in range(2))
    assert first == second
    assert len(first) == len({entry.name for entry in first}) == 13_000


def test_ranks_and_recall_are_counted_as_everywhere():
    case = judging.Judged("descriptive", "html", frozenset({"lxml", "html5lib"}))
    assert judging.reciprocal(["flask", "lxml"], case) == 0.5
    assert judging.reciprocal(["flask"], case) == 0
    assert judging.recall(["flask", "lxml"], case) == 0.5
