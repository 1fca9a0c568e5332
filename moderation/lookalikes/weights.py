"""The learned table: small decision trees whose leaves add up to a likelihood.

Made by ``benchmarks/lookalikes/fit.py``; read here with nothing but the standard library.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

from moderation.lookalikes.tables import DATA

# A leaf, or (place of a figure, limit, tree if it is not above the limit, tree if it is).
Tree = float | tuple[int, float, Any, Any]


@dataclass(frozen=True)
class Weights:
    """`block` and `review` are the scores from which a name is refused or looked at."""

    figures: tuple[str, ...]
    start: float
    trees: tuple[Tree, ...]
    block: float
    review: float

    def score(self, measured: Mapping[str, float]) -> float:
        """How likely the pair is a squat and its target, from 0 to 1."""
        values = [float(measured[figure]) for figure in self.figures]
        return 1 / (1 + math.exp(-self.start - self.sum_of(values)))

    @cached_property
    def sum_of(self) -> Callable[[Sequence[float]], float]:
        """Adds up the trees: one Python function, which is several times as fast as to walk them.

        Nothing gets into its source but numbers and brackets.
        """
        leaves = ", ".join(map(_source, self.trees))
        function: Callable[[Sequence[float]], float] = eval(f"lambda v: sum(({leaves},))")  # noqa: S307
        return function


def _source(tree: Any) -> str:
    if not isinstance(tree, tuple):
        return repr(float(tree))
    place, limit, below, above = tree
    return f"({_source(below)} if v[{int(place)}] <= {float(limit)!r} else {_source(above)})"


@cache
def learned() -> Weights:
    """The table that comes along."""
    table = json.loads((DATA / "weights.json").read_text())
    table["figures"], table["trees"] = tuple(table["figures"]), tuple(map(_read, table["trees"]))
    weights = Weights(**table)
    weights.score(dict.fromkeys(weights.figures, 0.0))  # put together now, while nobody waits
    return weights


def _read(tree: Any) -> Tree:
    """A tree as it stands in the file, where tuples are lists."""
    return (*tree[:2], _read(tree[2]), _read(tree[3])) if isinstance(tree, list) else float(tree)
