"""The JSON API: ``/api/v1/projects/``."""

from __future__ import annotations

import pytest

from accounts.actors import SYSTEM
from packages import files, projects, releases
from packages.models import Project
from pypi_site.lib import rest
from tests.factories.index import held, published, submit
from tests.factories.people import UserFactory

pytestmark = pytest.mark.django_db
LIST = "/api/v1/projects/"


def test_an_empty_index_lists_nothing(client):
    response = client.get(LIST)
    assert (response.status_code, response["Content-Type"]) == (200, "application/json")
    assert response.json() == {"next": None, "previous": None, "results": []}


def test_the_list_shows_every_project_by_name(client):
    for name in ("zebra", "Apple", "mango.pie"):
        published(name)
    results = client.get(LIST).json()["results"]
    assert [item["name"] for item in results] == ["Apple", "mango.pie", "zebra"]
    assert set(results[0]) == {
        "name",
        "normalized_name",
        "private",
        "status",
        "status_reason",
        "successor",
        "published_at",
        "serial",
    }
    assert results[1]["serial"] == Project.objects.get(normalized_name="mango-pie").serial


def test_the_list_is_read_page_by_page_and_no_project_is_missed_or_shown_twice(client):
    names = [f"p{number}" for number in range(7)]
    owner = UserFactory(trusted=True)
    for name in names:
        submit(owner, name)
    seen, address = [], f"{LIST}?page_size=3"
    pages = 0
    while address:
        body = client.get(address).json()
        seen += [item["name"] for item in body["results"]]
        address, pages = body["next"], pages + 1
    assert (seen, pages) == (names, 3)


@pytest.mark.parametrize("size", ["0", "-1", "x", "100000", "9" * 5000, "%00"])
def test_an_odd_page_size_is_read_as_well_as_can_be(client, size):
    published()
    response = client.get(f"{LIST}?page_size={size}")
    assert response.status_code == 200
    assert len(response.json()["results"]) == 1


@pytest.mark.parametrize("cursor", ["x", "%00", "cD0lMDA=", "bz0tMQ==", "é"])
def test_a_broken_cursor_is_a_problem_and_no_error(client, cursor):
    response = client.get(f"{LIST}?cursor={cursor}")
    assert response.status_code in (200, 404)
    if response.status_code == 404:
        assert response["Content-Type"] == "application/problem+json"


def test_a_project_shows_its_releases_newest_first_with_their_files(client):
    owner = UserFactory(trusted=True)
    for version in ("1.0", "1.10", "1.9"):
        submit(owner, version=version, extra_metadata=f"Summary: number {version}")
    submit(owner, version="1.9", sdist=True)
    body = client.get(f"{LIST}demo/").json()
    assert [release["version"] for release in body["releases"]] == ["1.10", "1.9", "1.0"]
    assert body["releases"][0]["summary"] == "number 1.10"
    wheel, sdist = body["releases"][1]["files"]
    assert (wheel["filetype"], sdist["filetype"]) == ("bdist_wheel", "sdist")
    assert sdist["filename"] == "demo-1.9.tar.gz"
    assert (len(sdist["sha256"]), len(sdist["blake2b_256"])) == (64, 64)
    download = client.get(sdist["url"])
    assert len(b"".join(download.streaming_content)) == sdist["size"]


@pytest.mark.parametrize("spelling", ["Demo.Pkg", "demo_pkg", "demo-pkg", "DEMO--PKG"])
def test_a_project_is_found_by_any_spelling(client, spelling):
    published("Demo.Pkg")
    response = client.get(f"{LIST}{spelling}/")
    assert response.status_code == 200
    assert response.json()["normalized_name"] == "demo-pkg"


@pytest.mark.parametrize("name", ["absent", "waiting", "demo-", "a" * 500])
def test_an_unknown_project_is_a_problem_that_programs_can_read(client, name):
    held("waiting")
    response = client.get(f"{LIST}{name}/")
    assert (response.status_code, response["Content-Type"]) == (404, "application/problem+json")
    body = response.json()
    assert (body["status"], body["code"], body["title"]) == (404, "not-found", "Not found")
    assert body["detail"].endswith(".")
    assert body["type"].endswith("#not-found")


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_nothing_is_written_through_the_api(client, method):
    published()
    client.force_login(UserFactory())
    response = getattr(client, method)(LIST, {}, content_type="application/json")
    assert (response.status_code, response["Content-Type"]) == (405, "application/problem+json")
    assert response.json()["code"] == "method-not-allowed"
    assert response.json()["status"] == 405


def test_a_type_that_is_not_offered_is_a_problem(client):
    response = client.get(LIST, headers={"accept": "text/html"})
    assert response.status_code == 406
    assert response["Content-Type"] == "application/problem+json"
    assert response.json()["code"] == "not-acceptable"


def test_a_format_that_is_not_offered_is_a_problem(client):
    response = client.get("/api/v1/projects.xml")
    assert (response.status_code, response["Content-Type"]) == (404, "application/problem+json")
    assert response.json()["code"] == "not-found"


def test_an_error_of_ours_is_not_dressed_up_as_a_refusal():
    assert rest.handle_exception(ValueError("ours"), {}) is None


def test_yanks_and_deletions_show(client):
    owner = UserFactory(trusted=True)
    submit(owner, version="1.0", sdist=True)
    wheel = published(version="1.0", uploader=owner).files.get(filetype="bdist_wheel")
    files.delete(wheel, actor=SYSTEM, reason="broken")
    releases.yank(wheel.release, actor=SYSTEM, reason="broken, too")
    (release,) = client.get(f"{LIST}demo/").json()["releases"]
    assert release["yanked_reason"] == "broken, too"
    assert [(file["filename"], file["yanked"]) for file in release["files"]] == [
        ("demo-1.0.tar.gz", "broken, too")
    ]


def test_a_quarantined_project_shows_its_status_and_nothing_else(client):
    project = published().project
    projects.quarantine(project, actor=SYSTEM, reason="malware")
    body = client.get(f"{LIST}demo/").json()
    assert (body["status"], body["status_reason"]) == ("quarantined", "malware")
    assert body["releases"] == []
    assert client.get(LIST).json()["results"] == []


def test_the_cost_of_an_answer_does_not_grow(client, django_assert_num_queries):
    owner = UserFactory(trusted=True)
    submit(owner, version="1.0")
    with django_assert_num_queries(6):
        client.get(f"{LIST}demo/")
    with django_assert_num_queries(1):
        client.get(LIST)
    for number in range(2, 8):
        submit(owner, version=f"{number}.0")
        submit(owner, version=f"{number}.0", sdist=True)
        submit(owner, f"other-{number}")
    with django_assert_num_queries(6):
        client.get(f"{LIST}demo/")
    with django_assert_num_queries(1):
        client.get(LIST)
