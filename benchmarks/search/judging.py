"""How good the answers are: mean reciprocal rank, and recall among the first ten."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from benchmarks.search.corpus import HERE, rows
from search import queries, suggestions

TARGETS = {"exact": 0.85, "prefix": 0.85, "misspelt": 0.85, "descriptive": 0.6}


@dataclass(frozen=True)
class Judged:
    kind: str
    query: str
    expected: frozenset[str]


def judged(name: str) -> list[Judged]:
    """``tuning`` is what ranking is tuned by; ``held`` is looked at when that is done."""
    assert (HERE / f"{name}.csv").exists()
    return [
        Judged(row["kind"], row["query"], frozenset(row["expected"].split()))
        for row in rows(f"{name}.csv")
    ]


def scores(cases: Iterable[Judged]) -> dict[str, tuple[float, float, int]]:
    """MRR, recall at 10 and number of searches, by kind."""
    found: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for case in cases:
        answer = [item.normalized_name for item in queries.search(case.query, size=100).found]
        found[case.kind].append((reciprocal(answer, case), recall(answer, case)))
    return {
        kind: (mean(rank for rank, _ in each), mean(part for _, part in each), len(each))
        for kind, each in found.items()
    }


def reciprocal(answer: list[str], case: Judged) -> float:
    places = (place for place, name in enumerate(answer, 1) if name in case.expected)
    return 1 / next(places, float("inf"))


def recall(answer: list[str], case: Judged) -> float:
    wanted = min(len(case.expected), 10)
    return len(case.expected & {*answer[:10]}) / wanted


def mean(values: Iterable[float]) -> float:
    each = list(values)
    return sum(each) / len(each)


def misplaced(names: list[str]) -> list[str]:
    """Popular names that do not come first, or after an imitation of theirs while one types."""
    imitations: dict[str, set[str]] = defaultdict(set)
    for row in rows("imitations.csv"):
        imitations[row["target"]].add(row["name"])
    return [name for name in names if not _comes_first(name, imitations[name])]


def _comes_first(name: str, imitations: set[str]) -> bool:
    found = queries.search(name).found
    if not found or found[0].normalized_name != name:
        return False
    offered = [item.normalized_name for item in suggestions.suggest(name[:-1], limit=8)]
    before = offered[: offered.index(name)] if name in offered else offered
    return not imitations & {*before}
