"""The best candidates for a search, in order.

A broad word matches most of a large index, and to rank all of it takes seconds.  So the most
popular tier is asked first, by small indexes of its own, and the next one only while too few were
found: what is left out matches no better and is less used than hundreds that stand in the list.
Rare words and exact names fall through to the whole.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from django.db import connection

from search import popularity, statements
from search.compiling import Compiled

MOST: Final = 500  # results of one search, facets and pages counted over them
ENOUGH: Final = 200  # candidates, for the next tier not to be asked
SPARSE: Final = 1000  # rows of a tier in a period; with fewer it is not asked by itself
A_PAGE: Final = 20  # of what must be looked into row by row
TIERS: Final = (0, 1, 2)
# Of more matches than that in a tier, these; the most popular tier has no more than the first.
MATCHES: Final = (20_000, 4_000, 4_000)
LOOKED_INTO: Final = 400  # rows; each must be unpacked
LIMITS: Final = {"names": 20_000, "beginnings": 100, "heads": 300, "texts": 200}
EXACT, SAME, PREFIX, JOINED = 1000.0, 500.0, 10.0, 1.0
# Found on the half of the judged searches that is for tuning (benchmarks/search).
WEIGHTS: Final[dict[str, Any]] = {
    "weights": [0.05, 0.1, 0.5, 1.0],  # D, C, B, A
    "normal": 1,  # by the logarithm of the length
    "unranked": 0.01,
    "least": 0.2,
}


@dataclass(frozen=True)
class Candidates:
    """Keys with their scores, best first; `complete` if there are no others."""

    scores: dict[int, float]
    complete: bool
    tier: int = TIERS[-1]


def candidates(compiled: Compiled, *, some: bool = False) -> Candidates:
    """The best rows for a search; with `some`, rows that have any of its words."""
    statement, enough = _statement(compiled)
    for tier in _tiers_of(statement, compiled):
        parameters = _parameters(compiled, tier, some=some)
        scores = _run(statement, compiled, parameters)
        # A look into rows says in how many it looked, as the score of no project.
        ended = scores.pop(0, 0) < LOOKED_INTO
        if len(scores) >= enough or (not ended and (scores or tier)):
            break
    most = ENOUGH if compiled.all else MOST
    return Candidates(scores, ended and tier == TIERS[-1] and len(scores) < most, tier)


def _statement(compiled: Compiled) -> tuple[str, int]:
    """What to ask, and how many answers of a tier are enough."""
    if not compiled.all:
        return (statements.DATED if compiled.dated else statements.ANYTHING), MOST
    if not compiled.positive:
        return (statements.DATED_WITHOUT if compiled.dated else statements.WITHOUT), ENOUGH
    if compiled.phrased:
        return statements.PHRASED, A_PAGE
    if not compiled.every:
        return statements.BY_FILTER, ENOUGH
    return (statements.NARROWED if compiled.filters else statements.WORDS), ENOUGH


def _tiers_of(statement: str, compiled: Compiled) -> tuple[int, ...]:
    """Some statements walk from the most popular project down, so they need no tiers."""
    if "%(tier)s" not in statement:
        return TIERS[-1:]
    every = tiers()
    return _worth_asking(compiled) if compiled.dated and len(every) > 1 else every


def _worth_asking(compiled: Compiled) -> tuple[int, ...]:
    """Tiers but those in which a period has hardly any rows: too few of them would match."""
    period = {"start": compiled.start, "end": compiled.end, "sparse": SPARSE}
    with connection.cursor() as cursor:
        cursor.execute(statements.IN_PERIOD, period)
        counts = dict(zip(TIERS, cursor.fetchone(), strict=False))
    return tuple(tier for tier in TIERS if counts.get(tier, SPARSE) >= SPARSE)


def tiers() -> tuple[int, ...]:
    """Those worth asking one after the other; a small index has only one."""
    return TIERS if popularity.current_scale().floor_0 > 0 else TIERS[-1:]


def _run(statement: str, compiled: Compiled, parameters: dict[str, Any]) -> dict[int, float]:
    with connection.cursor() as cursor:
        cursor.execute(compiled.sight.apply(statement), parameters)
        return dict(cursor.fetchall())


def _parameters(compiled: Compiled, tier: int, *, some: bool = False) -> dict[str, Any]:
    words = compiled.some if some else compiled.every
    return {
        "tier": tier,
        "every": words,
        "all": compiled.beside(words),
        "loose": compiled.loosely(words),
        "rank": compiled.ranked_some if some else compiled.ranked,
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
        "matches": MATCHES[tier],
        "looked_into": LOOKED_INTO,
        **LIMITS,
        **WEIGHTS,
        **compiled.sight.parameters,
    }
