"""Suggestions while one types, and names that somebody may have meant."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.actors import SYSTEM
from packages import projects
from packages.models import Project
from search import fuzzy, queries
from search.models import SearchDocument
from search.suggestions import suggest
from tests.factories import crews, jobs
from tests.factories.people import UserFactory


def names(text: str) -> list[str]:
    return [item.text for item in suggest(text)]


@pytest.fixture
def shop(db, index):
    for name in ("requests", "requests-cache", "req-tools", "Django", "numpy"):
        index(name)
    SearchDocument.objects.filter(name="requests").update(prior=0.9)
    SearchDocument.objects.filter(name="req-tools").update(prior=0.5)


@pytest.mark.parametrize("text", ["req", "REQ", "re-q", " req"])
def test_names_that_begin_so_the_most_popular_first(shop, text):
    assert names(text) == ["requests", "req-tools", "requests-cache"]


def test_the_name_itself_comes_first(shop):
    SearchDocument.objects.filter(name="requests-cache").update(prior=1.0)
    assert names("requests") == ["requests", "requests-cache"]


def test_an_imitation_does_not_come_before_the_name_that_it_is_the_beginning_of(shop, index):
    index("request")
    assert names("request") == ["requests", "requests-cache", "request"]


@pytest.mark.parametrize("text", ["reqeu", "rquests", "requsets", "requestss"])
def test_a_slip_is_forgiven_from_four_letters_on(shop, text):
    assert names(text)[0] == "requests"


@pytest.mark.parametrize("text", ["djnago", "dajngo", "djang0", "djngo"])
def test_slips_in_short_names_are_forgiven_too(shop, text):
    assert names(text) == ["Django"]
    assert queries.search(text).meant == "Django"


@pytest.mark.parametrize("text", ["", " ", "rqe", "%", "r%", "_", "\0", "x" * 5000, "'", "ä"])
def test_nothing_is_suggested_for_nothing(shop, text):
    assert names(text) == (["requests", "req-tools", "requests-cache"] if text == "r%" else [])


def test_a_filter_is_completed(shop, index):
    index("shop", extra_metadata="Classifier: Framework :: Django\nLicense: MIT\n")
    assert names("classifier:djan") == ['classifier:"Framework :: Django"']
    assert names("html -license:mi") == ["html -license:MIT"]
    assert names("python:3.1")[-1] == "python:3.10"
    assert names("owner:keep") == ["owner:keeper"]
    crews.role(crews.team(owner=UserFactory(username="captain")), Project.objects.get(name="shop"))
    assert names("owner:cap") == ["owner:captain"]
    assert names("clas") == ["classifier:"]


def test_what_may_not_be_found_is_not_suggested(shop, index):
    project = index("reqsecret")
    projects.quarantine(project, actor=SYSTEM)
    jobs.run_all()
    assert "reqsecret" not in names("req")
    assert names("reqsecret") == []


def test_a_misspelt_name_is_found_and_named(shop):
    results = queries.search("reqeusts")
    assert results.meant == "requests"
    assert results.found[0].name == "requests"


def test_a_slip_in_the_first_letter_is_found_by_trigrams(shop):
    assert queries.search("tequests").meant == "requests"


def test_nobody_is_told_of_another_name_when_the_name_is_right(shop):
    assert queries.search("requests").meant == ""


@pytest.mark.parametrize(
    ("one", "other", "slips"),
    [
        ("", "", 0),
        ("numpy", "numpy", 0),
        ("nmupy", "numpy", 1),
        ("numpi", "numpy", 1),
        ("nump", "numpy", 1),
        ("numppy", "numpy", 1),
        ("pandas", "numpy", 6),
    ],
)
def test_slips_are_counted(one, other, slips):
    assert fuzzy.distance(one, other) == slips


@given(st.text(max_size=12), st.text(max_size=12))
def test_distance_is_fair_to_both_sides(one, other):
    slips = fuzzy.distance(one, other)
    assert slips == fuzzy.distance(other, one)
    assert abs(len(one) - len(other)) <= slips <= max(len(one), len(other))
    assert (slips == 0) == (one == other)
