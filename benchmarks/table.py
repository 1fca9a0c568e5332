"""What a benchmark prints: the lines of a Markdown table, as docs/performance.md shows them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """A line of the table; `target` is empty where none is set."""

    what: str
    value: str
    target: str = ""
    met: bool = True


def show(rows: Iterable[Row]) -> bool:
    """Print each line as soon as it is known; returns whether every target was met."""
    print("\n| | measured | target |\n| --- | --- | --- |")
    met = True
    for row in rows:
        missed = "" if row.met else " **missed**"
        print(f"| {row.what} | {row.value} | {row.target}{missed} |", flush=True)
        met = met and row.met
    return met
