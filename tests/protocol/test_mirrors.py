"""bandersnatch mirrors us, by XML-RPC and by the simple API (MIR-1 to MIR-3)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.factories.dists import make_sdist, make_wheel
from tests.protocol.clients import sha256
from tests.protocol.readers.bandersnatch import MODES, Mirror
from tests.protocol.server import Server, serving

pytestmark = pytest.mark.protocol

YANK = """
from accounts.actors import SYSTEM
from packages import releases
from packages.models import Release
release = Release.objects.get(project__normalized_name={name!r}, version="1.0")
releases.yank(release, actor=SYSTEM, reason="Broken.")
"""
DELETE = """
from accounts.actors import SYSTEM
from packages import files
from packages.models import File
file = File.objects.get(release__project__normalized_name={name!r})
files.delete(file, actor=SYSTEM, reason="Gone.")
"""
QUARANTINE = """
from accounts.actors import SYSTEM
from packages import projects
from packages.models import Project
project = Project.objects.get(normalized_name={name!r})
projects.quarantine(project, actor=SYSTEM, reason="Looks bad.")
"""


@dataclass(frozen=True)
class Origin:
    """What is mirrored, and somebody who may change it."""

    server: Server
    token: str
    folder: Path

    def upload(self, *paths: Path) -> None:
        for path in paths:
            answer = self.server.index.upload(path, self.token)
            assert answer.status == 200, answer.text

    def digests(self) -> dict[str, str]:
        """Every file that we offer, by its name."""
        root = self.server.get("/simple/", accept="application/vnd.pypi.simple.v1+json").json
        names = [re.sub("[-_.]+", "-", project["name"]).lower() for project in root["projects"]]
        pages = [self.server.index.files(name) for name in names]
        return {name: file["hashes"]["sha256"] for page in pages for name, file in page.items()}

    @property
    def serial(self) -> int:
        return int(self.server.get("/simple/").headers["X-PyPI-Last-Serial"])


@pytest.fixture(scope="module")
def origin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Origin]:
    """An index of its own: a mirror takes everything, and other tests change theirs."""
    folder = tmp_path_factory.mktemp("origin")
    settings = {"GATEHOUSE_HOLD": "nobody", "GATEHOUSE_ACCESS_LOG": "1"}
    with serving(folder / "data", **settings) as server:
        yield Origin(server, server.bootstrap(), folder)


@pytest.fixture(scope="module", params=MODES)
def mirror(request: pytest.FixtureRequest, origin: Origin) -> Mirror:
    """A mirror of some projects, which have its mode in their names."""
    mode, folder = request.param, origin.folder / request.param
    names = [f"Mirror.{mode}.{word}" for word in ("changes", "yanked", "gone", "bad")]
    origin.upload(*(make_wheel(folder, name) for name in names))
    origin.upload(make_sdist(folder, names[0]), make_wheel(folder, f"{mode}-untouched"))
    origin.server.script(YANK.format(name=f"mirror-{mode}-yanked"))
    mirror = Mirror(origin.server.url, folder / "home", mode=mode)
    followed(mirror, origin)
    return mirror


def followed(mirror: Mirror, origin: Origin) -> list[str]:
    """Let the mirror follow; returns what it asked for."""
    before = len(origin.server.requests())
    done = mirror.run()
    assert done.returncode == 0, done.stdout
    assert mirror.serial == origin.serial, done.stdout
    return origin.server.requests(before)


def test_a_full_mirror_has_all_our_files_byte_for_byte_MIR_1(  # noqa: N802
    mirror: Mirror, origin: Origin
):
    mirrored = {name: sha256(data) for name, data in mirror.files().items()}
    assert len(mirrored) >= 6
    assert mirrored == origin.digests()


def test_a_mirror_says_what_is_yanked_and_why_YNK_2(mirror: Mirror):  # noqa: N802
    """The reason stands in its copy of our JSON only."""
    name = f"mirror-{mirror.mode}-yanked"
    [file] = json.loads(mirror.page(name))["files"]
    assert file["yanked"]
    [told] = json.loads((mirror.web / "json" / name).read_text())["urls"]
    assert (told["yanked"], told["yanked_reason"]) == (True, "Broken.")


def test_a_mirror_that_has_everything_fetches_no_file_MIR_2(  # noqa: N802
    mirror: Mirror, origin: Origin
):
    asked = followed(mirror, origin)
    assert [line for line in asked if "/packages/" in line or line.endswith("/json")] == []


def test_an_upload_is_all_that_the_next_run_fetches_MIR_2(  # noqa: N802
    mirror: Mirror, origin: Origin
):
    name = f"mirror-{mirror.mode}-changes"
    before = origin.serial
    path = make_wheel(origin.folder / mirror.mode, name, "1.1")
    origin.upload(path)
    assert origin.serial > before
    asked = followed(mirror, origin)
    fetched = [line.rpartition("/")[2] for line in asked if "/packages/" in line]
    assert fetched == [path.name]
    assert [line for line in asked if line.endswith("/json")] == [f"GET /pypi/{name}/json"]
    assert mirror.files()[path.name] == path.read_bytes()


def test_a_deletion_reaches_the_mirror_MIR_3(mirror: Mirror, origin: Origin):  # noqa: N802
    name, before = f"mirror-{mirror.mode}-gone", origin.serial
    assert json.loads(mirror.page(name))["files"]
    origin.server.script(DELETE.format(name=name))
    assert origin.serial > before
    followed(mirror, origin)
    assert json.loads(mirror.page(name))["files"] == []


def test_a_quarantined_project_is_not_to_be_had_MIR_3_STA_3(  # noqa: N802
    mirror: Mirror, origin: Origin
):
    name, before = f"mirror-{mirror.mode}-bad", origin.serial
    origin.server.script(QUARANTINE.format(name=name))
    assert origin.serial > before
    asked = followed(mirror, origin)
    assert [line for line in asked if "/packages/" in line] == []
    assert origin.server.get(f"/pypi/{name}/json").status == 404
