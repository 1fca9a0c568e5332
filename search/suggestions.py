"""While somebody types: names that begin so, and how filters go on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from django.db import connection
from django.db.models import QuerySet

from packages import insiders
from packages.models import Project, Reader
from packages.models.reader import ANYBODY
from search import filters, fuzzy, labels, language, sight, words
from search.limits import limited
from search.models import SearchDocument
from search.sight import SEEN, SHOWN, Sight

MOST: Final = 8
FUZZY_FROM: Final = 4  # letters; shorter beginnings are like everything
MOST_BEGINNINGS: Final = 20_000  # names that are compared by how popular they are
FEW: Final = 3  # names; then such that begin almost so are offered, too
# All tiers in one statement: those below are not looked at where the one above has enough.  Names
# and priors are read from the indexes; the limit inside keeps the planner from walking all
# projects by their prior for those few that begin so.
_BEST: Final = """
    select project_id, prior from (
        select project_id, prior from search_searchdocument
        where {where} and key <> '' and key like %(key)s || '%%' and {seen} limit %(most)s
    ) as begun order by prior desc, project_id limit %(limit)s
"""
_BEGINNING: Final = f"""
    with popular as materialized ({_BEST.format(where="tier <= 0", seen=SEEN)}),
    known as materialized ({
    _BEST.format(where="tier <= 1 and (select count(*) from popular) < %(limit)s", seen=SEEN)
}), others as ({
    _BEST.format(
        where="tier <= 2 and (select count(*) from popular) < %(limit)s"
        " and (select count(*) from known) < %(limit)s",
        seen=SEEN,
    )
})
    select project_id, name, normalized_name, key, summary, document.prior
    from search_searchdocument as document join (
        select project_id from popular union select project_id from known
        union select project_id from others
    ) as begun using (project_id) where {SHOWN}
    order by document.prior desc, project_id limit %(limit)s
"""  # noqa: S608 - made of our own constants
# What begins almost so: the first letter is right, and one slip is in the rest.
_ALMOST: Final = f"""
    select project_id from search_searchdocument
    where tier <= 0 and key <> '' and key like %(first)s and levenshtein_less_equal(
        left(key, %(letters)s), %(key)s, 2) <= 2 and {SEEN}
    order by levenshtein(left(key, %(letters)s), %(key)s), prior desc limit 40
"""  # noqa: S608 - made of our own constants


@dataclass(frozen=True)
class Suggestion:
    """What to type: a project's name, or the whole search with a filter completed."""

    text: str
    kind: str  # "project" or "filter"
    note: str = ""
    normalized_name: str = ""


def suggest(text: str, limit: int = MOST, *, reader: Reader = ANYBODY) -> list[Suggestion]:
    """Projects whose names begin with `text`, the most popular first, or filters to go on with."""
    text = language.clean(text)[-language.LONGEST :]
    before, _, last = text.rpartition(" ")
    with limited():
        seen = sight.of(reader)
        if completed := _filters(last, limit, reader):
            lead = f"{before} " if before else ""
            return [Suggestion(f"{lead}{item}", "filter", note) for item, note in completed]
        fields = [Suggestion(item, "filter", note) for item, note in _fields(text)]
        return (_projects(words.squash(text), limit - len(fields), seen) + fields)[:limit]


def _projects(key: str, limit: int, seen: Sight) -> list[Suggestion]:
    if not key:
        return []
    found = _beginning(key, limit, seen)
    if len(found) < FEW and len(key) >= FUZZY_FROM:
        known = {document.pk for document in found}
        found += [document for document in _almost(key, seen) if document.pk not in known]
    return [
        Suggestion(document.name, "project", document.summary, document.normalized_name)
        for document in found[:limit]
    ]


def _beginning(key: str, limit: int, seen: Sight) -> list[SearchDocument]:
    """From the most popular tier that has enough; nothing below is more popular."""
    parameters = {"key": key, "limit": limit, "most": MOST_BEGINNINGS, **seen.parameters}
    found = list(SearchDocument.objects.raw(seen.apply(_BEGINNING), parameters))
    return _with_exact(key, found, limit, seen)


def _with_exact(
    key: str, found: list[SearchDocument], limit: int, seen: Sight
) -> list[SearchDocument]:
    """The very name comes first, unless it is likelier the beginning of a far better known one."""
    exact = [document for document in found if document.key == key]
    if not exact and len(found) == limit:  # it may be among those that were cut off
        exact = list(_shown().filter(seen.rows, key=key)[:1])
    others = [document for document in found if document.key != key][: limit - len(exact)]
    known = not others or any(document.prior >= others[0].prior / 2 for document in exact)
    return exact + others if known else others + exact


def _shown() -> QuerySet[SearchDocument]:
    columns = ("name", "normalized_name", "key", "summary", "prior")
    return SearchDocument.objects.only(*columns).order_by("-prior", "project")


def _almost(key: str, seen: Sight) -> list[SearchDocument]:
    parameters = {"first": f"{key[0]}%", "letters": len(key), "key": key, **seen.parameters}
    with connection.cursor() as cursor:
        cursor.execute(seen.apply(_ALMOST), parameters)
        keys = [row[0] for row in cursor.fetchall()]
    # The most popular first, and sorting keeps that.
    documents = _shown().filter(seen.rows, pk__in=keys)
    slips = {document.pk: _slips(key, document.key) for document in documents}
    near = sorted(documents, key=lambda document: slips[document.pk])
    return [document for document in near if slips[document.pk] <= fuzzy.allowed(key)]


def _slips(typed: str, name: str) -> int:
    """Of a beginning: the next letter may be missing or one too many."""
    lengths = (len(typed) - 1, len(typed), len(typed) + 1)
    return min(fuzzy.distance(typed, name[:length]) for length in lengths)


def _filters(last: str, limit: int, reader: Reader) -> list[tuple[str, str]]:
    """``classifier:djan`` goes on with classifiers."""
    field, colon, value = last.lstrip("-").partition(":")
    field, sign = field.lower(), "-" if last.startswith("-") else ""
    if not colon:
        return []
    value = value.strip('"')
    match field:
        case "classifier" | "license":
            found = labels.like(field, value, limit)
        case "python":
            found = [version for version in reversed(filters.PYTHONS) if version.startswith(value)]
        case "owner":
            keepers = insiders.keepers_of(Project.objects.listed(reader))
            people = keepers.filter(username__istartswith=value).order_by("username")
            found = [*people.values_list("username", flat=True)[:limit]]
        case _:
            found = []
    return [(f"{sign}{field}:{_quoted(item)}", "") for item in found[:limit]]


def _fields(start: str) -> list[tuple[str, str]]:
    """``clas`` may be a name, or the beginning of a filter."""
    if len(start) < FUZZY_FROM - 1:
        return []
    fields = language.FIELDS.items()
    return [(f"{field}:", note) for field, note in fields if field.startswith(start.lower())]


def _quoted(value: str) -> str:
    return f'"{value}"' if " " in value else value
