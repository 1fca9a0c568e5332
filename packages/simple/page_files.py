"""Prepared pages as files on the disk of this host: what a restart and other processes reuse.

A file holds one page in every content coding, behind a line of JSON that says which version it is
and where each coding lies.  It is replaced at once (rename) by whoever holds the lock of its name,
and who holds it has asked the database since he got it; so an older page never takes the place of
a newer one.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import logging
import os
import secrets
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO
from zlib import crc32

from django.conf import settings

from packages.simple.answers import Kind, Version
from packages.simple.codings import Coding

logger = logging.getLogger(__name__)

UNUSED_SECONDS = 30 * 24 * 3600
_LOCKS = 256
_DAY = 24 * 3600


@dataclass(frozen=True)
class PageFile:
    """What the first line of a file says; `parts` has offset, length and CRC-32 by coding."""

    path: Path
    version: Version
    parts: dict[str, tuple[int, int, int]]

    def read(self, coding: Coding) -> bytes | None:
        """The page in this coding; None when the file was replaced or is not whole.

        A machine that lost its power may leave a file whose end was never written; it goes.
        """
        offset, length, checksum = self.parts[coding]
        with contextlib.suppress(OSError), self.path.open("rb") as file:
            file.seek(offset)
            body = file.read(length)
            if crc32(body) == checksum:
                return body
            self.path.unlink(missing_ok=True)
        return None


def load(name: str, kind: str) -> PageFile | None:
    """What is stored of a page, of whatever version; None when it is not there or not whole."""
    path = _path(name, kind)
    try:
        with path.open("rb") as file:
            found = _parse(path, file)
    except (OSError, ValueError, KeyError, TypeError):
        return None
    _mark_as_used(path)
    return found


def save(name: str, kind: str, version: Version, bodies: dict[Coding, bytes]) -> None:
    """Store a page.  Call it under `locked`; a disk that is full costs speed, not an answer."""
    path = _path(name, kind)
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh.write_bytes(_head(version, bodies) + b"".join(bodies.values()))
        fresh.replace(path)
    except OSError as error:
        logger.warning("The prepared page of %s cannot be stored: %s", name or "the index", error)
        with contextlib.suppress(OSError):
            fresh.unlink(missing_ok=True)


def is_stored(name: str) -> bool:
    """Whether anything of this name is on the disk, however old."""
    return any(_stored(name))


def remove_all(name: str) -> None:
    """Forget whatever there is of a project: pages, and documents of each release."""
    for path in _stored(name):
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)


def _stored(name: str) -> Iterator[Path]:
    """No other name begins so: a normalized name has no dot."""
    return _path(name, Kind.HTML).parent.glob(f"{name}.*")


def remove(name: str, kinds: Iterable[str] = tuple(Kind)) -> None:
    """Forget a project that has no page any more, or what else must not be shown of it."""
    for kind in kinds:
        with contextlib.suppress(OSError):
            _path(name, kind).unlink(missing_ok=True)


@contextlib.contextmanager
def locked(name: str) -> Iterator[None]:
    """One at a time prepares a page, in all threads of all processes of this host."""
    number = crc32(name.encode()) % _LOCKS
    try:
        lock = _open_lock(settings.PAGES_DIR / "locks" / f"{number:02x}")
    except OSError as error:
        logger.warning("Pages are prepared without a lock: %s", error)
        yield
        return
    with lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def sweep() -> int:
    """Remove the pages that nobody asked for in a month, and what killed processes left."""
    removed = 0
    for path in settings.PAGES_DIR.glob("[0-9a-f][0-9a-f]/*"):
        patience = _DAY if path.name.startswith(".") else UNUSED_SECONDS
        with contextlib.suppress(FileNotFoundError):
            if time.time() - path.stat().st_mtime > patience:
                path.unlink()
                removed += 1
    return removed


def _open_lock(path: Path) -> BinaryIO:
    path.parent.mkdir(parents=True, exist_ok=True)
    return path.open("ab")


def _path(name: str, kind: str) -> Path:
    """The index itself is the page without a name."""
    folder: Path = settings.PAGES_DIR / f"{crc32(name.encode()) % 256:02x}"
    return folder / f"{name or '_index'}.{kind}"


def _mark_as_used(path: Path) -> None:
    with contextlib.suppress(OSError):
        if time.time() - path.stat().st_mtime > _DAY:
            os.utime(path)


def _head(version: Version, bodies: dict[Coding, bytes]) -> bytes:
    facts = {
        "serial": version.serial,
        "edition": version.edition,
        "modified": version.modified.isoformat() if version.modified else None,
        "codings": [[coding, len(body), crc32(body)] for coding, body in bodies.items()],
    }
    return json.dumps(facts).encode() + b"\n"


def _parse(path: Path, file: BinaryIO) -> PageFile:
    """Raises ValueError, KeyError or TypeError for what is no head."""
    facts: dict[str, Any] = json.loads(file.readline())
    offset, parts = file.tell(), {}
    for coding, length, checksum in facts["codings"]:
        parts[coding] = (offset, length, checksum)
        offset += length
    modified = datetime.fromisoformat(facts["modified"]) if facts["modified"] else None
    return PageFile(path, Version(facts["serial"], facts["edition"], modified), parts)
