"""The JSON API of PyPI: keys, numbers of queries, and what may not be seen."""

from __future__ import annotations

import gzip

import pytest
import zstandard
from django.db import OperationalError
from django.urls import reverse

from accounts.actors import SYSTEM
from packages import (
    access,
    downloads,
    files,
    legacy_json_documents,
    projects,
    releases,
    renames,
)
from packages.models import Release, Role
from packages.uploads import stages
from tests.factories.index import held, published, submit
from tests.factories.people import UserFactory, actor

pytestmark = pytest.mark.django_db


# What PyPI sent on 21 August 2026 (warehouse.md, 1.2).
INFO = """author author_email bugtrack_url classifiers description description_content_type docs_url
download_url downloads dynamic home_page keywords license license_expression license_files
maintainer maintainer_email name package_url platform project_url project_urls provides_extra
release_url requires_dist requires_python summary version yanked yanked_reason"""
FILE = """comment_text core-metadata digests downloads filename has_sig md5_digest packagetype
python_version requires_python size upload_time upload_time_iso_8601 url yanked yanked_reason"""
METADATA = """Summary: Small
Keywords: gate,keeper
Author-email: Ada <ada@example.org>
Maintainer: Grace
License-Expression: MIT
Classifier: Topic :: Security
Platform: linux
Requires-Python: >=3.9
Provides-Extra: web
Requires-Dist: django; extra == "web"
Project-URL: Docs, https://docs.example
Project-URL: Issues, https://bugs.example
Dynamic: Author"""


@pytest.fixture
def ann():
    return UserFactory(username="ann", trusted=True)


@pytest.fixture
def full(ann) -> Release:
    """A release of which everything is told."""
    options = {"metadata_version": "2.4", "extra_metadata": METADATA, "description": "# Hello"}
    return published("Gate.Keeper", uploader=ann, license_files={"LICENSE": "MIT"}, **options)


def document(client, path: str = "/pypi/gate-keeper/json") -> dict:
    response = client.get(path)
    assert response.status_code == 200, response.content
    return response.json()


# -- keys ----------------------------------------------------------------------------------------


def test_a_project_has_every_key_that_pypi_sends(client, full):
    told = document(client)
    assert set(told) == {
        *("info", "last_serial", "ownership", "releases", "urls", "vulnerabilities")
    }
    assert set(told["info"]) == set(INFO.split())
    assert set(told["urls"][0]) == set(FILE.split())


def test_a_release_has_the_same_keys_but_no_other_releases(client, full):
    project, release = document(client), document(client, "/pypi/gate-keeper/1.0/json")
    assert project.pop("releases") == {"1.0": project["urls"]}
    assert release == project


def test_metadata_is_told_as_the_artifact_has_it(client, full):
    info = document(client)["info"]
    assert info.pop("downloads") == {"last_day": 0, "last_week": 0, "last_month": 0}
    assert info == {
        "author": None,
        "author_email": "Ada <ada@example.org>",
        "bugtrack_url": "https://bugs.example",
        "classifiers": ["Topic :: Security"],
        "description": "# Hello",
        "description_content_type": None,
        "docs_url": "https://docs.example",
        "download_url": None,
        "dynamic": ["Author"],
        "home_page": None,
        "keywords": "gate,keeper",
        "license": None,
        "license_expression": "MIT",
        "license_files": ["LICENSE"],
        "maintainer": "Grace",
        "maintainer_email": None,
        "name": "Gate.Keeper",
        "package_url": "http://testserver/project/gate-keeper/",
        "platform": "linux",
        "project_url": "http://testserver/project/gate-keeper/",
        "project_urls": {"Docs": "https://docs.example", "Issues": "https://bugs.example"},
        "provides_extra": ["web"],
        "release_url": "http://testserver/project/gate-keeper/1.0/",
        "requires_dist": ['django; extra == "web"'],
        "requires_python": ">=3.9",
        "summary": "Small",
        "version": "1.0",
        "yanked": False,
        "yanked_reason": None,
    }


