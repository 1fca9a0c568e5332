"""From what somebody typed to results.  `search` is the door for pages, API and XML-RPC."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from django.db import connection

from packages.models import Reader
from packages.models.reader import ANYBODY
from search import compiling, cursors, facets, fuzzy, ranking, sight
from search.compiling import Compiled
from search.cursors import Place
from search.facets import Facet
from search.language import Query, Term, parse
from search.limits import limited
from search.ranking import Candidates
from search.sight import SHOWN

PAGE: Final = 20
FEW: Final = 5  # results; then names that are spelt alike are shown, too
MARKS: Final = ("\x02", "\x03")  # around words that were asked for


@dataclass(frozen=True)
class Found:
    """One result; `highlighted` is the summary with the words asked for between `MARKS`."""

    project_id: int
    name: str
    normalized_name: str
    version: str
    summary: str
    updated_at: datetime
    status: str
    downloads: int
    highlighted: str


@dataclass(frozen=True)
class Results:
    """A page of results.  `count` goes up to `ranking.MOST`; there may be `more` than that.

    `meant` is the name of a project that may have been meant; `cursor` is of the next page.
    """

    found: tuple[Found, ...] = ()
    count: int = 0
    more: bool = False
    meant: str = ""
    facets: tuple[Facet, ...] = ()
    cursor: str = ""


def search(  # noqa: PLR0913 - what a page may ask, by keyword
    text: str,
    *,
    classifiers: Sequence[str] = (),
    order: str = cursors.RELEVANCE,
    cursor: str = "",
    size: int = PAGE,
    with_facets: bool = False,
    strictly: bool = False,
    reader: Reader = ANYBODY,
) -> Results:
    """Projects for `text`: the exact name, then names that begin so, then words by weight.

    All projects, the most popular first, for no text.  `classifiers` narrow the search; `order` is
    one of `cursors.ORDERS`; `strictly` leaves out what has not all words or is spelt otherwise;
    `reader` is who looks.  Raises `InvalidQuery`, `InvalidCursor`, `TookTooLong`.
    """
    query = _narrowed(parse(text), classifiers)
    place = cursors.read(cursor, order)
    with limited():
        compiled = compiling.compile_query(query, sight.of(reader))
        candidates = ranking.candidates(compiled)
        candidates, alike = (candidates, {}) if strictly else _widened(compiled, candidates)
        every = replace(candidates, scores={**candidates.scores, **alike})
        keys, after = _page(compiled, every, place, size)
        counts = facets.of(every.scores, compiled.sight) if with_facets else []
        found = _fetch(keys, compiled)
    return Results(
        found=found,
        count=len(every.scores),
        more=not candidates.complete,
        meant=_meant(alike, found),
        facets=tuple(counts),
        cursor=after,
    )


def _narrowed(query: Query, classifiers: Iterable[str]) -> Query:
    more = tuple((Term(value, "classifier", phrase=True),) for value in classifiers if value)
    return replace(query, groups=query.groups + more)


def _widened(compiled: Compiled, strict: Candidates) -> tuple[Candidates, dict[int, float]]:
    """Where little was found: what has some of the words, and names spelt almost so."""
    if len(strict.scores) >= FEW:
        return strict, {}
    loose = _loosened(compiled, strict)
    return loose, _alike(compiled, loose)


def _loosened(compiled: Compiled, strict: Candidates) -> Candidates:
    if compiled.single or not compiled.every:
        return strict
    loose = ranking.candidates(compiled, some=True)
    lowest = min(strict.scores.values(), default=1.0)
    below = {
        key: score / 1000 * lowest
        for key, score in loose.scores.items()
        if key not in strict.scores
    }
    return replace(loose, scores={**strict.scores, **below})


def _alike(compiled: Compiled, candidates: Candidates) -> dict[int, float]:
    """Names spelt almost so, where little was found and none of that name."""
    named = any(score >= ranking.PREFIX / 10 for score in candidates.scores.values())
    asked = compiled.filters or compiled.phrased or compiled.start or compiled.end
    if named or asked or not compiled.key:
        return {}
    near = fuzzy.near(compiled.key, compiled.sight)
    return {key: ranking.JOINED - place / 100 for place, key in enumerate(near)}


def _meant(alike: dict[int, float], found: tuple[Found, ...]) -> str:
    best = next(iter(alike), None)
    return next((item.name for item in found if item.project_id == best), "")


def _page(
    compiled: Compiled, candidates: Candidates, place: Place, size: int
) -> tuple[list[int], str]:
    if place.order == cursors.RELEVANCE:
        ranked = sorted(candidates.scores.items(), key=lambda item: (-item[1], item[0]))
        return cursors.cut([(score, key) for key, score in ranked], place, size)
    return cursors.cut(cursors.ordered(compiled, candidates, place, size), place, size)


_FETCH: Final = f"""
    select project_id, name, normalized_name, version, summary, updated_at, status, downloads,
        ts_headline('english', summary, %(some)s::tsquery,
            'HighlightAll=true, StartSel="\x02", StopSel="\x03"')
    from search_searchdocument where project_id = any(%(keys)s) and {SHOWN}
"""  # noqa: S608 - made of our own constants


def _fetch(keys: list[int], compiled: Compiled) -> tuple[Found, ...]:
    with connection.cursor() as cursor:
        parameters = {"some": compiled.some, "keys": keys, **compiled.sight.parameters}
        cursor.execute(compiled.sight.apply(_FETCH), parameters)
        rows = {row[0]: Found(*row) for row in cursor.fetchall()}
    return tuple(rows[key] for key in keys if key in rows)
