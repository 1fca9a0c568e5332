"""Plots as plain values: bars for each week, across in percent and up in pixels.

So bars fill the width that there is, and words keep their size on a phone.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, FLOOR, HEAD = 100.0, 140, 20
GAP = 0.2  # of the width of a week
MOST_TICKS = 4


@dataclass(frozen=True)
class Bar:
    """One bar; `tone` is its class, `label` what it says to who points at it."""

    x: float
    y: float
    width: float
    height: float
    tone: str
    label: str


@dataclass(frozen=True)
class Series:
    """Numbers by week, drawn in one tone."""

    name: str
    tone: str
    values: Sequence[float]


@dataclass(frozen=True)
class Plot:
    """Title and sentence for whoever cannot see it, bars, and the weeks below them."""

    key: str
    title: str
    description: str
    bars: list[Bar]
    ticks: list[tuple[float, str]]
    series: Sequence[Series]
    unit: str
    top: str


def plot(key: str, title: str, weeks: Sequence[str], series: Sequence[Series], unit: str) -> Plot:
    """Bars side by side for each week; the highest reaches the top."""
    most = max((value for each in series for value in each.values), default=0)
    step = WIDTH / max(len(weeks), 1)
    width = step * (1 - GAP) / len(series)
    bars = [
        _bar(each, week, number, place * step + turn * width, width, most, unit)
        for turn, each in enumerate(series)
        for place, (week, number) in enumerate(zip(weeks, each.values, strict=True))
    ]
    every = math.ceil(len(weeks) / MOST_TICKS)
    ticks = [(round(place * step, 2), weeks[place]) for place in range(0, len(weeks), every)]
    top = _counted(most, unit)
    description = (
        f"{_counted(len(weeks), 'weeks')}, at most {top} in one; the table has the numbers."
    )
    return Plot(key, title, description, bars, ticks, series, unit, top)


def _counted(number: float, unit: str) -> str:
    """The number and what it counts, which is given in the plural."""
    return f"{number:g} {unit.removesuffix('s') if number == 1 else unit}"


def _bar(
    series: Series, week: str, number: float, x: float, width: float, most: float, unit: str
) -> Bar:
    height = round((FLOOR - HEAD) * number / most, 1) if most else 0
    label = f"Week of {week}: {series.name} {_counted(number, unit)}"
    return Bar(round(x, 2), FLOOR - height, round(width, 2), height, series.tone, label)