def test_a_file_is_told_with_digests_times_and_address(client, full):
    entry, file = document(client)["urls"][0], full.files.get()
    at = file.uploaded_at
    assert entry == {
        "comment_text": "",
        "core-metadata": {"sha256": file.metadata_sha256},
        "digests": {"md5": file.md5, "sha256": file.sha256, "blake2b_256": file.blake2b_256},
        "downloads": 0,
        "filename": file.filename,
        "has_sig": False,
        "md5_digest": file.md5,
        "packagetype": "bdist_wheel",
        "python_version": "py3",
        "requires_python": ">=3.9",
        "size": file.size,
        "upload_time": at.strftime("%Y-%m-%dT%H:%M:%S"),
        "upload_time_iso_8601": at.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "url": f"http://testserver/packages/{file.sha256}/{file.filename}",
        "yanked": False,
        "yanked_reason": None,
    }


def test_the_address_of_a_file_is_one_that_bandersnatch_takes_and_leads_to_it(client, full):
    file = full.files.get()
    answer = client.get(document(client)["urls"][0]["url"])
    assert (answer.status_code, answer["Location"]) == (301, file.get_absolute_url())


def test_downloads_are_numbers(client, full):
    key = downloads.Key(full.project_id, full.files.get().pk, downloads.today())
    downloads.add({key: 3})
    told = document(client)
    assert told["info"]["downloads"] == {"last_day": 3, "last_week": 3, "last_month": 3}
    assert told["urls"][0]["downloads"] == 3


def test_an_old_sdist_has_no_core_metadata(client):
    published("gate-keeper", sdist=True, metadata_version="2.1")
    entry = document(client)["urls"][0]
    assert (entry["core-metadata"], entry["python_version"]) == (False, "source")


def test_the_roles_are_told(client, full, ann):
    Role.objects.create(project=full.project, user=UserFactory(username="bob"), kind="maintainer")
    assert document(client)["ownership"] == {
        "organization": None,
        "roles": [{"role": "Owner", "user": "ann"}, {"role": "Maintainer", "user": "bob"}],
    }


# -- which release -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("versions", "yanked", "deleted", "shown"),
    [
        (["1.0", "2.0", "3.0rc1"], [], [], "2.0"),
        (["1.0", "2.0"], ["2.0"], [], "1.0"),
        (["1.0rc1", "1.0rc2"], [], [], "1.0rc2"),
        (["1.0", "2.0"], ["1.0", "2.0"], [], "2.0"),
        (["1.0", "2.0"], [], ["2.0"], "1.0"),
    ],
)
def test_the_shown_release_is_what_an_installer_takes(
    client, ann, versions, yanked, deleted, shown
):
    made = {version: published("gate-keeper", version, uploader=ann) for version in versions}
    for version in yanked:
        releases.yank(made[version], actor=SYSTEM)
    for version in deleted:
        files.delete(made[version].files.get(), actor=SYSTEM, reason="Gone.")
    told = document(client)
    assert told["info"]["version"] == shown
    assert list(told["releases"]) == versions


def test_a_yank_is_told_with_its_reason(client, full):
    releases.yank(full, actor=SYSTEM, reason="Leaks.")
    told = document(client)
    for yanked in (told["info"], told["urls"][0]):
        assert (yanked["yanked"], yanked["yanked_reason"]) == (True, "Leaks.")


def test_a_release_without_files_is_an_empty_list(client, full):
    files.delete(full.files.get(), actor=SYSTEM, reason="Gone.")
    assert document(client)["releases"] == {"1.0": []}


@pytest.mark.parametrize("spelling", ["1", "1.0.0", "v1.0"])
def test_a_version_is_found_in_any_spelling(client, full, spelling):
    assert document(client, f"/pypi/gate-keeper/{spelling}/json")["info"]["version"] == "1.0"


# -- HTTP ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/pypi/gate-keeper/json/", "/pypi/gate-keeper/1.0/json/"])
def test_a_final_slash_changes_nothing(client, full, path):
    assert document(client, path) == document(client, path.rstrip("/"))


