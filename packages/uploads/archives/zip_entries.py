"""The entries of a ZIP archive's central directory."""

import stat
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from packages.uploads.archives import paths
from packages.uploads.archives.zip_directory import Directory
from packages.uploads.findings import Finding, Unreadable, quoted, refuse, warn

_CENTRAL = struct.Struct("<4s6H3L5H2L")
_SIGNATURE = b"PK\x01\x02"

STORED, DEFLATED = 0, 8
ENCRYPTED = 0x0001 | 0x0040 | 0x2000
STREAMED = 0x0008
UTF8 = 0x0800

ZIP64_EXTRA = 0x0001
UNICODE_PATH_EXTRA = 0x7075
TOO_LARGE = 0xFFFFFFFF

_UNIX = 3
_DOS_DEVICE = 0x40


@dataclass(frozen=True, slots=True)
class Entry:
    """What the central directory says about a member."""

    name: str
    raw_name: bytes
    flags: int
    method: int
    crc: int
    compressed: int
    size: int
    offset: int
    mode: int
    attributes: int
    commented: bool
    unicode_name: bytes | None

    @property
    def is_folder(self) -> bool:
        """Whether the entry is a folder, which ZIP marks by a slash at the end."""
        return self.name.endswith("/")

    @property
    def readable(self) -> bool:
        """Whether the member's data is in a form that every reader knows."""
        return self.method in (STORED, DEFLATED) and not self.flags & ENCRYPTED


def read(file: BinaryIO, directory: Directory) -> Iterator[Entry]:
    """Read the central directory, which must hold its entries and nothing else."""
    file.seek(directory.offset)
    left = directory.size
    for _ in range(directory.entries):
        entry, length = _read_entry(file, left)
        left -= length
        yield entry
    if left:
        raise _broken()


def _broken() -> Unreadable:
    return Unreadable(
        "zip-broken-directory",
        "The central directory of the archive does not hold what it says; build the wheel again.",
    )


def _read_entry(file: BinaryIO, left: int) -> tuple[Entry, int]:
    header = file.read(_CENTRAL.size) if left >= _CENTRAL.size else b""
    if not header.startswith(_SIGNATURE):
        raise _broken()
    fields = _CENTRAL.unpack(header)
    _, made_by, _, flags, method, _, _, crc, compressed, size, *rest = fields
    name_length, extra_length, comment_length, disk, _, attributes, offset = rest
    length = _CENTRAL.size + name_length + extra_length + comment_length
    if length > left or disk not in (0, 0xFFFF):
        raise _broken()
    if name_length > paths.MAX_PATH_BYTES + 1:
        raise Unreadable(
            "member-path-too-long",
            f"The archive has a member whose path is longer than {paths.MAX_PATH_BYTES} bytes;"
            " shorten it.",
        )
    raw_name, extra = file.read(name_length), extras(file.read(extra_length))
    comment = file.read(comment_length)
    size, compressed, offset = _full_sizes(extra.get(ZIP64_EXTRA), size, compressed, offset)
    entry = Entry(
        name=raw_name.decode("utf-8", "surrogateescape"),
        raw_name=raw_name,
        flags=flags,
        method=method,
        crc=crc,
        compressed=compressed,
        size=size,
        offset=offset,
        mode=attributes >> 16 if made_by >> 8 == _UNIX else 0,
        attributes=attributes,
        commented=bool(comment),
        unicode_name=extra.get(UNICODE_PATH_EXTRA),
    )
    return entry, length


def extras(data: bytes) -> dict[int, bytes]:
    """The extra fields of a header by their id; the two ids that matter must not come twice."""
    found: dict[int, bytes] = {}
    # Alignment tools leave up to three bytes of padding at the end.
    while len(data) >= 4:
        kind, length = struct.unpack_from("<HH", data)
        if 4 + length > len(data) or (kind in found and kind in (ZIP64_EXTRA, UNICODE_PATH_EXTRA)):
            raise Unreadable(
                "zip-broken-extra-field",
                "The archive has a member with a broken extra field; build the wheel again.",
            )
        found[kind] = data[4 : 4 + length]
        data = data[4 + length :]
    return found


