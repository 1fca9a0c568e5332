"""Searches that match a large part of the index: what is cut off, and that the answer says so."""

from __future__ import annotations

import pytest

from search import cursors, popularity, queries, ranking
from search.models import SearchDocument

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop(index):
    """Five projects, the first the most popular, in three tiers."""

    def shop(*summaries: str) -> None:
        keys = {place: index(f"item-{place}", text).pk for place, text in enumerate(summaries)}
        popularity.refresh({key: 10 ** (8 - place) for place, key in keys.items()})

    return shop


def names(text: str, **options) -> list[str]:
    return [item.name for item in queries.search(text, **options).found]


def test_a_phrase_is_looked_for_in_the_most_popular_that_have_its_words(shop, monkeypatch):
    shop("red green", "green red", "red green", "red green", "blue")
    whole = queries.search('"red green"')
    assert ([item.name for item in whole.found], whole.more) == (
        ["item-0", "item-2", "item-3"],
        False,
    )
    monkeypatch.setattr(ranking, "LOOKED_INTO", 3)
    cut = queries.search('"red green"')
    assert ([item.name for item in cut.found], cut.more) == (["item-0", "item-2"], True)
    assert names('"red green"', order="name") == ["item-0", "item-2"]


def test_a_phrase_that_shall_be_absent_keeps_no_other_words_away(shop):
    shop("red green blue", "green red blue", "blue", "red", "green")
    assert sorted(names('blue -"red green"')) == ["item-1", "item-2"]
    assert names('blue -"red green" red', strictly=True) == ["item-1"]


def test_phrases_may_be_alternatives(shop):
    shop("red green", "green red", "wombat", "red", "green")
    assert sorted(names('"red green" or wombat')) == ["item-0", "item-2"]
    assert sorted(names('"red green" or "green red"')) == ["item-0", "item-1"]
    assert sorted(names('"red green" or import:item_2')) == ["item-0", "item-2"]


def test_signs_of_a_distance_in_a_filter_are_only_text(shop):
    shop("red", "green")
    assert names('import:"a<->b"') == names('import:"a<->b" red') == []


def test_what_has_none_of_something_is_looked_for_among_the_most_popular(shop, monkeypatch):
    shop("red", "green", "red", "green", "green")
    assert names("-red") == ["item-1", "item-3", "item-4"]
    monkeypatch.setattr(ranking, "LOOKED_INTO", 4)
    results = queries.search("-red")
    assert ([item.name for item in results.found], results.more) == (["item-1", "item-3"], True)
    assert names("-red", order="name") == ["item-1", "item-3"]
    assert names("-red updated:1d") == ["item-1", "item-3"]


def test_a_period_alone_goes_from_tier_to_tier(shop, monkeypatch):
    monkeypatch.setattr(popularity, "SIZES", (2, 3))
    shop("red", "green", "red", "green", "green")
    assert set(SearchDocument.objects.values_list("tier", flat=True)) == {0, 1, 2}
    everything = [f"item-{place}" for place in range(5)]
    assert names("updated:1d") == everything
    assert names("updated:<2020") == []
    monkeypatch.setattr(ranking, "MOST", 2)
    few = queries.search("updated:1d")
    assert ([item.name for item in few.found], few.more) == (["item-0", "item-1"], True)


@pytest.mark.parametrize("gathering", [0, 1000])  # walked along the order, gathered and sorted
@pytest.mark.parametrize("text", ["red", "red updated:1d"])
@pytest.mark.parametrize("order", ["updated", "name", "downloads"])
def test_matches_come_in_order_page_by_page_however_they_are_had(
    shop, monkeypatch, gathering, order, text
):
    shop("red", "red", "green", "red", "red")
    monkeypatch.setattr(ranking, "ENOUGH", 2)  # so there are more than were ranked
    monkeypatch.setattr(cursors, "GATHERING", gathering)
    seen, cursor = [], ""
    for _ in range(2):
        page = queries.search(text, order=order, cursor=cursor, size=2)
        seen += [item.name for item in page.found]
        cursor = page.cursor
    assert cursor == ""
    expected = ["item-0", "item-1", "item-3", "item-4"]
    assert seen == (expected[::-1] if order == "updated" else expected)
