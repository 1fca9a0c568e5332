"""Orders of results, and cursors: the place after the last result of a page.

A cursor names that result, not its number, so nothing is shown twice or missed when something is
published between two pages.
"""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db.models import BooleanField, QuerySet
from django.db.models.expressions import RawSQL

from pypi_site.lib.problems import Problem
from search.compiling import Compiled
from search.models import SearchDocument
from search.ranking import Candidates

RELEVANCE: Final = "relevance"
# The column, and whether the largest comes first.
COLUMNS: Final = {
    "updated": ("updated_at", True),
    "name": ("normalized_name", False),
    "downloads": ("downloads", True),
}
ORDERS: Final = (RELEVANCE, *COLUMNS)
BROAD: Final = 20_000  # matches that are sorted in memory; more than a tier holds


class InvalidCursor(Problem):
    """A cursor that is none of ours, or of another order."""

    code, title = "invalid-cursor", "Page not found"


@dataclass(frozen=True)
class Place:
    """Where a page begins: after the result with this value and key."""

    order: str
    value: Any = None
    key: int = 0


def read(cursor: str, order: str) -> Place:
    """Raises `InvalidCursor`; an unknown order is relevance."""
    order = order if order in ORDERS else RELEVANCE
    if not cursor:
        return Place(order)
    try:
        value, key = json.loads(base64.urlsafe_b64decode(cursor.encode()))
        return Place(order, _value(order, value), int(key))
    except (ValueError, TypeError, binascii.Error, RecursionError, OverflowError):
        raise InvalidCursor("This is no page of that search; begin at its first page.") from None


def _value(order: str, value: Any) -> Any:
    match order:
        case "updated":
            return datetime.fromisoformat(value)
        case "name" if isinstance(value, str) and value.isprintable():
            return value
        case "downloads":
            return int(value)
        case "relevance":
            return float(value)
    raise ValueError(order)


def write(value: Any, key: int) -> str:
    text = value.isoformat() if isinstance(value, datetime) else value
    return base64.urlsafe_b64encode(json.dumps([text, key]).encode()).decode()


def cut(rows: list[tuple[Any, int]], place: Place, size: int) -> tuple[list[int], str]:
    """The keys of a page, and the cursor of the next."""
    if place.order == RELEVANCE and place.value is not None:
        rows = [row for row in rows if (-row[0], row[1]) > (-place.value, place.key)]
    page = rows[:size]
    after = write(*page[-1]) if len(rows) > size else ""
    return [key for _, key in page], after


def ordered(
    compiled: Compiled, candidates: Candidates, place: Place, size: int
) -> list[tuple[Any, int]]:
    """One row more than a page, by date, name or downloads.

    What was found whole is sorted; a broad word is walked along the index of the order, where its
    next match is never far.
    """
    column, descending = COLUMNS[place.order]
    documents = _after(_matching(compiled, candidates), place)
    sign = "-" if descending else ""
    rows = documents.order_by(f"{sign}{column}", f"{sign}project")
    return list(rows.values_list(column, "pk")[: size + 1])


def _matching(compiled: Compiled, candidates: Candidates) -> QuerySet[SearchDocument]:
    documents = SearchDocument.objects.all()
    if candidates.complete:
        return documents.filter(pk__in=list(candidates.scores))
    if compiled.start:
        documents = documents.filter(updated_at__gte=compiled.start)
    if compiled.end:
        documents = documents.filter(updated_at__lt=compiled.end)
    if compiled.positive and candidates.tier > 0:
        return documents.filter(_holds(_GATHERED, compiled.all, BROAD))
    return documents.filter(_holds(_MATCHES, compiled.all)) if compiled.all else documents


_MATCHES: Final = "vector @@ %s::tsquery"
_GATHERED: Final = """
    project_id = any(array(
        select project_id from search_searchdocument where vector @@ %s::tsquery limit %s
    ))
"""


def _after(documents: QuerySet[SearchDocument], place: Place) -> QuerySet[SearchDocument]:
    if place.value is None:
        return documents
    column, descending = COLUMNS[place.order]
    condition = f"({column}, project_id) {'<' if descending else '>'} (%s, %s)"
    return documents.filter(_holds(condition, place.value, place.key))


def _holds(condition: str, *values: Any) -> RawSQL:
    """A condition that the ORM has no words for; the text is ours, values are parameters."""
    return RawSQL(condition, values, BooleanField())  # noqa: S611
