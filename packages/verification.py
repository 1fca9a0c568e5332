"""Does the storage hold what the database says?  For ``verify_storage`` and a nightly job."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from django.db.models import Max, Min, QuerySet

from packages import storage
from packages.models import Artifact, File, Stage, StagedFile

CHUNK = 1024 * 1024


@dataclass(frozen=True)
class Discrepancy:
    """One thing that is not as the database says."""

    filename: str
    sha256: str
    what: str

    def __str__(self) -> str:
        return f"{self.filename} ({self.sha256[:12]}): {self.what}"


def verify(artifacts: Iterable[Artifact], *, rehash: bool = True) -> Iterator[Discrepancy]:
    """Compare every artifact's bytes and metadata with its row; with `rehash` read all of them."""
    for artifact in artifacts:
        for what in (*_bytes(artifact, rehash), *_metadata(artifact)):
            yield Discrepancy(artifact.filename, artifact.sha256, what)


def everything() -> Iterator[Artifact]:
    """Every artifact whose bytes must be there: published, staged, or deleted and in the bin."""
    yield from kept_files().order_by("pk").iterator(chunk_size=500)
    active = StagedFile.objects.filter(stage__in=Stage.objects.active())
    yield from active.order_by("pk").iterator(chunk_size=500)


def kept_files() -> QuerySet[File]:
    """Published files whose bytes have not been given up."""
    return File.objects.filter(purged_at=None)


def sample(size: int) -> Iterator[Artifact]:
    """A random choice of at most `size` files, to read some of the storage every night."""
    ends = File.objects.aggregate(first=Min("pk"), last=Max("pk"))
    if ends["last"] is None:
        return
    keys = range(ends["first"], ends["last"] + 1)
    chosen = random.sample(keys, k=min(size, len(keys)))
    yield from kept_files().filter(pk__in=chosen)


def _bytes(artifact: Artifact, rehash: bool) -> Iterator[str]:
    try:
        with storage.open_blob(artifact.sha256) as blob:
            size, digest = _read(blob) if rehash else (_size(artifact), artifact.sha256)
    except FileNotFoundError:
        yield "the file is missing from the storage"
        return
    if size != artifact.size:
        yield f"the file has {size} bytes in the storage instead of {artifact.size}"
    if digest != artifact.sha256:
        yield f"the file's SHA-256 in the storage is {digest}"


def _read(blob: object) -> tuple[int, str]:
    size, digest = 0, hashlib.sha256()
    while chunk := blob.read(CHUNK):  # type: ignore[attr-defined]
        size += len(chunk)
        digest.update(chunk)
    return size, digest.hexdigest()


def _size(artifact: Artifact) -> int:
    return storage.blobs().size(storage.blob_name(artifact.sha256))


def _metadata(artifact: Artifact) -> Iterator[str]:
    try:
        data = storage.read_metadata(artifact.sha256)
    except FileNotFoundError:
        yield "its metadata file is missing from the storage"
        return
    if hashlib.sha256(data).hexdigest() != artifact.metadata_sha256:
        yield "its metadata file is not the one that was stored"
