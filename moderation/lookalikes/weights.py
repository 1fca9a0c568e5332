"""The learned table: small decision trees whose leaves add up to a likelihood.

Made by ``benchmarks/lookalikes/fit.py``; read here with nothing but the standard library.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
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
        total = self.start + sum(_leaf(tree, values) for tree in self.trees)
        return 1 / (1 + math.exp(-total))


def _leaf(tree: Any, values: Sequence[float]) -> Any:
    while tree.__class__ is tuple:  # faster than isinstance, and most of the work is here
        tree = tree[2] if values[tree[0]] <= tree[1] else tree[3]
    return tree


@cache
def learned() -> Weights:
    """The table that comes along."""
    table = json.loads((DATA / "weights.json").read_text())
    table["figures"], table["trees"] = tuple(table["figures"]), tuple(map(_read, table["trees"]))
    return Weights(**table)


def _read(tree: Any) -> Tree:
    """A tree as it stands in the file, where tuples are lists."""
    return (*tree[:2], _read(tree[2]), _read(tree[3])) if isinstance(tree, list) else float(tree)
