"""ZIP archives, byte by byte: every record where it should be, and nothing between the records.

Python's zipfile forgives data before, between and after the records, duplicate names and headers
that contradict each other; other readers forgive other things, so that one file can be several
archives. Here the local headers must tile the file from its first byte to the central directory.
"""

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from packages.uploads.archives import paths, zip_directory, zip_entries
from packages.uploads.archives.budget import Budget
from packages.uploads.archives.zip_entries import DEFLATED, STREAMED, TOO_LARGE, UTF8, Entry
from packages.uploads.findings import Finding, Unreadable, quoted, refuse
from packages.uploads.rules import Rules

CHUNK = 64 * 1024
MOST_OUTPUT = 256 * 1024

_LOCAL = struct.Struct("<4s5H3L2H")
_SIGNATURE = b"PK\x03\x04"
_DESCRIPTOR_SIGNATURE = b"PK\x07\x08"


class CorruptMember(Unreadable):
    """A member whose data cannot be read; the other members can."""


@dataclass(frozen=True, slots=True)
class Stored:
    """A member and the place where its data starts."""

    entry: Entry
    start: int


def read_members(file: BinaryIO, file_size: int, rules: Rules) -> list[Stored]:
    """The members in the order of the file, their local headers checked."""
    directory = zip_directory.find(file, file_size)
    if directory.entries > rules.members or directory.size > rules.record_size:
        raise Unreadable(
            "too-many-members",
            f"The archive has more than {rules.members} members, or names of more than"
            f" {rules.record_size} bytes; leave files out.",
        )
    entries = sorted(zip_entries.read(file, directory), key=lambda entry: entry.offset)
    return list(_tiled(file, entries, directory.offset))


def _tiled(file: BinaryIO, entries: list[Entry], end: int) -> Iterator[Stored]:
    """Check that the local headers and data follow each other without gap or overlap."""
    first = entries[0].offset if entries else end
    if first:
        raise Unreadable(
            "zip-leading-data",
            "The archive has data before its first member; upload the wheel as it was built.",
        )
    ends = [*(entry.offset for entry in entries[1:]), end]
    for entry, following in zip(entries, ends, strict=bool(entries)):
        yield _check_local(file, entry, following)


def _check_local(file: BinaryIO, entry: Entry, following: int) -> Stored:
    file.seek(entry.offset)
    header = file.read(_LOCAL.size)
    if len(header) < _LOCAL.size or not header.startswith(_SIGNATURE):
        raise _mismatch(entry, "lies")
    _, _, flags, method, _, _, crc, compressed, size, name_length, extra_length = _LOCAL.unpack(
        header
    )
    name = file.read(name_length)
    extra = zip_entries.extras(file.read(extra_length))
    if name != entry.raw_name or method != entry.method or (flags ^ entry.flags) & (UTF8 | 1):
        raise _mismatch(entry, "is named or packed")
    compressed, size = _local_sizes(extra.get(zip_entries.ZIP64_EXTRA), compressed, size)
    _check_sizes(entry, streamed=bool(flags & STREAMED), local=(crc, compressed, size))
    start = entry.offset + _LOCAL.size + name_length + extra_length
    _check_gap(file, entry, start + entry.compressed, following, streamed=bool(flags & STREAMED))
    return Stored(entry, start)


def _mismatch(entry: Entry, what: str) -> Unreadable:
    return Unreadable(
        "zip-header-mismatch",
        f"The member {quoted(entry.name)} {what} differently in its own header than in the central"
        " directory, so readers disagree about it; build the wheel again.",
    )


def _local_sizes(zip64: bytes | None, compressed: int, size: int) -> tuple[int, int]:
    """The sizes in a local header; its ZIP64 field holds both, the unpacked one first."""
    if zip64 is not None and len(zip64) >= 16 and TOO_LARGE in (compressed, size):
        size, compressed = struct.unpack_from("<QQ", zip64)
    return compressed, size


def _check_sizes(entry: Entry, *, streamed: bool, local: tuple[int, int, int]) -> None:
    """Writers of streams leave zeros and put the numbers behind the data."""
    central = (entry.crc, entry.compressed, entry.size)
    left_open = all(a in (0, b) for a, b in zip(local, central, strict=True))
    if local != central and not (streamed and left_open):
        raise _mismatch(entry, "is sized")


