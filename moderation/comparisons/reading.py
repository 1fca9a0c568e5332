"""Reading one side of a comparison: every member's digest, then the bytes of a few."""

from __future__ import annotations

import hashlib
import time
import tomllib
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

from moderation import members
from moderation.comparisons.values import Limits, Side
from packages.uploads.archives import entry_points
from packages.uploads.archives.members import walk
from packages.uploads.findings import Unreadable
from packages.uploads.rules import KIB, MIB, Rules

_DECLARATIONS = 512 * KIB  # larger ones are nobody's entry points
# What is stored was measured when it came; limits of a site may have shrunk since.
_GENEROUS = Rules(uncompressed_size=4096 * MIB, ratio=10_000)


class Clock:
    """Tells when the time of the whole comparison is over."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    @property
    def over(self) -> bool:
        return time.monotonic() > self._end


class _Enough(Exception):
    """A limit is reached; says in a sentence which."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A member: its name in the archive, its bytes, its SHA-256."""

    name: str
    size: int
    digest: bytes


@dataclass
class Index:
    """What an archive holds, by the paths that two releases share (`members.key`)."""

    seen: dict[str, Seen] = field(default_factory=dict)
    declarations: dict[str, bytes] = field(default_factory=dict)
    unpacked: int = 0
    remark: str = ""

    @property
    def entry_points(self) -> list[str]:
        """As `group: name = value`."""
        files = [data for key, data in self.declarations.items() if key.endswith(".txt")]
        return [line for data in files for line in entry_points.listed(data)]

    @property
    def build_requirements(self) -> list[str]:
        """What building an sdist installs first (PEP 518)."""
        try:
            project = tomllib.loads(self.declarations.get("pyproject.toml", b"").decode())
            requires = project.get("build-system", {}).get("requires", [])
        except (ValueError, AttributeError, RecursionError):
            return []
        return [str(each) for each in requires] if isinstance(requires, list) else []


def index(side: Side, limits: Limits, clock: Clock) -> Index:
    """Read the whole archive once, as far as the limits and its soundness allow."""
    found = Index()
    try:
        for member, content in walk(side.path, _GENEROUS, sdist=side.sdist):
            if len(found.seen) >= limits.members:
                raise _Enough(f"only {limits.members} members were looked at")
            pieces = _metered(content, found, limits, clock)
            _note(found, members.key(member.name, sdist=side.sdist), member.name, pieces)
    except _Enough as limit:
        found.remark = f"Of {side.filename} {limit}."
    except Unreadable as broken:
        found.remark = f"{side.filename} cannot be read to its end: {broken}"
    return found


def _metered(
    content: Iterator[bytes], found: Index, limits: Limits, clock: Clock
) -> Iterator[bytes]:
    for piece in content:
        found.unpacked += len(piece)
        if found.unpacked > limits.unpacked:
            raise _Enough(f"only {limits.unpacked} bytes were unpacked")
        if clock.over:
            raise _Enough("not everything was looked at, because the time was over")
        yield piece


def _note(found: Index, key: str, name: str, content: Iterator[bytes]) -> None:
    hasher, size, kept = hashlib.sha256(), 0, bytearray()
    declares = members.declares(key)
    for piece in content:
        hasher.update(piece)
        size += len(piece)
        if declares and size <= _DECLARATIONS:
            kept += piece
    found.seen[key] = Seen(name, size, hasher.digest())
    if declares and size <= _DECLARATIONS:
        found.declarations[key] = bytes(kept)


def texts(side: Side, wanted: Collection[str], limits: Limits, clock: Clock) -> dict[str, bytes]:
    """The bytes of the wanted members, by key; of those that are not too large, in time."""
    found: dict[str, bytes] = {}
    try:
        for member, content in walk(side.path, _GENEROUS, sdist=side.sdist):
            if clock.over or len(found) == len(wanted):
                break
            key = members.key(member.name, sdist=side.sdist)
            if key in wanted and member.size <= limits.text:
                found[key] = b"".join(content)
    except Unreadable:
        pass  # the index has said so
    return found
