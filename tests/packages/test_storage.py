"""Blobs: complete or absent, found by their digest, swept when nobody names them."""

from __future__ import annotations

import hashlib
import os
import time
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import storages
from django.utils import timezone

from accounts.actors import SYSTEM
from packages import files, storage, tasks
from packages.models import Stage
from packages.uploads import stages
from tests.factories.index import held, published, published_file

pytestmark = pytest.mark.django_db
DATA = b"bytes of a wheel"
SHA256 = hashlib.sha256(DATA).hexdigest()
TWO_DAYS = 2 * 86_400


@pytest.fixture
def arrived(tmp_path) -> Path:
    path = tmp_path / "arrived"
    path.write_bytes(DATA)
    return path


def everything() -> set[str]:
    top = Path(storage.blobs().location)
    return {str(path.relative_to(top)) for path in top.rglob("*") if path.is_file()}


def age(*paths: Path | str) -> None:
    """As if written the day before yesterday."""
    then = time.time() - TWO_DAYS
    for path in paths:
        os.utime(path, (then, then))


def age_all() -> None:
    top = Path(storage.blobs().location)
    age(*(path for path in top.rglob("*") if path.is_file()))


def test_a_blob_lies_at_its_digest_with_its_metadata_beside_it(arrived):
    storage.put(arrived, SHA256, b"metadata")
    name = f"{SHA256[:2]}/{SHA256[2:4]}/{SHA256}"
    assert everything() == {name, f"{name}.metadata"}
    with storage.open_blob(SHA256) as blob:
        assert blob.read() == DATA
    assert storage.read_metadata(SHA256) == b"metadata"
    with storage.local_copy(SHA256) as path:
        assert path.read_bytes() == DATA


def test_a_blob_outlives_the_file_that_arrived(arrived):
    storage.put(arrived, SHA256, b"metadata")
    arrived.unlink()
    with storage.open_blob(SHA256) as blob:
        assert blob.read() == DATA


def test_a_blob_is_stored_once(arrived):
    storage.put(arrived, SHA256, b"metadata")
    before = Path(storage.blobs().path(storage.blob_name(SHA256))).stat()
    storage.put(arrived, SHA256, b"metadata")
    after = Path(storage.blobs().path(storage.blob_name(SHA256))).stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)
    assert len(everything()) == 2


def test_what_a_killed_process_left_half_done_is_completed(arrived):
    storage.blobs().save(storage.blob_name(SHA256) + ".metadata", ContentFile(b"metadata"))
    storage.put(arrived, SHA256, b"metadata")
    with storage.open_blob(SHA256) as blob:
        assert blob.read() == DATA


def test_a_file_from_another_disk_is_copied(arrived):
    class Elsewhere(ContentFile):
        def temporary_file_path(self) -> str:
            return "/proc/self/status"  # no other file system can link to it

    storage.blobs().save("ab/cd/copied", Elsewhere(DATA))
    assert Path(storage.blobs().path("ab/cd/copied")).read_bytes() == DATA
    assert everything() == {"ab/cd/copied"}


def test_a_file_that_cannot_be_written_leaves_nothing_half_written():
    class Broken(ContentFile):
        def open(self, mode=None):  # type: ignore[override]
            raise OSError("the disk is full")

    with pytest.raises(OSError, match="disk is full"):
        storage.blobs().save("ab/cd/broken", Broken(DATA))
    assert everything() == set()


def test_a_blob_that_is_gone_is_missed_as_a_file():
    with pytest.raises(FileNotFoundError):
        storage.open_blob(SHA256)


def test_any_storage_will_do(arrived, settings):
    memory = {"BACKEND": "django.core.files.storage.InMemoryStorage"}
    settings.STORAGES = {**settings.STORAGES, "files": memory}
    storages._storages.clear()
    storage.put(arrived, SHA256, b"metadata")
    with storage.local_copy(SHA256) as path:
        assert path.read_bytes() == DATA
    assert storage.read_metadata(SHA256) == b"metadata"
    assert list(storage.batches_of_old_blobs(time.time() + 60, 10)) == [[SHA256]]
    assert storage.remove_fragments(time.time() + 60) == 0
    storage.delete(SHA256)
    assert list(storage.batches_of_old_blobs(time.time() + 60, 10)) == []


# -- the sweep -----------------------------------------------------------------------------------


def test_the_sweep_takes_old_orphans(arrived):
    storage.put(arrived, SHA256, b"metadata")
    age_all()
    assert tasks.sweep()["blobs"] == 1
    assert everything() == set()
    assert tasks.sweep()["blobs"] == 0