@pytest.mark.parametrize("rest", ["json", "1.0/json"])
def test_another_spelling_is_sent_to_the_normalized_name(client, full, rest):
    response = client.get(f"/pypi/Gate_Keeper/{rest}")
    assert (response.status_code, response["Location"]) == (301, f"/pypi/gate-keeper/{rest}")
    assert response["Access-Control-Allow-Origin"] == "*"


@pytest.mark.parametrize("rest", ["json", "1.0/json"])
def test_a_former_name_leads_to_the_new_one(client, full, ann, rest):
    renames.rename(full.project, "door-keeper", actor=actor(ann))
    response = client.get(f"/pypi/gate-keeper/{rest}")
    assert (response.status_code, response["Location"]) == (301, f"/pypi/door-keeper/{rest}")
    assert document(client, f"/pypi/door-keeper/{rest}")["info"]["name"] == "door-keeper"


@pytest.mark.parametrize("path", ["/pypi/gate-keeper/json", "/pypi/gate-keeper/1.0/json"])
def test_headers_tell_mirrors_and_caches_what_they_need(client, full, path):
    response = client.get(path)
    full.project.refresh_from_db()
    assert response["Content-Type"] == "application/json"
    assert response["X-PyPI-Last-Serial"] == str(full.project.serial)
    assert response.json()["last_serial"] == full.project.serial
    assert response["Cache-Control"].startswith("public, max-age=")
    assert response["Access-Control-Allow-Origin"] == "*"
    assert response["Access-Control-Expose-Headers"] == "X-PyPI-Last-Serial"


def test_who_has_the_document_gets_304_for_one_query(client, full, django_assert_num_queries):
    etag = client.get("/pypi/gate-keeper/json")["ETag"]
    with django_assert_num_queries(1):
        response = client.get("/pypi/gate-keeper/json", headers={"if-none-match": etag})
    assert (response.status_code, response.content, response["ETag"]) == (304, b"", etag)


def test_a_change_ends_the_304(client, full):
    etag = client.get("/pypi/gate-keeper/json")["ETag"]
    releases.yank(full, actor=SYSTEM)
    response = client.get("/pypi/gate-keeper/json", headers={"if-none-match": etag})
    assert response.status_code == 200


def test_head_is_answered_and_post_is_not(client, full):
    head = client.head("/pypi/gate-keeper/json")
    assert (head.status_code, head.content) == (200, b"")
    assert client.post("/pypi/gate-keeper/json").status_code == 405


def test_a_document_costs_the_same_however_many_releases(
    client, ann, django_assert_max_num_queries
):
    for version in range(12):
        published("gate-keeper", f"{version}", uploader=ann)
        submit(ann, "gate-keeper", f"{version}", sdist=True)
    for path in ("/pypi/gate-keeper/json", "/pypi/gate-keeper/3/json"):
        with django_assert_max_num_queries(8):
            document(client, path)


# -- what may not be seen ------------------------------------------------------------------------


def nothing(client, path: str) -> None:
    response = client.get(path)
    assert (response.status_code, response.json()) == (404, {"message": "Not Found"})
    assert response["Content-Type"] == "application/json"
    assert response["Access-Control-Allow-Origin"] == "*"


@pytest.mark.parametrize("path", ["/pypi/demo/json", "/pypi/demo/1.0/json"])
def test_what_is_held_or_quarantined_is_not_found(client, path):
    nothing(client, path)
    stage = held("demo")
    nothing(client, path)
    stages.approve(stage, actor=actor(UserFactory()), reason="Fine.")
    assert client.get(path).status_code == 200
    projects.quarantine(stage.project, actor=SYSTEM, reason="Odd.")
    nothing(client, path)


@pytest.mark.parametrize("version", ["9.9", "banana"])
def test_an_unknown_version_is_not_found(client, full, version):
    nothing(client, f"/pypi/gate-keeper/{version}/json")


def test_a_name_published_without_files_is_not_found(client, full):
    project = full.project
    type(project).objects.create(
        name="empty", normalized_name="empty", published_at=project.published_at
    )
    nothing(client, "/pypi/empty/json")


# -- kept documents ------------------------------------------------------------------------------


