"""What cross-validated scores catch, as a curve and at the thresholds, beside what is wanted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

# False alarms among ordinary names, at most, and what a prototype of ours caught at each (percent,
# development split, 5 folds by target, before the tables have their say).
CAPS = (0.1, 0.25, 0.5, 1.0, 2.0, 3.0, 5.0)
PROTOTYPE = (62.5, 66.6, 71.5, 78.6, 86.7, 90.4, 92.7)
# What is wanted on names held out, and what beyond that (percent).
Shares = dict[tuple[str, str], float]
WANTED: dict[tuple[str, str], tuple[float, float]] = {
    ("refused", "squats"): (65, 70),
    ("refused", "ordinary"): (0.7, 0.5),
    ("refused", "hard"): (4.5, 3),
    ("refused or held", "squats"): (86, 90),
    ("refused or held", "ordinary"): (3, 3),
    ("refused or held", "hard"): (20, 15),
}


def recalls(squats: Sequence[float], honest: Sequence[float]) -> list[float]:
    """The percent of squats that score more than all but so many honest names, for each cap."""
    strictest_first = sorted(honest, reverse=True)
    spared = [strictest_first[int(cap / 100 * len(honest))] for cap in CAPS]
    return [percent(score > limit for score in squats) for limit in spared]


def percent(flagged: Iterable[bool]) -> float:
    """How many of a hundred are."""
    found = list(flagged)
    return 100 * sum(found) / len(found)


def curve(deals: Sequence[Sequence[float]]) -> Iterator[str]:
    """A line for the caps, for each deal of folds, for their mean and for the prototype."""
    yield _line("false alarms", CAPS, 2)
    for place, deal in enumerate(deals, 1):
        yield _line(f"deal {place}", deal)
    yield _line("mean", [sum(some) / len(deals) for some in zip(*deals, strict=True)])
    yield _line("prototype", PROTOTYPE)


def at_thresholds(deals: Sequence[Shares]) -> Iterator[str]:
    """A line for each figure that is wanted: by deal, their mean, the bar and what is beyond."""
    for (what, names), (bar, beyond) in WANTED.items():
        shares = [deal[what, names] for deal in deals]
        limit = "least" if names == "squats" else "most"
        figures = _line(f"{what}: {names}", [*shares, sum(shares) / len(shares)], 2)
        yield f"{figures}  at {limit} {bar:g}, beyond that {beyond:g}"


def _line(label: str, figures: Iterable[float], places: int = 1) -> str:
    return f"{label:26}" + "".join(f"{figure:8.{places}f}" for figure in figures)
