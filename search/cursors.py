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

from django.db import connection
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
# To gather a match takes some 4 us, to unpack a row on the way some 6.  So of M matches among N
# rows a page of 21 is had sooner on the way if M * M is above 6 / 4 * 21 * N.
GATHERING: Final = 32
MOST_GATHERED: Final = 10_000  # matches, however many the planner expected


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

    A broad word is walked along the index of the order, where its next match is never far; of a
    rarer one, or of a short period, the matches are gathered and sorted.  What had to be looked
    into is as it was found.
    """
    looked_into = compiled.all and (compiled.phrased or not compiled.positive)
    if looked_into or candidates.complete:
        found = SearchDocument.objects.filter(pk__in=list(candidates.scores))
        return _walked(found, place, size)
    matching = _matching(compiled)
    if _is_broad(matching, _along(compiled, place.order)):
        return _walked(matching, place, size)
    return _gathered(compiled, place, size)


_MATCHES: Final = "vector @@ %s::tsquery"


def _matching(compiled: Compiled) -> QuerySet[SearchDocument]:
    documents = _dated(compiled)
    return documents.filter(_holds(_MATCHES, compiled.all)) if compiled.all else documents


def _expected(documents: QuerySet[SearchDocument]) -> int:
    """How many rows the planner expects: it counts the words that are common."""
    plan = json.loads(documents.values_list("pk").order_by().explain(format="json"))
    return int(plan[0]["Plan"]["Plan Rows"])


def _along(compiled: Compiled, order: str) -> QuerySet[SearchDocument]:
    """The rows that are passed on the way; by date these are of the period only."""
    return _dated(compiled) if order == "updated" else SearchDocument.objects.all()


def _is_broad(matching: QuerySet[SearchDocument], along: QuerySet[SearchDocument]) -> bool:
    return _expected(matching) ** 2 > GATHERING * _expected(along)


def _dated(compiled: Compiled) -> QuerySet[SearchDocument]:
    documents = SearchDocument.objects.filter(compiled.sight.rows)
    if compiled.start:
        documents = documents.filter(updated_at__gte=compiled.start)
    if compiled.end:
        documents = documents.filter(updated_at__lt=compiled.end)
    return documents


def _walked(documents: QuerySet[SearchDocument], place: Place, size: int) -> list[tuple[Any, int]]:
    column, descending = COLUMNS[place.order]
    if place.value is not None:
        documents = documents.filter(_holds(_after(place.order), place.value, place.key))
    sign = "-" if descending else ""
    rows = documents.order_by(f"{sign}{column}", f"{sign}project")
    return list(rows.values_list(column, "pk")[: size + 1])


def _after(order: str) -> str:
    column, descending = COLUMNS[order]
    return f"({column}, project_id) {'<' if descending else '>'} (%s, %s)"


def _holds(condition: str, *values: Any) -> RawSQL:
    """A condition that the ORM has no words for; the text is ours, values are parameters."""
    return RawSQL(condition, values, BooleanField())  # noqa: S611


_GATHERED: Final = """
    select {column}, project_id from (
        select {column}, project_id from search_searchdocument
        where (%(all)s = '' or vector @@ %(all)s::tsquery) and {seen}
        and (%(start)s::timestamptz is null or updated_at >= %(start)s)
        and (%(end)s::timestamptz is null or updated_at < %(end)s) limit %(most)s
    ) as gathered where %(begins)s or ({column}, project_id) {beyond} (%(value)s, %(key)s)
    order by {column} {direction}, project_id {direction} limit %(size)s
"""


def _gathered(compiled: Compiled, place: Place, size: int) -> list[tuple[Any, int]]:
    column, descending = COLUMNS[place.order]
    statement = _GATHERED.format(
        column=column,
        seen=compiled.sight.seen,
        beyond="<" if descending else ">",
        direction="desc" if descending else "asc",
    )
    parameters = {
        "all": compiled.all,
        "start": compiled.start,
        "end": compiled.end,
        "most": MOST_GATHERED,
        "begins": place.value is None,
        "value": place.value,
        "key": place.key,
        "size": size + 1,
        **compiled.sight.parameters,
    }
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return list(cursor.fetchall())
