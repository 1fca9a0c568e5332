"""What was measured, and what the targets make of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from benchmarks.reads.works import Work
from benchmarks.reads.wrk import Figures
from benchmarks.table import Row

NGINX, READERS, DEFAULT = "nginx, files", "Gatehouse, readers", "Gatehouse, default"
DEVPI, PYPISERVER, SIMPLE = "devpi", "pypiserver", "simple-repository-server"
PEERS = (DEVPI, PYPISERVER, SIMPLE)
OURS = (READERS, DEFAULT)
COLUMNS = (NGINX, *OURS, *PEERS)

OF_NGINX = {READERS: 0.5, DEFAULT: 0.1}
TIMES_THE_PEERS = {READERS: 75, DEFAULT: 15}
P99_MILLISECONDS = 10
NOISE = 0.9  # two measurements of the same thing differ by so much


@dataclass
class Results:
    """`figures` by title of the work and name of the contestant; `uploads` by name, a second."""

    figures: dict[tuple[str, str], Figures] = field(default_factory=dict)
    uploads: dict[str, float] = field(default_factory=dict)

    def add(self, work: Work, name: str, figures: Figures) -> None:
        self.figures[work.title, name] = figures

    @property
    def titles(self) -> list[str]:
        """Of all that anybody did, in the order in which it was measured."""
        return list(dict.fromkeys(title for title, _ in self.figures))

    def rate(self, title: str, name: str) -> float | None:
        """Requests per second; None where there are none, or some of them failed."""
        figures = self.figures.get((title, name))
        return None if figures is None or figures.errors else figures.rate

    def ratio(self, title: str, ours: str, theirs: str) -> float | None:
        mine, other = self.rate(title, ours), self.rate(title, theirs)
        return mine / other if mine and other else None


def judged(results: Results, growth: tuple[str, str] | None = None) -> Iterator[Row]:
    """The targets, one after the other; those without a measurement are left out."""
    for ours in OURS:
        yield from _beside_nginx(results, ours)
        yield from _beside_peers(results, ours)
        yield from _not_modified(results, ours)
        yield from _late(results, ours)
        yield from _growth(results, ours, growth)
    yield from _large_page(results)
    yield from _failures(results)


def _beside_nginx(results: Results, ours: str) -> Iterator[Row]:
    found = _each(results, "40 files", lambda title: results.ratio(title, ours, NGINX))
    if worst := _worst(found):
        target = OF_NGINX[ours]
        what = f"{ours}: 40-file page, of nginx's rate"
        yield Row(what, worst.text("{:.2g}"), f">= {target}", worst.value >= target)


def _beside_peers(results: Results, ours: str) -> Iterator[Row]:
    target = TIMES_THE_PEERS[ours]
    for peer in PEERS:
        found = _each(results, "40 files", lambda title: results.ratio(title, ours, peer))  # noqa: B023
        if worst := _worst(found):
            what = f"{ours}: 40-file page, times {peer}"
            yield Row(what, worst.text("{:.3g}"), f">= {target}", worst.value >= target)


def _not_modified(results: Results, ours: str) -> Iterator[Row]:
    for form in ("HTML", "JSON"):
        whole = results.rate(f"40 files, {form}, identity", ours)
        short = results.rate(f"40 files, {form}, 304", ours)
        if whole and short:
            value = f"{short / whole:.2f}"
            yield Row(f"{ours}: 304 beside 200, {form}", value, ">= 1", short >= whole)


def _late(results: Results, ours: str) -> Iterator[Row]:
    figures = _each(results, "40 files", lambda title: _p99(results, title, ours))
    if figures:
        title, value = max(figures.items(), key=lambda item: item[1])
        late = Worst(title, value)
        what, target = (
            f"{ours}: p99 of the 40-file page, 32 connections",
            f"< {P99_MILLISECONDS} ms",
        )
        yield Row(what, late.text("{:.1f} ms"), target, value < P99_MILLISECONDS)


def _p99(results: Results, title: str, ours: str) -> float | None:
    figures = results.figures.get((title, ours))
    return figures.p99 if figures else None


def _large_page(results: Results) -> Iterator[Row]:
    """As close to nginx as the small one in the same form."""
    for title in results.titles:
        size, _, rest = title.partition(" files, ")
        small = results.ratio(f"40 files, {rest}", READERS, NGINX)
        large = results.ratio(title, READERS, NGINX)
        if size != "40" and small and large:
            value = f"{large:.2f}"
            target = f">= {small * NOISE:.2f} (40 files: {small:.2f}, less noise)"
            what = f"{READERS}: {title}, of nginx's rate"
            yield Row(what, value, target, large >= small * NOISE)


def _growth(results: Results, ours: str, titles: tuple[str, str] | None) -> Iterator[Row]:
    if titles is None:
        return
    few, many = (results.rate(title, ours) for title in titles)
    if few and many:
        what = f"{ours}: {titles[1]}, beside {titles[0].rpartition('among ')[2]}"
        yield Row(what, f"{many / few:.2f}", f">= {NOISE} (noise)", many / few >= NOISE)


def _failures(results: Results) -> Iterator[Row]:
    for (title, name), figures in results.figures.items():
        if figures.errors and name in OURS:
            yield Row(f"{name}: {title}", f"{figures.errors} errors", "none", met=False)


@dataclass(frozen=True)
class Worst:
    """The measurement farthest from its target, and of what it was."""

    title: str
    value: float

    def text(self, form: str) -> str:
        return f"{form.format(self.value)} ({self.title.partition(', ')[2]})"


def _worst(found: dict[str, float]) -> Worst | None:
    return Worst(*min(found.items(), key=lambda item: item[1])) if found else None


def _each(results: Results, prefix: str, value: Callable[[str], float | None]) -> dict[str, float]:
    """The value of every full answer whose title starts like this, where there is one."""
    titles: Iterable[str] = (
        title
        for title in results.titles
        if title.startswith(f"{prefix}, ") and not title.endswith("304") and "among" not in title
    )
    found = {title: value(title) for title in titles}
    return {title: number for title, number in found.items() if number is not None}
