"""A renamed project, asked for under either name by the installers that people have."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.factories.dists import make_wheel
from tests.protocol.clients import Index, Tools
from tests.protocol.conftest import People
from tests.protocol.server import Server

pytestmark = pytest.mark.protocol


@pytest.fixture(scope="module")
def renamed(live: Server, people: People, tmp_path_factory: pytest.TempPathFactory) -> Index:
    """``former-name`` 1.0 was published; the project is ``present-name`` now, and has 2.0."""
    folder, client = tmp_path_factory.mktemp("dists"), Index("127.0.0.1", live.port)
    old, new = make_wheel(folder, "former-name"), make_wheel(folder, "present-name", "2.0")
    assert client.upload(old, people.trusted).status == 200
    assert rename(client, people.trusted, "former-name", "present-name")["name"] == "present-name"
    assert client.upload(new, people.trusted).status == 200
    return client


def rename(client: Index, token: str, name: str, wanted: str):
    return post(client, token, f"/api/v1/projects/{name}/rename/", {"name": wanted})


def post(client: Index, token: str, path: str, body: dict):
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    answer = client.ask("POST", path, json.dumps(body).encode(), headers)
    assert answer.status == 200, answer.text
    return answer.json


@pytest.mark.parametrize("tool", ["pip", "uv"])
@pytest.mark.parametrize(
    ("name", "version"), [("former-name", "1.0"), ("Former_Name", "1.0"), ("present-name", "2.0")]
)
def test_installers_find_both_names(renamed, tools: Tools, tmp_path: Path, tool, name, version):
    target = tmp_path / "site"
    options = ["--no-deps", "--target", target, name]
    done = tools.pip("install", *options) if tool == "pip" else tools.uv_install(*options)
    assert done.returncode == 0, done.stdout
    expected = name.lower().replace("-", "_")
    assert (target / f"{expected}-{version}.dist-info").is_dir(), done.stdout


def test_twine_is_told_the_new_name(renamed, tools: Tools, tmp_path: Path):
    done = tools.twine(make_wheel(tmp_path, "former-name", "3.0"))
    assert done.returncode == 1
    assert "former-name is called present-name now" in done.stdout


@pytest.mark.parametrize(
    ("path", "target"),
    [
        ("/simple/former-name/", "/simple/present-name/"),
        (
            "/simple/former-name/?format=application/vnd.pypi.simple.v1+json",
            "/simple/present-name/?format=application/vnd.pypi.simple.v1+json",
        ),
        ("/legacy/+simple/former-name/", "/legacy/+simple/present-name/"),
        ("/pypi/former-name/json", "/pypi/present-name/json"),
        ("/pypi/former-name/1.0/json", "/pypi/present-name/1.0/json"),
        ("/feeds/project/former-name/releases.atom", "/feeds/project/present-name/releases.atom"),
        ("/rss/project/former-name/releases.xml", "/rss/project/present-name/releases.xml"),
        ("/api/v1/projects/former-name/", "/api/v1/projects/present-name/"),
        ("/api/v1/projects/former-name/downloads/", "/api/v1/projects/present-name/downloads/"),
        ("/project/former-name/", "/project/present-name/"),
        ("/project/former-name/1.0/", "/project/present-name/1.0/"),
    ],
)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_every_door_leads_from_the_former_name_to_the_present_one(renamed, method, path, target):
    answer = renamed.ask(method, path)
    assert (answer.status, answer.headers["Location"]) == (301, target)
    assert answer.headers["Cache-Control"] == "public, max-age=60"
    assert renamed.ask(method, target).status == 200


def test_a_redirect_that_is_switched_off_is_not_found_and_can_come_back(
    renamed, people: People, tmp_path: Path
):
    path = "/api/v1/projects/present-name/former-names/former-name/"
    post(renamed, people.trusted, path, {"redirects": False})
    for door in ("/simple/former-name/", "/pypi/former-name/json", "/project/former-name/"):
        assert renamed.get(door).status == 404
    other = renamed.upload(make_wheel(tmp_path, "former-name", "9.0"), people.keeper)
    assert (other.status, "belongs to somebody else" in other.text) == (403, True)
    post(renamed, people.trusted, path, {"redirects": True})
    assert renamed.get("/simple/former-name/").status == 301
