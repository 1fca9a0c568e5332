"""Compiled modules that Python runs although nobody can read what they do."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from typing import NamedTuple

ALONE = "Compiled code has no source beside it, so nobody can read what it does."
INSTEAD = "Compiled code says that it is run in the place of the source beside it, unread."

_CACHED = re.compile(r"(?P<folder>(?:.*/)?)__pycache__/(?P<module>[^/.]+)\.[^/]*$")
_BY_HASH = 0b1  # PEP 552: Python does not ask whether the source is younger


class Unread(NamedTuple):
    """A compiled module that may be run, how grave that is, and the digest of its bytes."""

    name: str
    severity: str
    sentence: str
    digest: str


class Bytecode:
    """Collects modules of an archive, whose order is not ours: only the end tells what is alone."""

    def __init__(self) -> None:
        self._sources: set[str] = set()
        self._compiled: dict[str, tuple[str, bool]] = {}

    def note(self, name: str) -> None:
        """Take notice of a member."""
        if name.endswith(".py"):
            self._sources.add(name.removesuffix(".py"))

    def add(self, name: str, data: bytes) -> None:
        """Take a compiled module."""
        by_hash = bool(int.from_bytes(data[4:8], "little") & _BY_HASH)
        self._compiled[name] = hashlib.sha256(data).hexdigest(), by_hash

    def unread(self) -> Iterator[Unread]:
        """Python imports what stands beside the packages if there is no source, and what stands
        in `__pycache__` only if there is one."""
        for name, (digest, by_hash) in self._compiled.items():
            cached = _CACHED.fullmatch(name)
            module = cached["folder"] + cached["module"] if cached else name[: -len(".pyc")]
            if module not in self._sources:
                yield Unread(name, "low" if cached else "medium", ALONE, digest)
            elif cached and by_hash:
                yield Unread(name, "high", INSTEAD, digest)
