"""The root page as files: in pieces of some 1,000 names, so that a change rewrites one of them.

A *generation* is a file for each kind and coding, and never changes.  `manifest.json` names the
current one and where its pieces lie; it is replaced at once (rename), under the lock of the root.
The pieces that did not change are copied from the last generation by the kernel.

gzip is one member: each piece is a deflate stream of its own that ends at a byte (Z_FULL_FLUSH),
so they can be joined; the checksum is that of the whole.  zstd is made anew each time, in one
frame, for not every client reads several; it takes a tenth of the time of gzip.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import struct
import time
import zlib
from dataclasses import asdict, dataclass, field
from datetime import datetime
from mmap import ACCESS_READ, mmap
from pathlib import Path
from typing import Any, BinaryIO

import zstandard
from django.conf import settings

from packages.simple.answers import Kind, Version
from packages.simple.codings import Coding

CODINGS = (Coding.ZSTD, Coding.GZIP, Coding.IDENTITY)
LARGE = 1 << 20  # bytes; what is larger is sent from the file
KEPT_SECONDS = 600  # how long a generation stays after the next one: who began to send it goes on
Ends = tuple[bytes, bytes]
Which = tuple[Kind, Coding]
_GZIP_HEAD = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
_GZIP_LAST = b"\x03\x00"  # an empty block that ends the stream


@dataclass
class Piece:
    """The names from `lower` up to the next piece; `sizes` in bytes by kind and coding.

    `fresh` are its bytes if it was rendered just now.
    """

    lower: str
    count: int
    sizes: dict[str, int]
    fresh: dict[str, bytes] = field(default_factory=dict)


@dataclass
class Manifest:
    """What the current generation holds."""

    serial: int
    edition: str
    modified: str | None
    generation: str
    ends: dict[str, int]  # length of what precedes the pieces, by kind and coding
    pieces: list[Piece]

    @property
    def count(self) -> int:
        return sum(piece.count for piece in self.pieces)

    @property
    def version(self) -> Version:
        modified = datetime.fromisoformat(self.modified) if self.modified else None
        return Version(self.serial, self.edition, modified)

    def path(self, kind: Kind, coding: Coding) -> Path:
        return folder() / f"{self.generation}.{kind}.{coding}"


@dataclass(frozen=True)
class RootFile:
    """The root page in HTML or JSON, of one generation."""

    manifest: Manifest
    kind: Kind

    @property
    def version(self) -> Version:
        return self.manifest.version

    def read(self, coding: Coding) -> bytes | Path | None:
        """The bytes if they are few, else the file that has them; None when it is gone."""
        path = self.manifest.path(self.kind, coding)
        with contextlib.suppress(OSError):
            return path if path.stat().st_size > LARGE else path.read_bytes()
        return None


def folder() -> Path:
    return Path(settings.PAGES_DIR) / "root"


def load() -> Manifest | None:
    """The current manifest; None when there is none, or something of it is missing."""
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        facts: dict[str, Any] = json.loads((folder() / "manifest.json").read_bytes())
        pieces = [Piece(**piece) for piece in facts.pop("pieces")]
        manifest = Manifest(**facts, pieces=pieces)
        paths = (manifest.path(kind, coding) for kind in Kind for coding in CODINGS)
        if all(path.exists() for path in paths):
            return manifest
    return None


def deflate(data: bytes) -> bytes:
    """A piece of a gzip member: a stream that can be followed by another."""
    compressor = zlib.compressobj(6, wbits=-zlib.MAX_WBITS)
    return compressor.compress(data) + compressor.flush(zlib.Z_FULL_FLUSH)


def fresh_piece(lower: str, count: int, bodies: dict[Kind, bytes]) -> Piece:
    """A piece that was rendered just now."""
    fresh: dict[str, bytes] = {}
    for kind, plain in bodies.items():
        fresh[_key(kind, Coding.IDENTITY)] = plain
        fresh[_key(kind, Coding.GZIP)] = deflate(plain)
    return Piece(lower, count, {key: len(data) for key, data in fresh.items()}, fresh)


def publish(
    version: Version,
    pieces: list[Piece],
    around: dict[Kind, tuple[bytes, bytes]],
    last: Manifest | None,
) -> Manifest:
    """Write the next generation: `around` has what stands before and after the pieces."""
    folder().mkdir(parents=True, exist_ok=True)
    manifest = Manifest(
        version.serial,
        version.edition,
        version.modified.isoformat() if version.modified else None,
        f"{version.serial}-{secrets.token_hex(4)}",
        {},
        pieces,
    )
    for kind, (head, tail) in around.items():
        _write_kind(manifest, kind, head, tail, last)
    for piece in pieces:
        piece.fresh = {}
    _replace(manifest)
    _sweep(manifest.generation)
    return manifest


def forget() -> None:
    """Take the current generation away; call it under the lock of the root."""
    with contextlib.suppress(FileNotFoundError):
        (folder() / "manifest.json").unlink()


def _write_kind(
    manifest: Manifest, kind: Kind, head: bytes, tail: bytes, last: Manifest | None
) -> None:
    plain = manifest.path(kind, Coding.IDENTITY)
    with plain.open("wb") as file:
        _join(file, manifest, (kind, Coding.IDENTITY), head, last)
        file.write(tail)
    checksum, length = _digest(plain)
    with manifest.path(kind, Coding.GZIP).open("wb") as file:
        _join(file, manifest, (kind, Coding.GZIP), _GZIP_HEAD + deflate(head), last)
        file.write(deflate(tail) + _GZIP_LAST + struct.pack("<II", checksum, length & 0xFFFFFFFF))
    with manifest.path(kind, Coding.ZSTD).open("wb") as file, plain.open("rb") as whole:
        zstandard.ZstdCompressor(level=3).copy_stream(whole, file, size=length)


def _join(
    file: BinaryIO,
    manifest: Manifest,
    which: tuple[Kind, Coding],
    head: bytes,
    last: Manifest | None,
) -> None:
    """The head, then every piece, fresh or out of the last generation."""
    key = _key(*which)
    file.write(head)
    manifest.ends[key] = len(head)
    old, offsets = _open_last(last, which)
    with old:
        for piece in manifest.pieces:
            if piece.fresh:
                file.write(piece.fresh[key])
            else:
                file.flush()
                _copy(old, offsets[piece.lower], piece.sizes[key], file)


def _open_last(
    last: Manifest | None, which: Which
) -> tuple[contextlib.AbstractContextManager[Any], dict[str, int]]:
    """The file of the last generation, and where its pieces begin."""
    if last is None:
        return contextlib.nullcontext(), {}
    key = _key(*which)
    offset, offsets = last.ends[key], {}
    for piece in last.pieces:
        offsets[piece.lower] = offset
        offset += piece.sizes[key]
    return last.path(*which).open("rb"), offsets


def _copy(source: Any, offset: int, length: int, target: BinaryIO) -> None:
    """By the kernel, without a way through our memory."""
    while length:
        copied = os.sendfile(target.fileno(), source.fileno(), offset, length)
        if not copied:
            raise EOFError("The last generation is shorter than its manifest says.")
        offset, length = offset + copied, length - copied
    target.seek(0, os.SEEK_END)


def _digest(path: Path) -> tuple[int, int]:
    """CRC-32 and length."""
    with path.open("rb") as file, mmap(file.fileno(), 0, access=ACCESS_READ) as whole:
        return zlib.crc32(whole), len(whole)


def _replace(manifest: Manifest) -> None:
    facts = asdict(manifest)
    for piece in facts["pieces"]:
        del piece["fresh"]
    fresh = folder() / f".manifest.{secrets.token_hex(4)}"
    fresh.write_text(json.dumps(facts))
    fresh.replace(folder() / "manifest.json")


def _sweep(current: str) -> None:
    """Older generations, when nobody sends them any more, and what killed processes left."""
    for path in folder().iterdir():
        if path.name == "manifest.json" or path.name.startswith(f"{current}."):
            continue
        with contextlib.suppress(FileNotFoundError):
            if time.time() - path.stat().st_mtime > KEPT_SECONDS:
                path.unlink()


def _key(kind: Kind, coding: Coding) -> str:
    return f"{kind}.{coding}"
