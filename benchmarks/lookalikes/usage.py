"""Count the words that packages of npm are named with, for ``data/usage.txt.gz``.

    npm pack all-the-package-names && tar xzf all-the-package-names-*.tgz
    .venv/bin/python benchmarks/lookalikes/usage.py package/names.json

Words are counted once for each name that holds them, scopes left out.  A line of the table is an
exponent in halves and the words that about 2 ** (exponent / 2) names hold.
"""

from __future__ import annotations

import argparse
import gzip
import json
import math
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from moderation.lookalikes import readings, tables

LEAST = 5  # names; a word of fewer is not usual, and squatters of other ecosystems slip, too
_SEPARATORS = re.compile(r"[-_.]+")
_WORD = re.compile(rf"(?=.*[a-z])[a-z0-9]{{2,{readings.LONGEST}}}")


def counted(names: Iterable[str]) -> Counter[str]:
    """In how many names each word stands."""
    found: Counter[str] = Counter()
    for name in names:
        found.update(set(filter(_WORD.fullmatch, _words(name))))
    return found


def _words(name: str) -> list[str]:
    return _SEPARATORS.split(name.lower().rpartition("/")[2])


def lines(found: Counter[str]) -> Iterator[str]:
    """The table's lines, the rarest words first."""
    groups: defaultdict[int, list[str]] = defaultdict(list)
    for word, count in found.items():
        if count >= LEAST:
            groups[round(2 * math.log2(count))].append(word)
    for halves in sorted(groups):
        yield f"{halves} {' '.join(sorted(groups[halves]))}\n"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", type=Path, help="JSON list of names")
    names = json.loads(parser.parse_args().names.read_text())
    text = "".join(lines(counted(names)))
    (tables.DATA / "usage.txt.gz").write_bytes(gzip.compress(text.encode(), 9, mtime=0))


if __name__ == "__main__":
    main()
