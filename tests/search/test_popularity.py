"""Priors, tiers, and the jobs that keep them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.cache import cache
from django.utils import timezone
from django_q.models import Schedule

from packages import downloads
from search import documents, popularity, queries, tasks
from search.models import Scale, SearchDocument
from tests.factories import jobs

pytestmark = pytest.mark.django_db


def worth(count: int = 0, days: int = 0, status: str = "active") -> popularity.Worth:
    scale = Scale(most_downloads=1_000_000, floor_0=0.6, floor_1=0.3)
    return popularity.worth(count, timezone.now() - timedelta(days=days), status, scale)


def test_downloads_weigh_most_then_freshness():
    assert worth(1_000_000).prior == 1.0
    assert worth(1_000_000, days=3000).prior > worth(1000).prior > worth(0).prior
    assert worth(0, days=10).prior > worth(0, days=400).prior > worth(0, days=3000).prior == 0


@pytest.mark.parametrize("status", ["deprecated", "archived", "yanked"])
def test_what_is_given_up_is_worth_less(status):
    assert worth(1000, status=status).prior < worth(1000).prior


def test_the_tier_follows_from_the_prior():
    assert [worth(count).tier for count in (1_000_000, 1000, 0)] == [0, 1, 2]


def test_a_new_project_of_a_small_index_is_in_the_first_tier(index):
    index("demo")
    assert SearchDocument.objects.get().tier == 0


def test_popularity_orders_and_tiers_projects(index, found, monkeypatch):
    monkeypatch.setattr(popularity, "SIZES", (1, 2))
    keys = {name: index(name, "A widget").pk for name in ("aaa", "bbb", "ccc")}
    assert popularity.refresh({keys["bbb"]: 5000, keys["ccc"]: 70}) > 0
    assert found("widget") == ["bbb", "ccc", "aaa"]
    tiers = dict(SearchDocument.objects.values_list("name", "tier"))
    assert tiers == {"bbb": 0, "ccc": 1, "aaa": 2}
    assert found("aaa") == ["aaa"]


def test_measuring_again_writes_nothing(index):
    key = index("demo").pk
    assert popularity.refresh({key: 5000}) == 1
    assert popularity.refresh({key: 5001}) == 0


def test_a_change_of_the_project_keeps_its_popularity(index):
    project = index("demo")
    popularity.refresh({project.pk: 5000})
    before = SearchDocument.objects.get()
    tasks.update(project.pk)
    after = SearchDocument.objects.get()
    assert (after.downloads, after.prior) == (before.downloads, before.prior)
    assert after.downloads == 5000


def test_the_job_reads_the_downloads_of_a_month(index, monkeypatch):
    project = index("demo")
    monkeypatch.setattr(downloads, "totals", lambda days: {project.pk: 300 * days})
    assert tasks.refresh_popularity() == 1
    assert SearchDocument.objects.get().downloads == 9000


def test_broad_words_are_asked_of_the_popular_tier_and_rare_ones_of_all(index, monkeypatch):
    monkeypatch.setattr(popularity, "SIZES", (2, 3))
    monkeypatch.setattr("search.ranking.ENOUGH", 2)
    names = ("aaa", "bbb", "ccc", "ddd")
    keys = {name: index(name, f"A widget {name * 2}").pk for name in names}
    popularity.refresh({keys["aaa"]: 9000, keys["bbb"]: 900, keys["ccc"]: 90})
    broad = queries.search("widget")
    assert [item.name for item in broad.found] == ["aaa", "bbb"]
    assert (broad.count, broad.more) == (2, True)
    rare = queries.search("dddddd")
    assert ([item.name for item in rare.found], rare.more) == (["ddd"], False)
    by_name = queries.search("widget", order="name")
    assert [item.name for item in by_name.found] == list(names)


def test_rows_of_an_older_form_are_rewritten_in_batches(index, monkeypatch):
    monkeypatch.setattr(tasks, "BATCH", 2)
    for name in ("aaa", "bbb", "ccc"):
        index(name)
    SearchDocument.objects.update(revision=0)
    tasks.schedule()
    assert sum(jobs.run_all()) == 3
    assert not SearchDocument.objects.exclude(revision=documents.REVISION).exists()
    tasks.schedule()
    assert jobs.waiting() == []
    assert Schedule.objects.filter(func="search.tasks.refresh_popularity").count() == 1


def test_an_interrupted_rebuild_goes_on_where_it_stopped(index, monkeypatch):
    monkeypatch.setattr(tasks, "BATCH", 1)
    for name in ("aaa", "bbb", "ccc"):
        index(name)
    SearchDocument.objects.all().delete()
    interrupted = tasks.rebuilding(afresh=True)
    next(interrupted)
    next(interrupted)
    assert sum(size for _, size in tasks.rebuilding()) == 1
    assert SearchDocument.objects.count() == 3
    assert cache.get(tasks.PLACE) is None
