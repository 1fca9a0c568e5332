"""The storage against the database."""

from __future__ import annotations

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from packages import storage, tasks, verification
from packages.models import File
from tests.factories import index

pytestmark = pytest.mark.django_db


@pytest.fixture
def file():
    return index.published_file()


def blob(file, suffix=""):
    return storage.blobs().path(storage.blob_name(file.sha256) + suffix)


def differences(**options):
    return [item.what for item in verification.verify(verification.everything(), **options)]


def test_a_whole_storage_has_no_differences(file):
    index.held("other")
    assert differences() == []
    output = StringIO()
    call_command("verify_storage", stdout=output)
    assert "everything" in output.getvalue()


def test_a_missing_file_is_told(file):
    storage.blobs().delete(storage.blob_name(file.sha256))
    assert differences() == ["the file is missing from the storage"]


def test_a_changed_file_is_told(file):
    """TOB-PYPI-14."""
    with open(blob(file), "r+b") as damaged:  # noqa: PTH123
        damaged.write(b"XX")
    assert "SHA-256" in differences()[0]
    assert differences(rehash=False) == []


def test_a_cut_file_is_told_even_without_reading_it(file):
    with open(blob(file), "r+b") as damaged:  # noqa: PTH123
        damaged.truncate(10)
    assert differences(rehash=False) == [
        f"the file has 10 bytes in the storage instead of {file.size}"
    ]


def test_missing_and_changed_metadata_are_told(file):
    """MDF-6."""
    with open(blob(file, ".metadata"), "ab") as damaged:  # noqa: PTH123
        damaged.write(b"X")
    assert differences() == ["its metadata file is not the one that was stored"]
    storage.blobs().delete(storage.blob_name(file.sha256) + ".metadata")
    assert differences() == ["its metadata file is missing from the storage"]


def test_a_held_file_is_looked_at_too():
    staged = index.held().files.get()
    storage.blobs().delete(storage.blob_name(staged.sha256))
    assert differences() == ["the file is missing from the storage"]


def test_the_command_fails_when_something_differs(file):
    storage.blobs().delete(storage.blob_name(file.sha256))
    output = StringIO()
    with pytest.raises(CommandError, match="1 differences"):
        call_command("verify_storage", stdout=output)
    assert file.filename in output.getvalue()


def test_the_nightly_sample_tells_what_it_found(file):
    """TOB-PYPI-11."""
    assert tasks.verify_sample() == []
    storage.blobs().delete(storage.blob_name(file.sha256))
    assert len(tasks.verify_sample()) == 1


def test_where_the_oldest_files_are_gone_the_sample_is_of_those_that_are_left(file):
    File.objects.filter(pk=file.pk).update(id=file.pk + 1_000_000)
    storage.blobs().delete(storage.blob_name(file.sha256))
    assert len(tasks.verify_sample()) == 1


def test_an_empty_index_has_nothing_to_sample():
    assert tasks.verify_sample() == []
