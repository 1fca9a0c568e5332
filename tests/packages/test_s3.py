"""The same gate and the same pages with the files on S3: moto's server on loopback."""

from __future__ import annotations

from urllib.request import Request, urlopen

import boto3
import pytest
from django.core.files.storage import storages
from moto.server import ThreadedMotoServer

from packages import storage, tasks, verification
from packages.models import File
from packages.uploads import stages
from tests.factories import index
from tests.factories.people import UserFactory
from tests.patience import PATIENCE

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]
KEYS = {"access_key": "test", "secret_key": "test"}


@pytest.fixture(scope="module")
def endpoint():
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def bucket(endpoint, settings, request):
    name = f"files-{abs(hash(request.node.name))}"
    client = boto3.client(
        "s3",
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )
    client.create_bucket(Bucket=name)
    options = {"bucket_name": name, "endpoint_url": endpoint, "region_name": "us-east-1", **KEYS}
    files = {"BACKEND": "storages.backends.s3.S3Storage", "OPTIONS": options}
    settings.STORAGES = {**settings.STORAGES, "files": files}
    storages._storages.clear()
    return name, client


def keys(bucket):
    name, client = bucket
    return {item["Key"] for item in client.list_objects_v2(Bucket=name).get("Contents", [])}


def test_an_upload_goes_to_the_bucket_and_comes_back_byte_for_byte(bucket, client):
    file = index.published_file()
    name = storage.blob_name(file.sha256)
    assert keys(bucket) == {name, f"{name}.metadata"}
    answer = client.get(file.get_absolute_url())
    body = b"".join(answer.streaming_content)
    assert (answer.status_code, len(body)) == (200, file.size)
    part = client.get(file.get_absolute_url(), headers={"Range": "bytes=2-5"})
    assert (part.status_code, b"".join(part.streaming_content)) == (206, body[2:6])
    assert client.get(f"{file.get_absolute_url()}.metadata").status_code == 200


def test_a_part_is_fetched_alone(bucket, client, monkeypatch):
    """A reader of the last bytes, as poetry is, waits for no whole file."""
    file = index.published_file()
    with storage.open_blob(file.sha256) as blob:
        data = blob.read()
    monkeypatch.setattr(storage, "open_blob", None)
    part = client.get(file.get_absolute_url(), headers={"Range": "bytes=-7"})
    assert (part.status_code, b"".join(part.streaming_content)) == (206, data[-7:])
    assert client.head(file.get_absolute_url())["Content-Length"] == str(file.size)


def test_the_storage_itself_may_give_the_file(bucket, client, settings):
    settings.FILES_REDIRECT_SECONDS = 600
    file = index.published_file()
    answer = client.get(file.get_absolute_url(), headers={"Range": "bytes=0-3"})
    assert (answer.status_code, answer["Cache-Control"]) == (302, "public, max-age=300")
    asked = Request(answer["Location"], headers={"Range": "bytes=0-3"})
    with urlopen(asked, timeout=PATIENCE) as given:
        assert (given.status, given.read()) == (206, b"PK\x03\x04")
    assert client.head(file.get_absolute_url())["Content-Length"] == str(file.size)
    tag = {"If-None-Match": f'"{file.sha256}"'}
    assert client.get(file.get_absolute_url(), headers=tag).status_code == 304
    metadata = client.get(f"{file.get_absolute_url()}.metadata")
    assert metadata.content == storage.read_metadata(file.sha256)


def test_a_file_that_the_bucket_lost_is_refused_with_a_sentence(bucket, client):
    file = index.published_file()
    storage.delete(file.sha256)
    for tail in ("", ".metadata"):
        assert client.get(f"{file.get_absolute_url()}{tail}").status_code == 503


def test_a_refused_upload_leaves_nothing_in_the_bucket(bucket):
    with pytest.raises(stages.RefusedByPolicy):
        index.submit(UserFactory(), "re")
    assert keys(bucket) == set()


def test_a_moderator_looks_into_an_archive_on_s3(bucket, admin_client):
    held = index.held()
    page = admin_client.get(held.cases.get().get_absolute_url())
    assert b"path=demo%2F__init__.py" in page.content


def test_the_storage_is_verified_and_a_loss_is_told(bucket):
    file = index.published_file()
    assert list(verification.verify(verification.everything())) == []
    storage.delete(file.sha256)
    assert len(list(verification.verify(verification.everything()))) == 2


def test_the_sweep_takes_orphans_and_leaves_the_rest(bucket, monkeypatch):
    monkeypatch.setattr("packages.tasks.DAY_SECONDS", -60)
    file = index.published_file()
    name, client = bucket
    orphan = "0" * 64
    client.put_object(Bucket=name, Key=storage.blob_name(orphan), Body=b"x")
    assert tasks.sweep()["blobs"] == 1
    assert storage.blob_name(orphan) not in keys(bucket)
    assert storage.blob_name(file.sha256) in keys(bucket)
    assert File.objects.offered().get() == file
