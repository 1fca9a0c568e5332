"""Our rules for what stands in archives, in YARA's language, and the engine that knows them.

Each rule names in its metadata the policy that it serves (`policy`), how grave it is (`severity`:
low, medium, high), one sentence for people (`sentence`) and, where the pattern alone says too
little, a check in Python (`confirm`, see `moderation.scanning.confirmations`).
"""

from __future__ import annotations

import hashlib
import threading
from functools import cache
from pathlib import Path

import yara_x

FOLDER = Path(__file__).parent
# Which files are for which kind of member.
SOURCES = ("obfuscation.yar", "addresses.yar")
FAMILIES = {"source": SOURCES, "build": (*SOURCES, "building.yar"), "program": ("programs.yar",)}
MOST_MATCHES = 1000  # of one pattern in one member; with more it counts as unseen

_own = threading.local()


@cache
def compiled(family: str) -> yara_x.Rules:
    """The rules of a family, compiled once for each process (some 30 ms)."""
    compiler = yara_x.Compiler()
    for name in FAMILIES[family]:
        compiler.add_source((FOLDER / name).read_text())
    return compiler.build()


@cache
def version() -> str:
    """Changes whenever a rule does."""
    texts = [path.read_bytes() for path in sorted(FOLDER.glob("*.yar"))]
    return hashlib.sha256(b"".join(texts)).hexdigest()[:16]


def scanner(family: str) -> yara_x.Scanner:
    """The scanner of a family: each thread has its own."""
    scanners: dict[str, yara_x.Scanner] = _own.__dict__
    if family not in scanners:
        scanners[family] = _scanner(family)
    return scanners[family]


def _scanner(family: str) -> yara_x.Scanner:
    made = yara_x.Scanner(compiled(family))
    made.max_matches_per_pattern(MOST_MATCHES)
    # Seconds for one member.  The engine counts beats of a second: 1 could be over at once.
    made.set_timeout(3)
    return made
