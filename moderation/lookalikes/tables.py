"""What comes along: popular names, import names, names of another ecosystem, slips of the hand."""

from __future__ import annotations

import csv
import gzip
import io
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path

from moderation import stdlib
from moderation.lookalikes.index import Target

DATA = Path(__file__).parent / "data"
# As if everybody had downloaded them: everybody has the standard library.
_EVERYBODY = 1_000_000_000
_LEAST_MODULE = 4  # letters; shorter modules have every other name for a neighbour
# What people type after `pip install` when they mean something else.
_SLIPS = ("requirements-txt", "pyproject-toml", "setup-py", "setup-cfg", "python", "python3", "pip")
_SEPARATORS = re.compile(r"[-_.]+")


@cache
def popular() -> tuple[Target, ...]:
    """The popular names that come along, most downloaded first."""
    text = gzip.decompress((DATA / "popular.csv.gz").read_bytes()).decode()
    return tuple(read_popular(text))


def read_popular(text: str) -> Iterator[Target]:
    """Names from CSV with the columns ``name`` and ``downloads`` (or ``downloads_30d``)."""
    for row in csv.DictReader(io.StringIO(text)):
        downloads = row.get("downloads") or row.get("downloads_30d") or "0"
        if name := _normalized(row.get("name") or ""):
            yield Target(name, int(downloads) if downloads.isdigit() else 0)


def _normalized(name: str) -> str:
    return _SEPARATORS.sub("-", name.strip()).lower().strip("-")


@cache
def imports() -> Mapping[str, str]:
    """Module names, normalized, to the projects that bring them under another name."""
    lines = (DATA / "imports.txt").read_text().splitlines()
    return dict(line.split() for line in lines if not line.startswith("#"))


@cache
def elsewhere() -> frozenset[str]:
    """Well-known names of npm that say nothing in English."""
    lines = (DATA / "npm.txt").read_text().splitlines()
    return frozenset(line for line in lines if not line.startswith("#"))


def everywhere(names: Iterable[Target]) -> list[Target]:
    """`names`, with what every index protects: standard modules, slips of the hand.

    Sorted to the last, for what is looked at first must not differ from process to process.
    """
    given = {target.name: target for target in names}
    for module in stdlib.top_level():
        if len(module) >= _LEAST_MODULE:
            given.setdefault(module, Target(module, _EVERYBODY, "module"))
    for slip in _SLIPS:
        given.setdefault(slip, Target(slip, _EVERYBODY, "slip"))
    return sorted(given.values(), key=lambda target: (-target.downloads, target.name))
