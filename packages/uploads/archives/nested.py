"""Archives within archives: measured as deep as they go, so that none of them is a bomb.

Scanners, mirrors and backup programs open what they find inside; an upload must not hurt them.
What lies inside is recognized by its first bytes, unpacked as a stream in constant memory and
thrown away. Whether it is sound is not our business: what cannot be read is left alone.
"""

from __future__ import annotations

import bz2
import lzma
import struct
import tarfile
import zlib
from collections.abc import Callable, Iterator
from typing import Protocol

from packages.uploads.archives import zip_entries
from packages.uploads.findings import Unreadable
from packages.uploads.rules import MIB, Rules

PIECE = 256 * 1024
_BITE = 16 * 1024  # what the inflater does not use is handed back, so it gets little at once
HEAD = 264  # bytes after which a tar header can be told
_TAR_MAGIC = slice(257, 262)
_ZIP_MAGIC = b"PK\x03\x04"
_ZIP_LOCAL = struct.Struct("<4s5H3L2H")
_LZMA_MEMORY = 128 * MIB
# bzip2 and xz unpack some ten times slower than deflate: what they yield is weighed accordingly.
_DEFLATE_COST, _SLOW_COST = 1, 8


class Sink(Protocol):
    """Takes the bytes of one member, piece by piece."""

    def feed(self, data: bytes) -> None: ...

    def close(self) -> None: ...


class Watch:
    """Counts what the archives inside one upload expand to.

    `member()` gives a sniffer for each member.  Raises `Unreadable` when what is inside expands
    like a bomb, holds more members than the site allows or lies more than `rules.nesting` deep.
    After `rules.nested_work` bytes nothing more is unpacked: a look inside costs a second or two,
    whatever was sent.
    """

    def __init__(self, compressed: int, rules: Rules) -> None:
        self._most = max(rules.ratio_floor, compressed * rules.ratio)
        self._rules = rules
        self._unpacked = self._work = self._members = 0

    @property
    def tired(self) -> bool:
        """Whether enough has been looked at."""
        return self._work > self._rules.nested_work

    def member(self) -> Sniffer:
        """A sniffer for the next member of the upload itself."""
        return Sniffer(self, 0)

    def unpacked(self, size: int, cost: int) -> None:
        """Count `size` bytes that came out of an archive inside."""
        self._unpacked += size
        self._work += size * cost
        if self._unpacked > self._most:
            raise Unreadable(
                "nested-bomb",
                f"The archives inside the file unpack to more than {self._rules.ratio} times the"
                " file's size; leave them out, or make them when they are needed.",
            )

    def opened(self, depth: int) -> None:
        """Count one more level or member inside."""
        self._members += 1
        if depth > self._rules.nesting:
            raise Unreadable(
                "nested-too-deep",
                f"The file holds archives within archives, more than {self._rules.nesting} deep;"
                " unpack some of them first.",
            )
        if self._members > self._rules.members:
            raise Unreadable(
                "too-many-nested-members",
                f"The archives inside the file have more than {self._rules.members} members; leave"
                " files out.",
            )


class Sniffer:
    """Looks at the first bytes of a member and unpacks it if it is an archive."""

    def __init__(self, watch: Watch, depth: int) -> None:
        self._watch = watch
        self._depth = depth
        self._head = b""
        self._sink: Sink | None = None
        self._done = False

    def feed(self, data: bytes) -> None:
        """Take the next piece."""
        if self._done or self._watch.tired:
            return
        if self._sink is None:
            self._head += data
            if len(self._head) < HEAD:
                return
            data = self._open()
        self._pass_on(data)

    def close(self) -> None:
        """There is no more: look at what was too short to be told before."""
        if self._head:
            self._pass_on(self._open())
        if self._sink:
            sink, self._sink, self._done = self._sink, None, True
            sink.close()

    def _open(self) -> bytes:
        """Choose what unpacks the member; returns the bytes so far."""
        self._sink = _sink(self._head, self._watch, self._depth)
        self._done = self._sink is None
        head, self._head = self._head, b""
        return head

    def _pass_on(self, data: bytes) -> None:
        if self._sink is None:
            return
        try:
            self._sink.feed(data)
        except (zlib.error, lzma.LZMAError, OSError, EOFError, ValueError):
            self._done = True  # no archive, or a broken one


def _sink(head: bytes, watch: Watch, depth: int) -> Sink | None:
    for magic, make in _KINDS:
        if head.startswith(magic):
            return make(watch, depth + 1)
    return Tar(watch, depth + 1) if head[_TAR_MAGIC] == b"ustar" else None


class _Inflate:
    """One compressed stream: gzip, bzip2, xz."""

    def __init__(
        self, watch: Watch, depth: int, unpack: Callable[[bytes], Iterator[bytes]], cost: int
    ) -> None:
        watch.opened(depth)
        self._watch, self._cost, self._unpack = watch, cost, unpack
        self._inside = Sniffer(watch, depth)

    def feed(self, data: bytes) -> None:
        for piece in self._unpack(data):
            self._watch.unpacked(len(piece), self._cost)
            self._inside.feed(piece)

    def close(self) -> None:
        self._inside.close()


def _gzip(watch: Watch, depth: int) -> Sink:
    inflater = zlib.decompressobj(zlib.MAX_WBITS | 16)
    return _Inflate(watch, depth, lambda data: inflated(inflater, data), _DEFLATE_COST)


def _bzip2(watch: Watch, depth: int) -> Sink:
    return _Inflate(watch, depth, _pieces(bz2.BZ2Decompressor()), _SLOW_COST)


