"""One gzip stream, unpacked under a budget."""

import zlib
from collections.abc import Iterator
from functools import partial
from typing import BinaryIO

from packages.uploads.archives.budget import Budget
from packages.uploads.findings import Unreadable

CHUNK = 64 * 1024
MOST_OUTPUT = 256 * 1024

_MAGIC = b"\x1f\x8b"
_GZIP = zlib.MAX_WBITS | 16


def unpacked(file: BinaryIO, budget: Budget) -> Iterator[bytes]:
    """Unpack piece by piece; exactly one gzip member, and nothing behind it (RFC 1952)."""
    inflater = zlib.decompressobj(_GZIP)
    if file.read(2) != _MAGIC:
        raise Unreadable(
            "not-a-gzip",
            "The file is not compressed with gzip, as a .tar.gz must be; build it again.",
        )
    file.seek(0)
    try:
        for block in iter(partial(file.read, CHUNK), b""):
            yield from _inflated(inflater, block, budget)
            _nothing_left(inflater.unused_data)
        yield from _inflated(inflater, b"", budget)
    except zlib.error:
        raise Unreadable(
            "corrupt-gzip", "The gzip data of the file is damaged; build or upload it again."
        ) from None
    if not inflater.eof:
        raise Unreadable(
            "truncated-gzip", "The gzip data of the file ends too early; upload the whole file."
        )


def _inflated(inflater: "zlib._Decompress", block: bytes, budget: Budget) -> Iterator[bytes]:
    while True:
        chunk = inflater.decompress(block, MOST_OUTPUT)
        budget.spend(len(chunk))
        yield chunk
        block = inflater.unconsumed_tail
        if not chunk or (not block and inflater.eof):
            return


def _nothing_left(data: bytes) -> None:
    if data.startswith(_MAGIC):
        raise Unreadable(
            "gzip-several-members",
            "The file consists of several gzip streams, which readers treat differently; compress"
            " it in one go.",
        )
    if data:
        raise Unreadable(
            "gzip-trailing-data",
            "The file has data after its gzip stream; upload the file as it was built.",
        )


class Stream:
    """Pieces of bytes, read as a file is."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._buffer = b""

    def take(self, size: int) -> Iterator[bytes]:
        """The next `size` bytes in pieces, or fewer at the end."""
        while size > 0:
            if not self._buffer:
                self._buffer = next(filter(None, self._chunks), b"")
            if not self._buffer:
                return
            piece, self._buffer = self._buffer[:size], self._buffer[size:]
            size -= len(piece)
            yield piece

    def read(self, size: int) -> bytes:
        """The next `size` bytes, or fewer at the end."""
        return b"".join(self.take(size))

    def rest(self) -> Iterator[bytes]:
        """Everything that is left, in pieces."""
        buffer, self._buffer = self._buffer, b""
        yield buffer
        yield from self._chunks
