"""The end of a ZIP archive: where its central directory is, and how many members it lists."""

import struct
from dataclasses import dataclass
from typing import BinaryIO

from packages.uploads.findings import Unreadable

_END = struct.Struct("<4s4H2LH")
_LOCATOR = struct.Struct("<4sLQL")
_END64 = struct.Struct("<4sQ2H2L4Q")

_END_SIGNATURE = b"PK\x05\x06"
_LOCATOR_SIGNATURE = b"PK\x06\x07"
_END64_SIGNATURE = b"PK\x06\x06"

LONGEST_COMMENT = 0xFFFF


@dataclass(frozen=True)
class Directory:
    """Where the central directory lies and how many entries it has."""

    offset: int
    size: int
    entries: int


def find(file: BinaryIO, file_size: int) -> Directory:
    """Read the end records; nothing may come after them, and no gap lie before them."""
    end_at = file_size - _END.size
    if end_at < 0:
        raise _not_a_zip()
    file.seek(end_at)
    signature, *numbers, comment = _END.unpack(file.read(_END.size))
    if signature != _END_SIGNATURE or comment:
        raise _explain_end(file, file_size)
    disk, directory_disk, here, total, size, offset = numbers
    directory = _find64(file, end_at)
    if directory is None:
        if disk or directory_disk or here != total:
            raise _several_disks()
        return _aligned(Directory(offset, size, total), end_at)
    _must_agree(directory, total, size, offset)
    return directory


def _not_a_zip() -> Unreadable:
    return Unreadable(
        "not-a-zip", "The file is not a ZIP archive, as a wheel must be; build the wheel again."
    )


def _several_disks() -> Unreadable:
    return Unreadable(
        "zip-several-disks", "The archive is one of several volumes; build the wheel again."
    )


def _explain_end(file: BinaryIO, file_size: int) -> Unreadable:
    """Why the file does not end with an end record: a comment, trailing data, or no archive."""
    tail_at = max(0, file_size - _END.size - LONGEST_COMMENT)
    file.seek(tail_at)
    tail = file.read(_END.size + LONGEST_COMMENT)
    found = tail.rfind(_END_SIGNATURE)
    if found < 0:
        return _not_a_zip()
    if len(tail) - found >= _END.size:
        comment = int(_END.unpack_from(tail, found)[-1])
        if found + _END.size + comment == len(tail):
            return Unreadable(
                "zip-comment", "The archive ends with a comment; build the wheel without one."
            )
    return Unreadable(
        "zip-trailing-data", "The archive has data after its end; upload the file as it was built."
    )


def _find64(file: BinaryIO, end_at: int) -> Directory | None:
    """The ZIP64 end record, if there is one: it must directly precede its locator."""
    locator_at = end_at - _LOCATOR.size
    if locator_at < 0:
        return None
    file.seek(locator_at)
    signature, disk, end64_at, disks = _LOCATOR.unpack(file.read(_LOCATOR.size))
    if signature != _LOCATOR_SIGNATURE:
        return None
    if disk or disks > 1:
        raise _several_disks()
    if end64_at != locator_at - _END64.size:
        raise _zip64_abuse()
    return _read64(file, end64_at)


def _read64(file: BinaryIO, end64_at: int) -> Directory:
    file.seek(end64_at)
    signature, length, _, _, *numbers = _END64.unpack(file.read(_END64.size))
    # The length does not count the signature and itself.
    if signature != _END64_SIGNATURE or length != _END64.size - 12:
        raise _zip64_abuse()
    disk, directory_disk, here, total, size, offset = numbers
    if disk or directory_disk or here != total:
        raise _several_disks()
    return _aligned(Directory(offset, size, total), end64_at)


def _must_agree(directory: Directory, total: int, size: int, offset: int) -> None:
    """The short end record repeats the numbers of the ZIP64 one, or says "too large for me"."""
    pairs = [
        (total, directory.entries, 0xFFFF),
        (size, directory.size, 0xFFFFFFFF),
        (offset, directory.offset, 0xFFFFFFFF),
    ]
    if any(short not in (full, sentinel) for short, full, sentinel in pairs):
        raise _zip64_abuse()


def _zip64_abuse() -> Unreadable:
    return Unreadable(
        "zip64-mismatch",
        "The ZIP64 records of the archive contradict its other records; build the wheel again.",
    )


def _aligned(directory: Directory, end: int) -> Directory:
    if directory.offset + directory.size != end:
        raise Unreadable(
            "zip-hidden-data",
            "The central directory of the archive is not where the archive says, so data is hidden"
            " before or after it; build the wheel again.",
        )
    return directory
