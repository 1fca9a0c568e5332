"""Private projects in the statements of a search: hidden by key, or by each row if many are."""

from __future__ import annotations

import pytest

from packages.models import Role
from packages.models.reader import KEEPER, Reader
from search import queries, sight, suggestions
from search.models import SearchDocument
from tests.factories.people import UserFactory

pytestmark = pytest.mark.django_db
CLASSIFIED = "Classifier: Framework :: Django\n"


def seen(reader: Reader) -> set[tuple[str, ...]]:
    """What each door and order says; one element if they agree."""
    answers = [
        queries.search(text, order=order, reader=reader, with_facets=True)
        for text in ("widget", "owner:keeper", "-absent", "updated:1d", "")
        for order in ("relevance", "updated", "name", "downloads")
    ]
    names = {tuple(sorted(item.name for item in answer.found)) for answer in answers}
    assert {sum(facet.count for facet in answer.facets) for answer in answers} == {
        len(name) for name in names
    }
    offered = suggestions.suggest("widg", reader=reader)
    return names | {tuple(sorted(item.text for item in offered))}


@pytest.fixture
def pair(index):
    """One public project and a private one."""
    index("widget-open", "A widget", extra_metadata=CLASSIFIED)
    secret = index("widget-secret", "A widget", extra_metadata=CLASSIFIED)
    SearchDocument.objects.filter(project=secret).update(private=True)
    return secret


@pytest.mark.parametrize("many", [0, 1000])
def test_a_private_project_is_found_by_its_people_only_however_many_there_are(
    pair, monkeypatch, many
):
    monkeypatch.setattr(sight, "MANY", many)
    stranger, reader = UserFactory(), UserFactory()
    Role.objects.create(project=pair, user=reader, kind="reader")
    assert seen(Reader()) == seen(Reader(user=stranger.pk)) == {("widget-open",)}
    both = ("widget-open", "widget-secret")
    assert seen(Reader(user=reader.pk)) == seen(KEEPER) == {both}


def test_what_becomes_private_while_it_is_looked_for_is_not_shown(pair, monkeypatch):
    monkeypatch.setattr(sight, "_private", set)  # as it was a moment before
    assert seen(Reader()) == {("widget-open",)}
