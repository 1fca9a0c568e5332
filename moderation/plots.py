"""Plots as plain values: bars for each week, in the units of an SVG of 600 by 160."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, HEIGHT, FLOOR = 600, 160, 140
GAP = 4


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
    width = (step - GAP) / len(series)
    bars = [
        _bar(each, week, number, place * step + turn * width, width, most, unit)
        for turn, each in enumerate(series)
        for place, (week, number) in enumerate(zip(weeks, each.values, strict=True))
    ]
    ticks = [(place * step, week[5:]) for place, week in enumerate(weeks) if place % 4 == 0]
    description = f"{len(weeks)} weeks, at most {most:g} {unit} in one; the table has the numbers."
    return Plot(key, title, description, bars, ticks, series, unit, f"{most:g} {unit}")


def _bar(
    series: Series, week: str, number: float, x: float, width: float, most: float, unit: str
) -> Bar:
    height = round((FLOOR - 10) * number / most, 1) if most else 0
    label = f"Week of {week}: {series.name} {number:g} {unit}"
    return Bar(round(x, 1), FLOOR - height, round(width, 1), height, series.tone, label)
