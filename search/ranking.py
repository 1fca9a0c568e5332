"""The best candidates for a search, in order.

A broad word matches most of a large index, and to rank all of it takes seconds.  So the most
popular tier is asked first, by small indexes of its own, and the next one only while too few were
found: what is left out matches no better and is less used than hundreds that stand in the list.
Rare words, exact names and quoted phrases fall through to the whole.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from django.db import connection

from search import popularity
from search.compiling import Compiled

MOST: Final = 500  # results of one search, facets and pages counted over them
ENOUGH: Final = 200  # candidates, for the next tier not to be asked
A_PAGE: Final = 20  # of a phrase: every row that has its words must be unpacked to look at it
TIERS: Final = (0, 1, 2)
LIMITS: Final = {"names": 100, "heads": 300, "texts": 200, "matches": 20_000}
EXACT, SAME, PREFIX, JOINED = 1000.0, 500.0, 10.0, 1.0

_DATES: Final = """
    (%(start)s::timestamptz is null or updated_at >= %(start)s)
    and (%(end)s::timestamptz is null or updated_at < %(end)s)
"""
_FILTER: Final = f"(%(filters)s = '' or vector @@ %(filters)s::tsquery) and {_DATES}"
# What begins so is narrowed after it was cut: to look into every row that begins with "p" is slow.
_NAMES: Final = f"""
    (select project_id from search_searchdocument where normalized_name = %(name)s and {_FILTER})
    union
    (select project_id from (
        select project_id, vector, updated_at from search_searchdocument
        where tier <= %(tier)s and key <> '' and %(key)s <> '' and key like %(key)s || '%%'
        order by prior desc limit %(names)s
    ) as beginning where {_FILTER})
"""  # noqa: S608 - made of our own constants


def _matching(column: str, query: str, limit: str) -> str:
    """The most popular matches; of more than anybody could want, some."""
    return f"""
    (select project_id from (
        select project_id, prior from search_searchdocument
        where tier <= %(tier)s and {column} @@ %({query})s::tsquery and {_DATES} limit %(matches)s
    ) as matching order by prior desc limit %({limit})s)
    """  # noqa: S608 - made of our own constants


_HEADS: Final = _matching("head", "every", "heads")
_TEXTS: Final = _matching("vector", "all", "texts")
_FILTERED: Final = _matching("vector", "all", "heads")
# What has none of something: any row is likely to do, so the popular ones are looked at in turn.
_WITHOUT: Final = f"""
    (select project_id from search_searchdocument where vector @@ %(all)s::tsquery and {_DATES}
    order by prior desc limit %(texts)s)
"""  # noqa: S608 - made of our own constants
# How well a row answers: its name decides, then its words, weighed by what it is worth.
_SCORE: Final = """
    case when normalized_name = %(name)s then %(exact)s
         when key = %(key)s then %(same)s * standing
         when %(key)s <> '' and key like %(key)s || '%%'
             then %(prefix)s * standing * (0.1 + prior) else 0 end
    + standing * (%(unranked)s + case when %(rank)s = '' then 0
        else ts_rank(%(weights)s::float4[], coalesce(head, ''), %(rank)s::tsquery, %(normal)s) end)
        * (%(least)s + prior)
"""
# Found by search/tuning (benchmarks/search) on its half of the judged searches.
WEIGHTS: Final[dict[str, Any]] = {
    "weights": [0.05, 0.1, 0.5, 1.0],  # D, C, B, A
    "normal": 1,  # by the logarithm of the length
    "unranked": 0.01,
    "least": 0.2,
}


def _scored(found: str) -> str:
    return f"""
    {found}
    select project_id, {_SCORE} as score from found
    join search_searchdocument using (project_id)
    order by score desc, project_id limit %(most)s
    """  # noqa: S608 - made of our own constants


# Descriptions are looked through only where names and summaries did not say enough.
_WORDS: Final = _scored(f"""
    with named as ({_NAMES}), headed as materialized ({_HEADS}), found as (
        select project_id from named union select project_id from headed union
        select project_id from {_TEXTS} as texts
        where (select count(*) from headed) < %(enough)s
    )
""")  # noqa: S608 - made of our own constants
_NARROWED: Final = _scored(f"with found as ({_NAMES} union {_FILTERED})")
_BY_FILTER: Final = _scored(f"with found as ({_FILTERED})")
_BY_ABSENCE: Final = _scored(f"with found as ({_WITHOUT})")
_ANYTHING: Final = f"""
    select project_id, prior from search_searchdocument where {_DATES}
    order by prior desc, project_id desc limit %(most)s
"""  # noqa: S608 - made of our own constants


@dataclass(frozen=True)
class Candidates:
    """Keys with their scores, best first; `complete` if there are no others."""

    scores: dict[int, float]
    complete: bool
    tier: int = TIERS[-1]


def candidates(compiled: Compiled, *, some: bool = False) -> Candidates:
    """The best rows for a search; with `some`, rows that have any of its words."""
    if not compiled.all:
        return _anything(compiled)
    statement = _statement(compiled)
    for tier in tiers():
        scores = _run(statement, _parameters(compiled, tier, some=some))
        if len(scores) >= (A_PAGE if compiled.phrased else ENOUGH):
            break
    return Candidates(scores, len(scores) < ENOUGH and tier == TIERS[-1], tier)


def _statement(compiled: Compiled) -> str:
    if not compiled.positive:
        return _BY_ABSENCE
    if not compiled.every:
        return _BY_FILTER
    return _NARROWED if compiled.filters else _WORDS


def tiers() -> tuple[int, ...]:
    """Those worth asking one after the other; a small index has only one."""
    return TIERS if popularity.current_scale().floor_0 > 0 else TIERS[-1:]


def _anything(compiled: Compiled) -> Candidates:
    scores = _run(_ANYTHING, _parameters(compiled, TIERS[-1]))
    return Candidates(scores, len(scores) < MOST)


def _run(statement: str, parameters: dict[str, Any]) -> dict[int, float]:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return dict(cursor.fetchall())


def _parameters(compiled: Compiled, tier: int, *, some: bool = False) -> dict[str, Any]:
    words = compiled.some if some else compiled.every
    both = " & ".join(f"({part})" for part in (words, compiled.filters) if part)
    return {
        "tier": tier,
        "every": words,
        "all": both,
        "rank": words,
        "filters": compiled.filters,
        "name": compiled.name,
        "key": "" if some else compiled.key,
        "start": compiled.start,
        "end": compiled.end,
        "exact": EXACT,
        "same": SAME,
        "prefix": PREFIX if compiled.single else JOINED,
        "most": MOST,
        "enough": ENOUGH,
        **LIMITS,
        **WEIGHTS,
    }
