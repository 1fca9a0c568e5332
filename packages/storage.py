"""Where the bytes are: content-addressed blobs, on whatever storage django-storages knows.

A blob's name is its SHA-256; beside it stands its metadata file.  A blob is complete or absent,
and never changes.
"""

from __future__ import annotations

import contextlib
import os
import posixpath
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Any

from django.core.files.base import ContentFile, File
from django.core.files.storage import FileSystemStorage, Storage, storages
from django.db import connection

from pypi_site.lib.transfers import ByteRange, Readable

METADATA_SUFFIX = ".metadata"
_LOCK = 0x626C6F62  # "blob": uploads hold it shared, the sweep exclusively


class DiskStorage(FileSystemStorage):
    """Local disk where a file appears at once, whole, and survives a power cut.

    Of two writers of one blob either may win: they write the same bytes.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"allow_overwrite": True, **options})

    def save_beside(self, contents: Mapping[str, File]) -> None:
        """Save files of one folder, which is synced with those above it once, after all."""
        for name, content in contents.items():
            self._place(name, content)
        for folder in {Path(self.path(name)).parent for name in contents}:
            _sync_folders(folder, Path(self.location))

    def _save(self, name: str, content: File) -> str:
        self.save_beside({name: content})
        return name

    def _place(self, name: str, content: File) -> None:
        target = Path(self.path(name))
        target.parent.mkdir(parents=True, exist_ok=True)
        fresh = target.with_name(f".{target.name}.{os.getpid()}.{os.urandom(4).hex()}")
        try:
            self._write(fresh, content)
            fresh.replace(target)
        finally:
            fresh.unlink(missing_ok=True)

    def _write(self, fresh: Path, content: File) -> None:
        """A file that has arrived on the same disk is linked, any other copied."""
        with contextlib.suppress(OSError, AttributeError):
            os.link(content.temporary_file_path(), fresh)  # type: ignore[attr-defined]
            _sync(fresh)
            return
        with fresh.open("xb") as file:
            shutil.copyfileobj(content.open("rb"), file)
            file.flush()
            os.fsync(file.fileno())


class Unavailable(Exception):
    """The bytes of a file that is offered cannot be had from the storage."""


class Part:
    """The next `length` bytes of an open file.  Servers may send them with ``sendfile``."""

    def __init__(self, file: IO[bytes], length: int) -> None:
        self._file, self._left = file, length
        self.fileno, self.close = file.fileno, file.close

    def read(self, size: int = -1) -> bytes:
        data = self._file.read(self._left if size < 0 else min(size, self._left))
        self._left -= len(data)
        return data


class LocalFile(File):
    """A file on our disk that `DiskStorage` may link instead of copying."""

    def temporary_file_path(self) -> str:
        return str(self.name)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _sync_folders(folder: Path, top: Path) -> None:
    """A new name is safe when the folders that lead to it are."""
    while True:
        _sync(folder)
        if folder in (top, folder.parent):
            return
        folder = folder.parent


def blobs() -> Storage:
    return storages["files"]


def blob_name(sha256: str) -> str:
    """Two levels of folders keep each of them small at 6 million files."""
    return f"{sha256[:2]}/{sha256[2:4]}/{sha256}"


def put(path: Path, sha256: str, metadata: bytes) -> None:
    """Store the file at `path` and its metadata, unless they are there.

    Call it inside the transaction that makes rows of them: the lock keeps the sweep of orphans
    away until its end.
    """
    _keep_sweep_away()
    name = blob_name(sha256)
    with path.open("rb") as file:
        # The file last: without it nothing of the blob is found.
        beside = {name + METADATA_SUFFIX: ContentFile(metadata), name: LocalFile(file, str(path))}
        _save_absent(beside)


def put_file(path: Path, sha256: str) -> None:
    """Store the file at `path`, unless it is there; same conditions as `put`."""
    _keep_sweep_away()
    with path.open("rb") as file:
        _save_absent({blob_name(sha256): LocalFile(file, str(path))})


def put_metadata(sha256: str, metadata: bytes) -> None:
    """Store the metadata file of the blob `sha256`, unless it is there; as `put`."""
    _keep_sweep_away()
    _save_absent({blob_name(sha256) + METADATA_SUFFIX: ContentFile(metadata)})


def _save_absent(contents: Mapping[str, File]) -> None:
    """Store what is not there yet, in this order."""
    place = blobs()
    absent = {name: content for name, content in contents.items() if not place.exists(name)}
    if isinstance(place, DiskStorage):
        place.save_beside(absent)
        return
    for name, content in absent.items():
        place.save(name, content)


def _keep_sweep_away() -> None:
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock_shared(%s)", [_LOCK])


def lock_out_uploads() -> None:
    """Wait until no upload is between its blob and its row, and keep it so until commit."""
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(%s)", [_LOCK])


def exists(sha256: str) -> bool:
    """Whether the bytes of a file are there."""
    return blobs().exists(blob_name(sha256))


def open_blob(sha256: str) -> IO[bytes]:
    """The bytes of a file.  Raises `FileNotFoundError` when they are gone."""
    return blobs().open(blob_name(sha256)).file  # type: ignore[return-value]


def open_part(sha256: str, part: ByteRange) -> Readable:
    """These bytes of a file, and no more, without fetching the rest of it.

    Raises `Unavailable` when the storage does not give them.
    """
    with reading(sha256):
        if is_local():
            return _part_of(Path(local_path(sha256)).open("rb", buffering=0), part)
        return _open_remote_part(sha256, part)


@contextlib.contextmanager
def reading(sha256: str) -> Iterator[None]:
    """Whatever keeps a storage from giving the blob is `Unavailable`."""
    try:
        yield
    except Exception as error:  # every storage fails with errors of its own
        raise Unavailable(f"{blob_name(sha256)}: {error}") from error


def _open_remote_part(sha256: str, part: ByteRange) -> Readable:
    """S3 streams a part; of another storage the file is opened and read from there on."""
    remote: Any = blobs()
    bucket = getattr(remote, "bucket", None)
    if bucket is not None and hasattr(bucket, "Object") and part.length:  # boto3's
        key = posixpath.join(remote.location, blob_name(sha256)).lstrip("/")
        body: Readable = bucket.Object(key).get(Range=f"bytes={part.first}-{part.last}")["Body"]
        return body
    return _part_of(open_blob(sha256), part)


def _part_of(file: IO[bytes], part: ByteRange) -> Part:
    file.seek(part.first)
    return Part(file, part.length)


def is_local() -> bool:
    """Whether the blobs are files on a disk of this host."""
    return isinstance(blobs(), FileSystemStorage)


def local_path(sha256: str) -> str:
    """Where the blob is, if `is_local`."""
    return f"{blobs().location}/{blob_name(sha256)}"  # type: ignore[attr-defined]


def signed_url(sha256: str, seconds: int) -> str:
    """An address at which the storage itself gives the file for so long, to whoever has it."""
    return blobs().url(blob_name(sha256), expire=seconds)  # type: ignore[call-arg, no-any-return]


def read_metadata(sha256: str) -> bytes:
    """The metadata file of the blob `sha256` (PEP 658).  Raises `FileNotFoundError`."""
    if is_local():
        return Path(local_path(sha256) + METADATA_SUFFIX).read_bytes()
    with blobs().open(blob_name(sha256) + METADATA_SUFFIX) as file:
        return bytes(file.read())


@contextlib.contextmanager
def local_copy(sha256: str) -> Iterator[Path]:
    """A path where the blob can be read by libraries that want one."""
    with open_blob(sha256) as blob:
        if isinstance(blobs(), FileSystemStorage):
            yield Path(blobs().path(blob_name(sha256)))
            return
        with tempfile.NamedTemporaryFile() as copy:
            shutil.copyfileobj(blob, copy)
            copy.flush()
            yield Path(copy.name)


def delete(sha256: str) -> None:
    """Remove a blob that no row names."""
    blobs().delete(blob_name(sha256))
    blobs().delete(blob_name(sha256) + METADATA_SUFFIX)


def batches_of_old_blobs(older_than: float, size: int) -> Iterator[list[str]]:
    """The digests of all blobs last written before the POSIX time `older_than`, `size` at once."""
    batch: list[str] = []
    for sha256, name in _digests():
        if _is_older(name, older_than):
            batch.append(sha256)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch


def remove_fragments(older_than: float) -> int:
    """Delete what `DiskStorage` was writing when its process was killed; returns how many."""
    hidden = (f"{folder}/{name}" for folder, names in _walk() for name in names if name[0] == ".")
    fragments = [name for name in hidden if _is_older(name, older_than)]
    for name in fragments:
        blobs().delete(name)
    return len(fragments)


def _digests() -> Iterator[tuple[str, str]]:
    """Every digest with the name of its blob, or of its metadata if the blob never came."""
    for folder, names in _walk():
        for sha256 in sorted({name.removesuffix(METADATA_SUFFIX) for name in names}):
            if len(sha256) == 64:
                name = sha256 if sha256 in names else sha256 + METADATA_SUFFIX
                yield sha256, f"{folder}/{name}"


def _is_older(name: str, than: float) -> bool:
    try:
        return blobs().get_modified_time(name).timestamp() < than
    except FileNotFoundError:  # another sweep was faster
        return False


def _walk() -> Iterator[tuple[str, list[str]]]:
    for first in _folders(""):
        for second in _folders(first):
            yield second, blobs().listdir(second)[1]


def _folders(path: str) -> list[str]:
    try:
        folders, _ = blobs().listdir(path)
    except FileNotFoundError:
        return []
    return [f"{path}/{folder}".lstrip("/") for folder in folders]