def _check_gap(
    file: BinaryIO, entry: Entry, data_end: int, following: int, *, streamed: bool
) -> None:
    """Between a member's data and the next header lies its data descriptor, or nothing."""
    gap = following - data_end
    if gap < 0:
        raise Unreadable(
            "zip-overlap",
            f"The data of the member {quoted(entry.name)} overlaps what follows it; build the wheel"
            " again.",
        )
    if gap == 0 and not streamed:
        return
    file.seek(data_end)
    if not streamed or file.read(min(gap, 32)) not in _descriptors(entry):
        raise Unreadable(
            "zip-hidden-data",
            f"The archive has data after the member {quoted(entry.name)} that belongs to no"
            " member; build the wheel again.",
        )


def _descriptors(entry: Entry) -> list[bytes]:
    """The four forms in which writers put checksum and sizes behind the data."""
    forms = [struct.pack("<LQQ", entry.crc, entry.compressed, entry.size)]
    if max(entry.compressed, entry.size) <= TOO_LARGE:
        forms.append(struct.pack("<LLL", entry.crc, entry.compressed, entry.size))
    return forms + [_DESCRIPTOR_SIGNATURE + form for form in forms]


def problems(members: list[Stored]) -> Iterator[Finding]:
    """Everything wrong with the members, as far as the headers tell."""
    for member in members:
        yield from zip_entries.problems(member.entry)
    names = [member.entry.name for member in members]
    for name in paths.duplicates(names):
        yield refuse(
            "duplicate-member",
            f"The member {quoted(name)} is there twice, and readers disagree which one counts;"
            " build the wheel again.",
        )
    yield from _collisions(names)


def _collisions(names: list[str]) -> Iterator[Finding]:
    for name, other in paths.collisions(name.removesuffix("/") for name in names):
        yield refuse(
            "colliding-members",
            f"The members {quoted(name)} and {quoted(other)} are one file on systems that ignore"
            " case or Unicode form; rename one.",
        )
    for name in paths.files_used_as_folders(names):
        yield refuse(
            "file-used-as-folder", f"The member {quoted(name)} is a file and a folder; rename one."
        )


def read_chunks(file: BinaryIO, member: Stored, budget: Budget) -> Iterator[bytes]:
    """Unpack a member piece by piece; its size and checksum must come out as announced."""
    crc = size = 0
    for chunk in _unpacked(file, member):
        budget.spend(len(chunk))
        size += len(chunk)
        crc = zlib.crc32(chunk, crc)
        if size > member.entry.size:
            break
        yield chunk
    if (size, crc) != (member.entry.size, member.entry.crc):
        raise _corrupt(member.entry)


def read_bytes(file: BinaryIO, member: Stored, limit: int, budget: Budget) -> bytes:
    """A small member as a whole; raise Unreadable if it is not small."""
    collected = bytearray()
    for chunk in read_chunks(file, member, budget):
        collected += chunk
        if len(collected) > limit:
            raise CorruptMember(
                "metadata-too-large",
                f"The member {quoted(member.entry.name)} has more than {limit} bytes; shorten it.",
            )
    return bytes(collected)


def _corrupt(entry: Entry) -> CorruptMember:
    return CorruptMember(
        "corrupt-member",
        f"The data of the member {quoted(entry.name)} is damaged or has another size or checksum"
        " than announced; build the wheel again.",
    )


def _unpacked(file: BinaryIO, member: Stored) -> Iterator[bytes]:
    packed = _packed(file, member)
    if member.entry.method != DEFLATED:
        yield from packed
        return
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        for block in packed:
            yield inflater.decompress(block, MOST_OUTPUT)
            while inflater.unconsumed_tail:
                yield inflater.decompress(inflater.unconsumed_tail, MOST_OUTPUT)
            if inflater.unused_data:
                raise _corrupt(member.entry)
        while chunk := inflater.decompress(b"", MOST_OUTPUT):
            yield chunk
    except zlib.error:
        raise _corrupt(member.entry) from None
    if not inflater.eof:
        raise _corrupt(member.entry)


def _packed(file: BinaryIO, member: Stored) -> Iterator[bytes]:
    file.seek(member.start)
    left = member.entry.compressed
    while left and (block := file.read(min(CHUNK, left))):
        left -= len(block)
        yield block
