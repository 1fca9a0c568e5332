"""Assertions that no other test of the wire names: private keys, tracks, yanks of one file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.factories.dists import make_sdist, make_wheel
from tests.protocol.clients import JSON, Answer, upload_headers
from tests.protocol.conftest import People
from tests.protocol.server import Server

pytestmark = pytest.mark.protocol

PATHS = ("/simple/", "/simple/conforming/")
# PEP 691, 700, 714, 740, 792, by where they stand.
STANDARD = {
    "page": {"meta", "projects", "name", "files", "versions", "project-status"},
    "meta": {"api-version"},
    "projects": {"name"},
    "project-status": {"status", "reason"},
    "files": {
        *("filename", "url", "hashes", "size", "upload-time", "yanked", "core-metadata"),
        *("requires-python", "gpg-sig", "dist-info-metadata", "provenance"),
    },
}


@pytest.fixture(scope="module")
def paths(live: Server, people: People, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """A wheel and an sdist of one release, on the index."""
    folder = tmp_path_factory.mktemp("conforming")
    made = [make_wheel(folder, "conforming"), make_sdist(folder, "conforming")]
    for path in made:
        assert live.index.upload(path, people.trusted).status == 200
    return made


def keys(value: Any, place: str = "page") -> set[tuple[str, str]]:
    """Every key of a page with the place where it stands."""
    if isinstance(value, list):
        return {pair for item in value for pair in keys(item, place)}
    if not isinstance(value, dict) or place in ("hashes", "core-metadata"):
        return set()
    below = {pair for key, item in value.items() for pair in keys(item, key)}
    return below | {(place, key) for key in value}


@pytest.mark.usefixtures("paths")
@pytest.mark.parametrize("path", PATHS)
def test_every_key_is_of_the_standard_or_starts_with_an_underscore_MIR_5(  # noqa: N802
    live: Server, path: str
):
    found = keys(live.get(path, accept=JSON).json)
    assert ("meta", "_last-serial") in found
    ours = {key for place, key in found if key not in STANDARD[place]}
    assert {key for key in ours if not key.startswith("_")} == set()


@pytest.mark.usefixtures("paths")
@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("accept", [JSON, "text/html"])
def test_no_page_tells_of_tracks_TRK_1(live: Server, path: str, accept: str):  # noqa: N802
    text = live.get(path, accept=accept).text
    assert "conforming" in text
    for word in ("tracks", "alternate-locations"):
        assert f'"{word}"' not in text
        assert f"pypi:{word}" not in text


def post(live: Server, people: People, path: str, reason: str = "") -> Answer:
    headers = {**upload_headers(people.trusted), "Content-Type": "application/json"}
    body = json.dumps({"reason": reason})
    return live.index.ask("POST", f"/api/v1/projects/conforming/{path}", body, headers)


def yanks(live: Server) -> dict[str, str | bool]:
    return {name: file["yanked"] for name, file in live.index.files("conforming").items()}


def test_a_file_is_yanked_alone_and_a_release_as_a_whole_YNK_4(  # noqa: N802
    live: Server, people: People, paths: list[Path]
):
    wheel, sdist = (path.name for path in paths)
    assert post(live, people, f"files/{wheel}/yank/", "Broken wheel").status == 200
    assert yanks(live) == {wheel: "Broken wheel", sdist: False}
    assert post(live, people, f"files/{wheel}/unyank/").status == 200
    assert post(live, people, "releases/1.0/yank/", "Broken release").status == 200
    assert yanks(live) == {wheel: "Broken release", sdist: "Broken release"}
    assert post(live, people, "releases/1.0/unyank/").status == 200
    assert yanks(live) == {wheel: False, sdist: False}