def test_the_sweep_leaves_young_orphans(arrived):
    storage.put(arrived, SHA256, b"metadata")
    assert tasks.sweep()["blobs"] == 0
    assert len(everything()) == 2


def test_the_sweep_takes_metadata_whose_blob_never_came():
    storage.blobs().save(storage.blob_name(SHA256) + ".metadata", ContentFile(b"metadata"))
    age_all()
    assert tasks.sweep()["blobs"] == 1
    assert everything() == set()


def test_the_sweep_takes_what_was_being_written_when_the_process_was_killed(arrived):
    storage.put(arrived, SHA256, b"metadata")
    folder = Path(storage.blobs().path(storage.blob_name(SHA256))).parent
    old, young = folder / f".{SHA256}.1.abcd", folder / f".{SHA256}.2.abcd"
    old.write_bytes(b"half")
    young.write_bytes(b"half")
    age(old)
    assert tasks.sweep() == {"blobs": 0, "fragments": 1, "uploads": 0, "pages": 0}
    assert young.exists()
    assert not old.exists()


def test_the_sweep_never_takes_a_published_file():
    file = published_file()
    age_all()
    assert tasks.sweep()["blobs"] == 0
    with storage.open_blob(file.sha256) as blob:
        assert len(blob.read()) == file.size


def test_the_sweep_keeps_the_bytes_of_a_deleted_file_as_evidence():
    file = files.delete(published_file(), actor=SYSTEM, reason="malware")
    age_all()
    assert tasks.sweep()["blobs"] == 0
    with storage.open_blob(file.sha256) as blob:
        assert len(blob.read()) == file.size


def test_the_sweep_never_takes_a_held_file():
    held()
    age_all()
    assert tasks.sweep()["blobs"] == 0


def test_the_sweep_takes_a_rejected_file_when_the_rejection_is_final(settings):
    stage = held()
    stages.reject(stage, actor=SYSTEM, reason="no")
    age_all()
    assert tasks.sweep()["blobs"] == 0
    over = timedelta(days=settings.BIN_DAYS, seconds=1)
    Stage.objects.filter(pk=stage.pk).update(closed_at=timezone.now() - over)
    assert tasks.sweep()["blobs"] == 1
    assert everything() == set()


def test_the_sweep_takes_a_plain_upload_that_nobody_held():
    stage = held()
    closed = {"status": "canceled", "closed_at": timezone.now(), "holds": []}
    Stage.objects.filter(pk=stage.pk).update(**closed)
    age_all()
    assert tasks.sweep()["blobs"] == 1


def test_the_sweep_goes_in_batches(monkeypatch, tmp_path):
    published()
    monkeypatch.setattr(tasks, "SWEEP_BATCH", 2)
    for number in range(5):
        data = f"{number}".encode()
        path = tmp_path / f"arrived-{number}"
        path.write_bytes(data)
        storage.put(path, hashlib.sha256(data).hexdigest(), b"metadata")
    age_all()
    assert tasks.sweep()["blobs"] == 5
    assert len(everything()) == 2


def test_two_sweeps_at_once_do_not_stumble_over_each_other(tmp_path):
    digests = ["abab" + letter * 60 for letter in "cd"]
    for digest in digests:
        path = tmp_path / digest
        path.write_bytes(DATA)
        storage.put(path, digest, b"metadata")
    age_all()
    batches = storage.batches_of_old_blobs(time.time(), 1)
    assert next(batches) == digests[:1]
    storage.delete(digests[1])
    assert list(batches) == []


def test_the_sweep_takes_uploads_that_never_arrived_whole(settings):
    settings.INCOMING_DIR.mkdir()
    old, young = settings.INCOMING_DIR / "upload-old", settings.INCOMING_DIR / "upload-young"
    old.touch()
    young.touch()
    age(old)
    assert tasks.sweep()["uploads"] == 1
    assert list(settings.INCOMING_DIR.iterdir()) == [young]


def test_the_sweep_of_an_index_without_files_finds_nothing():
    assert tasks.sweep() == {"blobs": 0, "fragments": 0, "uploads": 0, "pages": 0}


def test_the_sweep_runs_every_day_however_often_it_is_scheduled():
    from django_q.models import Schedule

    tasks.schedule()
    tasks.schedule()
    schedule = Schedule.objects.get(name="sweep")
    assert (schedule.func, schedule.schedule_type) == ("packages.tasks.sweep", Schedule.DAILY)
