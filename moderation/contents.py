"""The text of one member of a stored file, for whoever looks at it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from moderation.texts import visible
from packages import storage
from packages.models import Artifact
from packages.models.file import FileType
from packages.uploads.archives.contents import Member
from packages.uploads.archives.members import walk
from packages.uploads.findings import Unreadable
from packages.uploads.rules import KIB, MIB, Rules

SHOWN = 512 * KIB  # of a text
DUMPED = 2 * KIB  # of anything else
LONGEST_LINE = 2000  # characters
_WIDTH = 16
_RULES = Rules(uncompressed_size=2048 * MIB, ratio=10_000)


@dataclass(frozen=True)
class Shown:
    """A member as lines; `cut` tells that there is more of it than is shown.

    A text has what nobody sees in it written out (``⟨U+202E⟩``); anything else is dumped as
    offset, hexadecimal digits and ASCII.
    """

    name: str
    size: int
    is_text: bool
    lines: tuple[str, ...]
    cut: bool


def of_member(file: Artifact, name: str) -> Shown | None:
    """The member `name`; None if the archive has none, or breaks off before it.

    Raises `FileNotFoundError` when the bytes of the file are gone.
    """
    with storage.local_copy(file.sha256) as path:
        return read(path, name, sdist=file.filetype == FileType.SDIST)


def read(path: Path, name: str, *, sdist: bool) -> Shown | None:
    """The same of the archive at `path`; no more than `SHOWN` bytes of the member are kept."""
    try:
        for member, content in walk(path, _RULES, sdist=sdist):
            if member.name == name:
                return _shown(member, _beginning(content))
    except Unreadable:
        pass
    return None


def _beginning(content: Iterator[bytes]) -> bytes:
    kept = bytearray()
    for piece in content:
        kept += piece
        if len(kept) > SHOWN:
            break
    return bytes(kept[:SHOWN])


def _shown(member: Member, data: bytes) -> Shown:
    if b"\0" in data:
        dumped = data[:DUMPED]
        return Shown(member.name, member.size, False, tuple(_dump(dumped)), member.size > DUMPED)
    lines = data.decode(errors="replace").splitlines()
    cut = member.size > len(data) or any(len(line) > LONGEST_LINE for line in lines)
    shown = tuple(visible(line[:LONGEST_LINE]) for line in lines)
    return Shown(member.name, member.size, True, shown, cut)


def _dump(data: bytes) -> list[str]:
    return [_row(at, data[at : at + _WIDTH]) for at in range(0, len(data), _WIDTH)]


def _row(at: int, data: bytes) -> str:
    text = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in data)
    return f"{at:08x}  {data.hex(' '):<47}  {text}"