def test_a_document_is_written_once_for_many_readers(client, full, django_assert_num_queries):
    first = client.get("/pypi/gate-keeper/json")
    with django_assert_num_queries(1):
        assert client.get("/pypi/gate-keeper/json").content == first.content
    releases.yank(full, actor=SYSTEM)
    assert document(client)["info"]["yanked"] is True


def test_each_address_of_the_site_has_documents_of_its_own(client, full, settings):
    settings.ALLOWED_HOSTS = ["one.example", "two.example"]
    for host in settings.ALLOWED_HOSTS:
        told = client.get("/pypi/gate-keeper/json", headers={"host": host}).json()
        assert told["urls"][0]["url"].startswith(f"http://{host}/packages/")


@pytest.mark.parametrize(
    ("accepted", "coding", "decode"),
    [
        ("gzip, deflate", "gzip", gzip.decompress),
        ("zstd, gzip", "zstd", zstandard.decompress),
        ("identity", None, bytes),
        ("", None, bytes),
    ],
)
def test_a_document_comes_in_the_coding_that_the_client_takes(
    client, full, accepted, coding, decode
):
    plain = client.get("/pypi/gate-keeper/json")
    response = client.get("/pypi/gate-keeper/json", headers={"accept-encoding": accepted})
    assert response.headers.get("Content-Encoding") == coding
    assert decode(response.content) == plain.content
    assert response["Vary"] == "Accept-Encoding"
    assert (response["ETag"] == plain["ETag"]) is (coding is None)


def test_addresses_of_files_are_those_of_the_site(client, full):
    entry, file = document(client)["urls"][0], full.files.get()
    path = reverse("mirrored-file", args=[file.sha256, file.filename])
    assert entry["url"] == f"http://testserver{path}"
    assert client.get(path)["Location"] == file.get_absolute_url()


# -- the database is away ------------------------------------------------------------------------

PATHS = ["/pypi/gate-keeper/json", "/pypi/gate-keeper/1.0/json"]


@pytest.fixture
def no_database(monkeypatch):
    """A function that takes it away."""

    def fail(name, to):
        raise OperationalError("gone")

    def begin():
        monkeypatch.setattr(access, "known_project", fail)
        legacy_json_documents.kept.clear()  # as another process, or after a restart

    return begin


@pytest.mark.parametrize("path", PATHS)
def test_without_the_database_documents_are_told_as_they_were(client, full, no_database, path):
    before = client.get(path)
    no_database()
    after = client.get(path)
    assert (after.status_code, after.content) == (200, before.content)
    assert after["ETag"] == before["ETag"]
    assert client.get(path, headers={"if-none-match": after["ETag"]}).status_code == 304


def test_then_addresses_are_those_that_are_asked(client, full, no_database, settings):
    settings.ALLOWED_HOSTS = ["testserver", "two.example"]
    document(client)
    no_database()
    told = client.get("/pypi/gate-keeper/json", headers={"host": "two.example"}).json()
    assert told["urls"][0]["url"].startswith("http://two.example/packages/")
    assert "here.invalid" not in str(told)


def test_a_version_is_found_in_any_spelling_then_too(client, full, no_database):
    before = document(client, "/pypi/gate-keeper/1.0/json")
    no_database()
    assert document(client, "/pypi/gate-keeper/1.0.0/json") == before


def test_what_was_never_told_waits_for_the_database(client, full, no_database):
    no_database()
    response = client.get("/pypi/gate-keeper/json")
    assert response.status_code == 503
    assert response["Retry-After"]
    assert client.get("/pypi/gate-keeper/not-one/json").status_code == 404


@pytest.mark.parametrize("path", PATHS)
def test_what_was_found_to_be_hidden_is_not_told_then(client, full, no_database, path):
    document(client, path)
    projects.quarantine(full.project, actor=SYSTEM, reason="Malware")
    nothing(client, path)
    no_database()
    assert client.get(path).status_code == 503


def test_a_document_is_written_once_for_all_processes(
    client, full, monkeypatch, django_assert_num_queries
):
    document(client)
    legacy_json_documents.kept.clear()
    with django_assert_num_queries(1):
        assert document(client)["info"]["version"] == "1.0"
