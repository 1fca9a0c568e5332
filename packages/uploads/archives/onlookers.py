"""Whoever wants to see members while an archive is read once, instead of reading it again."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from packages.uploads.archives.members import walk
from packages.uploads.rules import Rules


class Onlooker(Protocol):
    """Told of every file of an archive, in the archive's order."""

    def wants(self, name: str, size: int) -> int:
        """How many bytes of the member's beginning to show; 0 for none."""

    def saw(self, name: str, size: int, data: bytes) -> None:
        """Take what was wanted, or all there is if that is less."""

    def missed(self, name: str) -> None:
        """Learn that there was no time for this member (or archive), and for any after it."""


class Tap:
    """Collects what an onlooker wants of one member while its pieces pass by."""

    def __init__(self, onlooker: Onlooker | None, name: str, size: int) -> None:
        self._onlooker, self._name, self._size = onlooker, name, size
        self._left = onlooker.wants(name, size) if onlooker else 0
        self._wanted = self._left > 0
        self._kept: list[bytes] = []

    def feed(self, piece: bytes) -> None:
        """Keep the piece, or as much of it as is still wanted."""
        if self._left > 0:
            kept = piece if len(piece) <= self._left else piece[: self._left]
            self._kept.append(kept)
            self._left -= len(kept)

    def close(self) -> None:
        """Show what was kept; to be called when the member was read without a complaint."""
        if self._wanted and self._onlooker:
            self._onlooker.saw(self._name, self._size, b"".join(self._kept))


def tapped(
    onlooker: Onlooker | None, name: str, size: int, content: Iterator[bytes]
) -> Iterator[bytes]:
    """The same content, with the onlooker looking on."""
    tap = Tap(onlooker, name, size)
    for piece in content:
        tap.feed(piece)
        yield piece
    tap.close()


def show(
    onlooker: Onlooker, path: Path, rules: Rules, *, sdist: bool, seconds: float = math.inf
) -> None:
    """Show a stored archive; what the onlooker does not want of a wheel is not unpacked.

    Ends after so many `seconds`, unpacking included, with the member that was missed.  Raises
    `Unreadable` where the archive breaks off.
    """
    end = time.monotonic() + seconds
    for member, content in walk(path, rules, sdist=sdist):
        left = onlooker.wants(member.name, member.size)
        kept = _beginning(content, left, end, whole=sdist)
        if kept is None or time.monotonic() > end:
            onlooker.missed(member.name)
            return
        if left > 0:
            onlooker.saw(member.name, member.size, kept)


def _beginning(content: Iterator[bytes], wanted: int, end: float, *, whole: bool) -> bytes | None:
    """So much of a member as is wanted, or None if the time ends; `whole` reads on to its end,
    since the next one of a tar comes after it."""
    kept = bytearray()
    if wanted <= 0 and not whole:
        return b""
    for piece in content:
        kept += piece[: max(0, wanted - len(kept))]
        if len(kept) >= wanted and not whole:
            break
        if time.monotonic() > end:
            return None
    return bytes(kept)


def together(several: list[Onlooker]) -> Onlooker | None:
    """One who looks on for all of them."""
    if len(several) < 2:
        return several[0] if several else None
    return _Crowd(several)


class _Crowd:
    """Shows each member to all."""

    def __init__(self, several: list[Onlooker]) -> None:
        self._several = several
        self._wishes: list[int] = []

    def wants(self, name: str, size: int) -> int:
        self._wishes = [each.wants(name, size) for each in self._several]
        return max(self._wishes)

    def saw(self, name: str, size: int, data: bytes) -> None:
        for each, wish in zip(self._several, self._wishes, strict=True):
            if wish > 0:
                each.saw(name, size, data[:wish])

    def missed(self, name: str) -> None:
        for each in self._several:
            each.missed(name)
