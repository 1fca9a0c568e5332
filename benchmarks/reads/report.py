"""The tables, as they are printed and kept in docs/performance.md."""

from __future__ import annotations

import os
import platform
import re
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

from benchmarks.reads.results import COLUMNS, Results
from benchmarks.table import Row

START, END = "<!-- bin/bench: start -->", "<!-- bin/bench: end -->"


def report(results: Results, rows: Sequence[Row], command: str) -> str:
    """Everything, in Markdown."""
    parts = [introduction(command), figures(results), targets(rows)]
    return "\n\n".join(part for part in parts if part)


def introduction(command: str) -> str:
    day = time.strftime("%-d %B %Y, %H:%M UTC", time.gmtime())
    return (
        f"Made by `{command}` on {day}, on {machine()}; load (wrk, one thread, 32 connections) and"
        " server together. Requests per second, with the latency of half and of 99 % of the"
        " requests in milliseconds; `-` where the server does not offer it."
    )


def machine() -> str:
    """Cores, memory, Python."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"{_processor()} with {os.cpu_count()} cores, {memory:.0f} GB,"
        f" Python {platform.python_version()}"
    )


def _processor() -> str:
    path = Path("/proc/cpuinfo")
    found = re.search(r"^model name\s*: (.*)$", path.read_text() if path.exists() else "", re.M)
    return found[1].strip() if found else platform.machine()


def figures(results: Results) -> str:
    """A line for each work, a column for each contestant."""
    names = [name for name in COLUMNS if any(key[1] == name for key in _known(results))]
    lines = [["", *names]] + [
        [title, *(cell(results, title, name) for name in names)] for title in results.titles
    ]
    if results.uploads:
        lines.append(["upload, 4 clients", *(_upload(results, name) for name in names)])
    return table(lines)


def _known(results: Results) -> Iterable[tuple[str, str]]:
    return (*results.figures, *(("upload", name) for name in results.uploads))


def cell(results: Results, title: str, name: str) -> str:
    measured = results.figures.get((title, name))
    if measured is None:
        return "-"
    if measured.errors:
        return f"**failed**: {measured.errors} errors"
    return f"{number(measured.rate)} ({number(measured.p50)} / {number(measured.p99)})"


def _upload(results: Results, name: str) -> str:
    return number(results.uploads[name]) if name in results.uploads else "-"


def number(value: float) -> str:
    """Three digits say enough."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def targets(rows: Sequence[Row]) -> str:
    if not rows:
        return ""
    lines = [["target", "measured", "wanted", ""]]
    lines += [[row.what, row.value, row.target, "met" if row.met else "**missed**"] for row in rows]
    return table(lines)


def table(lines: Sequence[Sequence[str]]) -> str:
    head, *rest = lines
    rule = ["---"] * len(head)
    return "\n".join(f"| {' | '.join(line)} |" for line in (head, rule, *rest))


def keep(path: Path, text: str) -> None:
    """Replace what stands between the two marks of the page.  Raises `ValueError` without them."""
    page = path.read_text()
    before, start, rest = page.partition(START)
    _, end, after = rest.partition(END)
    if not (start and end):
        raise ValueError(f"{path} has no lines {START} and {END}.")
    path.write_text(f"{before}{START}\n\n{text}\n\n{END}{after}")