def _xz(watch: Watch, depth: int) -> Sink:
    unpacker = lzma.LZMADecompressor(memlimit=_LZMA_MEMORY)
    return _Inflate(watch, depth, _pieces(unpacker), _SLOW_COST)


def inflated(inflater: zlib._Decompress, data: bytes) -> Iterator[bytes]:
    """What `data` unpacks to, in pieces; stops at the end of the stream."""
    while not inflater.eof and (piece := inflater.decompress(data, PIECE)):
        yield piece
        data = inflater.unconsumed_tail


def _pieces(
    unpacker: bz2.BZ2Decompressor | lzma.LZMADecompressor,
) -> Callable[[bytes], Iterator[bytes]]:
    def unpack(data: bytes) -> Iterator[bytes]:
        while not unpacker.eof and (piece := unpacker.decompress(data, PIECE)):
            yield piece
            data = b""

    return unpack


class _Buffer:
    """Bytes that have come and are not used yet; taking some does not copy the rest."""

    def __init__(self) -> None:
        self._data, self._at = b"", 0

    def __len__(self) -> int:
        return len(self._data) - self._at

    def add(self, data: bytes) -> None:
        self._data, self._at = self._data[self._at :] + data, 0

    def take(self, size: int) -> bytes:
        """The next `size` bytes, or as many as there are."""
        piece = self._data[self._at : self._at + size]
        self._at += len(piece)
        return piece

    def give_back(self, size: int) -> None:
        """Undo the end of the last `take`."""
        self._at -= size

    def skip_to(self, signature: bytes) -> bool:
        """Move to the next `signature`; without one, to where its beginning could be."""
        found = self._data.find(signature, self._at)
        self._at = found if found >= 0 else max(self._at, len(self._data) - len(signature) + 1)
        return found >= 0

    def peek(self, size: int) -> bytes:
        return self._data[self._at : self._at + size]


class Tar:
    """The members of a tar archive, one after the other."""

    def __init__(self, watch: Watch, depth: int) -> None:
        watch.opened(depth)
        self._watch, self._depth = watch, depth
        self._buffer = _Buffer()
        self._left = self._padding = 0
        self._inside = Sniffer(watch, depth)

    def feed(self, data: bytes) -> None:
        self._buffer.add(data)
        while len(self._buffer) and not self._watch.tired:
            if self._left:
                self._content()
            elif self._padding:
                self._padding -= len(self._buffer.take(self._padding))
            elif len(self._buffer) < tarfile.BLOCKSIZE:
                return
            else:
                self._header()

    def close(self) -> None:
        self._inside.close()

    def _content(self) -> None:
        piece = self._buffer.take(self._left)
        self._left -= len(piece)
        self._inside.feed(piece)
        if not self._left:
            self._inside.close()

    def _header(self) -> None:
        block = self._buffer.take(tarfile.BLOCKSIZE)
        try:
            info = tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
        except tarfile.HeaderError:
            raise EOFError from None  # the end of the archive, or no header
        self._watch.opened(self._depth)
        self._left, self._padding = max(0, info.size), -info.size % tarfile.BLOCKSIZE
        self._inside = Sniffer(self._watch, self._depth)


class Zip:
    """The members of a ZIP archive, as their local headers announce them."""

    def __init__(self, watch: Watch, depth: int) -> None:
        watch.opened(depth)
        self._watch, self._depth = watch, depth
        self._buffer = _Buffer()
        self._stored = 0
        self._inflater: zlib._Decompress | None = None
        self._inside = Sniffer(watch, depth)

    def feed(self, data: bytes) -> None:
        self._buffer.add(data)
        while len(self._buffer) and not self._watch.tired:
            if self._inflater:
                self._inflate(self._inflater)
            elif self._stored:
                self._copy()
            elif not self._header():
                return

    def close(self) -> None:
        self._inside.close()

    def _header(self) -> bool:
        """Begin the next member, wherever its header is: a data descriptor may come before it."""
        header = self._buffer.peek(_ZIP_LOCAL.size) if self._buffer.skip_to(_ZIP_MAGIC) else b""
        if len(header) < _ZIP_LOCAL.size:
            return False
        _, _, _, method, _, _, _, compressed, _, *lengths = _ZIP_LOCAL.unpack(header)
        length = _ZIP_LOCAL.size + sum(lengths)
        if len(self._buffer) < length:
            return False
        self._watch.opened(self._depth)
        self._buffer.take(length)
        self._inside = Sniffer(self._watch, self._depth)
        self._stored = compressed if method == zip_entries.STORED else 0
        if method == zip_entries.DEFLATED:
            self._inflater = zlib.decompressobj(-zlib.MAX_WBITS)
        return True

    def _inflate(self, inflater: zlib._Decompress) -> None:
        for piece in inflated(inflater, self._buffer.take(_BITE)):
            self._watch.unpacked(len(piece), _DEFLATE_COST)
            self._inside.feed(piece)
        if inflater.eof:
            self._inside.close()
            self._buffer.give_back(len(inflater.unused_data))
            self._inflater = None

    def _copy(self) -> None:
        piece = self._buffer.take(self._stored)
        self._stored -= len(piece)
        self._inside.feed(piece)
        if not self._stored:
            self._inside.close()


_KINDS: tuple[tuple[bytes, Callable[[Watch, int], Sink]], ...] = (
    (b"\x1f\x8b\x08", _gzip),
    (_ZIP_MAGIC, Zip),
    (b"BZh", _bzip2),
    (b"\xfd7zXZ\x00", _xz),
)