def _full_sizes(extra: bytes | None, *short: int) -> tuple[int, int, int]:
    """Size, compressed size and offset: those too large for 32 bits stand in the ZIP64 field."""
    full = list(struct.unpack_from(f"<{len(extra or b'') // 8}Q", extra or b""))
    needed = short.count(TOO_LARGE)
    # A field that nothing asks for may repeat the numbers, but not change them.
    if needed > len(full) or (not needed and full[:3] != list(short[: len(full)])):
        raise Unreadable(
            "zip64-mismatch",
            "The ZIP64 sizes of a member contradict its other sizes; build the wheel again.",
        )
    size, compressed, offset = (full.pop(0) if n == TOO_LARGE else n for n in short)
    return size, compressed, offset


def problems(entry: Entry) -> Iterator[Finding]:
    """Everything wrong with an entry, as far as the central directory tells."""
    path = paths.problem(entry.name.removesuffix("/"))
    if path:
        yield path
    for check in (_encoding, _form, _kind):
        yield from check(entry)


def _encoding(entry: Entry) -> Iterator[Finding]:
    name = quoted(entry.name)
    if not entry.raw_name.isascii() and not entry.flags & UTF8:
        yield refuse(
            "ambiguous-member-name",
            f"The name of the member {name} is not marked as UTF-8, so readers spell it"
            " differently; rename the file or build the wheel with another tool.",
        )
    if entry.unicode_name is not None and not _confirms(entry.unicode_name, entry.raw_name):
        yield refuse(
            "ambiguous-member-name",
            f"The member {name} has a second name that differs; build the wheel again.",
        )


def _confirms(field: bytes, raw_name: bytes) -> bool:
    """Whether the Info-ZIP Unicode path (version, CRC-32 of the name, name) repeats the name."""
    expected = struct.pack("<BL", 1, zlib.crc32(raw_name)) + raw_name
    return field == expected


def _form(entry: Entry) -> Iterator[Finding]:
    name = quoted(entry.name)
    if entry.flags & ENCRYPTED:
        yield refuse(
            "encrypted-member", f"The member {name} is encrypted; build the wheel without it."
        )
    if entry.method not in (STORED, DEFLATED):
        yield refuse(
            "unsupported-compression",
            f"The member {name} is compressed with method {entry.method}; use deflate, which every"
            " installer can read.",
        )
    if entry.commented:
        yield refuse(
            "member-comment", f"The member {name} has a comment; build the wheel without comments."
        )
    if entry.is_folder and entry.size:
        yield refuse(
            "folder-with-data", f"The folder {name} holds data of its own; build the wheel again."
        )


def _kind(entry: Entry) -> Iterator[Finding]:
    name = quoted(entry.name)
    kind = stat.S_IFMT(entry.mode)
    if kind == stat.S_IFLNK:
        yield refuse("symbolic-link", f"The member {name} is a symbolic link; put the file there.")
    elif kind not in (0, stat.S_IFREG, stat.S_IFDIR) or entry.attributes & _DOS_DEVICE:
        yield refuse("special-file", f"The member {name} is a device or pipe; leave it out.")
    elif kind == stat.S_IFDIR and not entry.is_folder:
        yield refuse("special-file", f"The member {name} is marked as a folder but is a file.")
    if entry.mode & (stat.S_ISUID | stat.S_ISGID):
        yield privileged(entry.name, is_folder=entry.is_folder)


def privileged(name: str, *, is_folder: bool) -> Finding:
    """A setuid or setgid bit: dangerous on a file, a trace of the build machine on a folder."""
    if is_folder:
        return warn(
            "setgid-folder", f"The folder {quoted(name)} is setgid; installers ignore that."
        )
    return refuse(
        "setuid-file",
        f"The member {quoted(name)} has a setuid or setgid bit; clear it with chmod a-s.",
    )
