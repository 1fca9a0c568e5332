"""The documents of the JSON API as bytes: written once for each change, in whichever process.

They lie on the disk of this host beside the prepared pages, and are sent as they are while the
database is away.  What depends on the address we are asked at is filled in when one is sent.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import zstandard
from django.db import OperationalError

from packages import access, downloads, legacy_json, names
from packages.models import Project, Reader
from packages.models.reader import ANYBODY, MEMBER
from packages.simple import codings, page_files
from packages.simple.answers import Version
from packages.simple.codings import Coding
from packages.simple.page_files import PageFile
from pypi_site.lib.kept import Kept
from pypi_site.lib.problems import NotFound

# Part of every ETag: raise it when the document changes and the serial does not.
RENDERING = 3
ENCODERS: dict[Coding, Callable[[bytes], bytes]] = {
    Coding.ZSTD: codings.zstd,
    Coding.GZIP: codings.gzip,
    Coding.IDENTITY: bytes,
}
_HERE = "https://here.invalid"  # until we know where we are asked
kept = Kept(32 * 1024 * 1024)


@dataclass(frozen=True)
class Document:
    """What is told of a project (normalized name) or of one of its releases.

    Its numbers of downloads are those of some moment of a day, which is part of the version.
    """

    name: str
    release: str
    version: Version
    write: Callable[[], bytes]

    def body(self, origin: str, coding: Coding) -> bytes:
        """As it is sent from ``https://host``.  Raises `NotFound` where nothing may be seen."""
        key = (self.name, self.release, self.version, origin, coding)
        return kept.get(key, lambda: ENCODERS[coding](self._told_at(origin)))

    def _told_at(self, origin: str) -> bytes:
        return self.write().replace(_HERE.encode(), origin.encode())


def current(name: str, release: str = "", to: Reader = ANYBODY) -> Document:
    """What the database has now; `release` is a version in any spelling (PEP 440).

    One look-up; the rest is read when the body is wanted.  Raises `NotFound` and `Moved`.
    What is not for everybody is never stored.
    """
    try:
        project = access.known_project(name, to)
    except NotFound:
        page_files.remove(name, [_kind(release)])
        raise
    version = Version(project.serial, f"{RENDERING}.{downloads.today():%y%m%d}")
    write = partial(_write, project, release, version)
    if project.private or not MEMBER.shares:
        write = partial(_rendered, project, release)
    return Document(name, release, version, write)


def as_it_was(name: str, release: str = "") -> Document:
    """What was written last, in whichever process, without asking the database.

    Raises `OperationalError` when nothing was.
    """
    found = page_files.load(name, _kind(release))
    body = _read(found) if found else None
    if found is None or body is None:
        raise OperationalError("The database is away, and the document is not prepared.")
    return Document(name, release, found.version, lambda: body)


def _write(project: Project, release: str, version: Version) -> bytes:
    """Of all who want the document at once, in all processes, one writes it.

    The lock is that of the project's pages: whoever withdraws them waits for it, too, so what
    became private meanwhile is not stored after that.
    """
    name, kind = project.normalized_name, _kind(release)
    with page_files.locked(name):
        found = page_files.load(name, kind)
        stored = _read(found) if found and found.version == version else None
        if stored is not None:
            return stored
        try:
            body = _rendered(project, release)
        except NotFound:
            page_files.remove(name, [kind])
            raise
        if Project.objects.known(MEMBER).filter(pk=project.pk).exists():
            page_files.save(name, kind, version, {Coding.ZSTD: codings.zstd(body)})
        return body


def _rendered(project: Project, release: str) -> bytes:
    if release:
        offered = access.offered_release(project, release)
        document = legacy_json.release_document(project, offered, _HERE)
    else:
        document = legacy_json.project_document(project, _HERE)
    text = json.dumps(document, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text.encode()


def _kind(release: str) -> str:
    """The same for every spelling of a version.  Raises `NotFound` for what is none."""
    if not release:
        return "pypi"
    try:
        key = names.version_sort_key(release)
    except names.InvalidVersion:
        raise NotFound(f"{release[:64]!r} is no version.") from None
    return f"pypi-{hashlib.sha256(key.encode()).hexdigest()[:32]}"


def _read(found: PageFile) -> bytes | None:
    body = found.read(Coding.ZSTD)
    return None if body is None else zstandard.ZstdDecompressor().decompress(body)
