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

READ = 4 * MIB  # of a text
SHOWN = 512 * KIB  # of it on one page
PAGE = 5000  # lines
DUMPED = 2 * KIB  # of anything else
LONGEST_LINE = 2000  # characters
_LONGEST = 4 * LONGEST_LINE + 1  # bytes that hold as many characters, and show if there are more
_WIDTH = 16
_RULES = Rules(uncompressed_size=2048 * MIB, ratio=10_000)


@dataclass(frozen=True)
class Shown:
    """A page of a member as lines, counted as the rules count them, by line feeds.

    A text has what nobody sees in it written out (``⟨U+202E⟩``); anything else is dumped as
    offset, hexadecimal digits and ASCII.  `first` is the number of the first line, `more` tells
    of further pages, `cut` of what no page shows: the ends of very long lines and texts.
    """

    name: str
    size: int
    is_text: bool
    lines: tuple[str, ...]
    cut: bool
    first: int = 1
    more: bool = False

    @property
    def last(self) -> int:
        return self.first + len(self.lines) - 1


def of_member(file: Artifact, name: str, wanted: int = 1) -> Shown | None:
    """The page of the member `name` with the line `wanted`, or its last one.

    None if the archive has no such member, or breaks off before it.

    Raises `FileNotFoundError` when the bytes of the file are gone.
    """
    with storage.local_copy(file.sha256) as path:
        return read(path, name, wanted, sdist=file.filetype == FileType.SDIST)


def read(path: Path, name: str, wanted: int = 1, *, sdist: bool) -> Shown | None:
    """The same of the archive at `path`; no more than `READ` bytes of the member are kept."""
    try:
        for member, content in walk(path, _RULES, sdist=sdist):
            if member.name == name:
                return _shown(member, _beginning(content), wanted)
    except Unreadable:
        pass
    return None


def _beginning(content: Iterator[bytes]) -> bytes:
    kept = bytearray()
    for piece in content:
        kept += piece
        if len(kept) > READ:
            break
    return bytes(kept[:READ])


def _shown(member: Member, data: bytes, wanted: int) -> Shown:
    if b"\0" in data[:SHOWN]:
        dumped = data[:DUMPED]
        return Shown(member.name, member.size, False, tuple(_dump(dumped)), member.size > DUMPED)
    first, page, more = _page(data, wanted)
    lines = [line.decode(errors="replace").removesuffix("\r") for line in page]
    cut = member.size > len(data) or any(len(line) > LONGEST_LINE for line in lines)
    shown = tuple(visible(line[:LONGEST_LINE]) for line in lines)
    return Shown(member.name, member.size, True, shown, cut, first, more)


def _page(data: bytes, wanted: int) -> tuple[int, list[bytes], bool]:
    """The page with the line `wanted`: the number of its first line, its lines, if more follow."""
    first, page, room = 1, list[bytes](), SHOWN
    for number, line in enumerate(_lines(data), 1):
        if len(page) == PAGE or len(line) > room:
            if number > wanted:
                return first, page, True
            first, page, room = number, [], SHOWN
        page.append(line)
        room -= len(line)
    return first, page, False


def _lines(data: bytes) -> Iterator[bytes]:
    """Its lines, without the ends of those that are far too long."""
    start = 0
    while start < len(data):
        end = data.find(b"\n", start)
        end = len(data) if end < 0 else end
        yield data[start : min(end, start + _LONGEST)]
        start = end + 1


def _dump(data: bytes) -> list[str]:
    return [_row(at, data[at : at + _WIDTH]) for at in range(0, len(data), _WIDTH)]


def _row(at: int, data: bytes) -> str:
    text = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in data)
    return f"{at:08x}  {data.hex(' '):<47}  {text}"
