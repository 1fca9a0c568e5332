"""A file on its way in: written to our disk and hashed as it arrives, gone when it was handled."""

from __future__ import annotations

import contextlib
import hashlib
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, Any

from django.conf import settings

from packages.uploads.inspection import file_too_large

PREFIX = "upload-"


class Incoming:
    """The uploaded file while it is hashed and checked; digests are lower-case hex.

    Always hashed with SHA-256, BLAKE2b of 32 bytes (``blake2b_256``) and MD5, as the upload API
    names them; `algorithms` are further names of hashlib.
    """

    def __init__(self, file: IO[bytes], limit: int, algorithms: Iterable[str] = ()) -> None:
        self.path, self.size = Path(file.name), 0
        self._file, self._limit = file, limit
        self._hashes: dict[str, Any] = {
            **{name: hashlib.new(name) for name in algorithms},
            "sha256": hashlib.sha256(),
            "blake2b_256": hashlib.blake2b(digest_size=32),
            "md5": hashlib.md5(usedforsecurity=False),
        }

    def write(self, chunk: bytes | bytearray | memoryview) -> None:
        self.size += len(chunk)
        if self.size > self._limit:
            raise file_too_large(self._limit)
        self._file.write(chunk)
        for digest in self._hashes.values():
            digest.update(chunk)

    def close(self) -> None:
        """Everything is in the file from here on."""
        self._file.flush()

    def digest(self, name: str) -> str:
        return str(self._hashes[name].hexdigest())

    def digests(self) -> dict[str, str]:
        return {name: self.digest(name) for name in self._hashes}


@contextlib.contextmanager
def temporary_file() -> Iterator[IO[bytes]]:
    """A file on the same disk as the blobs, so that keeping it is a link; gone afterwards."""
    settings.INCOMING_DIR.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=settings.INCOMING_DIR, prefix=PREFIX) as file:
        yield file  # type: ignore[misc]


def remove_leftovers(older_than: float) -> int:
    """Delete uploads that a killed process left half-received; returns how many.

    `older_than` is a POSIX time: nothing younger is touched, somebody may be sending it.
    """
    removed = 0
    for path in settings.INCOMING_DIR.glob(f"{PREFIX}*"):
        with contextlib.suppress(FileNotFoundError):
            if path.stat().st_mtime < older_than:
                path.unlink()
                removed += 1
    return removed
