"""Whoever installs: pip from the oldest supported to the newest, uv, poetry and pdm."""

from __future__ import annotations

import importlib.metadata
import re
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.factories.dists import make_sdist, make_wheel, wheel_filename
from tests.protocol.clients import sha256
from tests.protocol.conftest import People
from tests.protocol.readers.reading import Locker, Pdm, Pip, Poetry, Uv
from tests.protocol.server import Server

pytestmark = pytest.mark.protocol

_OLD = pytest.mark.skipif(sys.version_info >= (3, 12), reason="starts on no newer Python")
PIPS = [
    pytest.param("pip-oldest", marks=_OLD),
    pytest.param("pip-23.0", marks=_OLD),
    "pip-newest",
]
LOCKERS = {"uv": Uv, "poetry": Poetry, "pdm": Pdm}
BROKEN = "Broken, take 1.1"
YANK = f"""
from accounts.actors import SYSTEM
from packages import releases
from packages.models import Release
release = Release.objects.get(project__normalized_name="reader-base", version="1.2")
releases.yank(release, actor=SYSTEM, reason={BROKEN!r})
"""


@dataclass(frozen=True)
class Shelf:
    """What lies on the index; `early` is a moment between the uploads of 1.0 and of the rest."""

    paths: dict[str, Path]
    early: str

    def hashed(self, *filenames: str) -> str:
        """Requirements with a hash for each file."""
        lines = []
        for filename in filenames:
            name, version = filename.split("-")[:2]
            digest = sha256(self.paths[filename])
            lines.append(f"{name.replace('_', '-')}=={version} --hash=sha256:{digest}\n")
        return "".join(lines)


@pytest.fixture(scope="module")
def shelf(live: Server, people: People, tmp_path_factory: pytest.TempPathFactory) -> Shelf:
    """``reader-top`` needs ``reader-base``, whose 1.2 is yanked and whose 2.0 needs Python 99."""
    folder = tmp_path_factory.mktemp("shelf")
    first = make_wheel(folder, "reader-base", "1.0")
    late = [
        make_wheel(folder, "reader-base", "1.1"),
        make_sdist(folder, "reader-base", "1.1"),
        make_wheel(folder, "reader-base", "1.2"),
        make_wheel(folder, "reader-base", "2.0", extra_metadata="Requires-Python: >=99"),
        make_wheel(folder, "Reader.Top", "1.0", requires=["Reader_Base>=1"]),
    ]
    put(live, people, first)
    time.sleep(1.1)
    early = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    for path in late:
        put(live, people, path)
    live.script(YANK)
    return Shelf({path.name: path for path in (first, *late)}, early)


def put(live: Server, people: People, path: Path) -> None:
    answer = live.index.upload(path, people.trusted)
    assert answer.status == 200, answer.text


@pytest.fixture(params=PIPS)
def pip(request: pytest.FixtureRequest, live: Server, shelf: Shelf, tmp_path: Path) -> Pip:
    home = tmp_path / "home"
    home.mkdir()
    return Pip(live.url, home, requirements=request.param)


@pytest.fixture(params=LOCKERS)
def locker(request: pytest.FixtureRequest, live: Server, shelf: Shelf, tmp_path: Path) -> Locker:
    return LOCKERS[request.param](live.url, tmp_path / "home")


def installed(target: Path) -> dict[str, str]:
    found = importlib.metadata.distributions(path=[str(target)])
    return {re.sub("[-_.]+", "-", item.metadata["Name"]).lower(): item.version for item in found}


# -- every pip -----------------------------------------------------------------------------------


def test_every_pip_installs_what_fits_STA_8_YNK_1(pip: Pip, tmp_path: Path):  # noqa: N802
    done = pip("install", "--target", tmp_path / "t", "reader-top")
    assert done.returncode == 0, done.stdout
    assert installed(tmp_path / "t") == {"reader-top": "1.0", "reader-base": "1.1"}


def test_every_pip_installs_a_pinned_yanked_version_and_shows_why(pip: Pip, tmp_path: Path):
    done = pip("install", "--target", tmp_path / "t", "reader-base==1.2")
    assert done.returncode == 0, done.stdout
    assert installed(tmp_path / "t") == {"reader-base": "1.2"}
    assert BROKEN in done.stdout


def test_every_pip_downloads_with_required_hashes(pip: Pip, shelf: Shelf, tmp_path: Path):
    wanted = [wheel_filename("Reader.Top", "1.0"), wheel_filename("reader-base", "1.1")]
    (tmp_path / "r.txt").write_text(shelf.hashed(*wanted))
    arguments = ("--require-hashes", "--dest", tmp_path / "d", "-r", tmp_path / "r.txt")
    done = pip("download", *arguments)
    assert done.returncode == 0, done.stdout
    got = {path.name: path.read_bytes() for path in (tmp_path / "d").iterdir()}
    assert got == {name: shelf.paths[name].read_bytes() for name in wanted}


def test_every_pip_refuses_other_bytes_than_the_hash_says(pip: Pip, tmp_path: Path):
    (tmp_path / "r.txt").write_text(f"reader-base==1.1 --hash=sha256:{'0' * 64}\n")
    done = pip("download", "--require-hashes", "--dest", tmp_path / "d", "-r", tmp_path / "r.txt")
    assert done.returncode != 0
    assert "DO NOT MATCH" in done.stdout


@pytest.mark.parametrize("pip", PIPS[1:], indirect=True)
def test_pip_index_lists_the_versions(pip: Pip):
    done = pip("index", "versions", "reader-base")
    assert done.returncode == 0, done.stdout
    assert "Available versions: 1.1, 1.0" in done.stdout


@pytest.mark.parametrize("pip", PIPS[-1:], indirect=True)
def test_pip_takes_nothing_newer_than_it_is_told_JSN_7(  # noqa: N802
    pip: Pip, shelf: Shelf, tmp_path: Path
):
    until = ("--uploaded-prior-to", shelf.early)
    done = pip("install", "--target", tmp_path / "t", *until, "reader-base")
    assert done.returncode == 0, done.stdout
    assert installed(tmp_path / "t") == {"reader-base": "1.0"}


# -- tools that lock -----------------------------------------------------------------------------


def test_a_project_is_locked_and_installed(locker: Locker, shelf: Shelf):
    locker.require("reader-top")
    done = locker.lock()
    assert done.returncode == 0, done.stdout
    for filename in ("reader_base-1.1-py3-none-any.whl", "reader_base-1.1.tar.gz"):
        assert sha256(shelf.paths[filename]) in locker.locked
    done = locker.install()
    assert done.returncode == 0, done.stdout
    assert {"reader-top": "1.0", "reader-base": "1.1"}.items() <= installed(locker.packages).items()


def test_a_yanked_version_is_locked_when_it_is_pinned(locker: Locker, shelf: Shelf):
    locker.require("reader-base==1.2")
    done = locker.lock()
    assert done.returncode == 0, done.stdout
    assert sha256(shelf.paths["reader_base-1.2-py3-none-any.whl"]) in locker.locked


def test_uv_locks_nothing_newer_than_it_is_told_JSN_4_JSN_7(  # noqa: N802
    live: Server, shelf: Shelf, tmp_path: Path
):
    uv = Uv(live.url, tmp_path / "home")
    uv.require("reader-base")
    done = uv.lock("--exclude-newer", shelf.early)
    assert done.returncode == 0, done.stdout
    wheel = shelf.paths["reader_base-1.0-py3-none-any.whl"]
    assert f"size = {wheel.stat().st_size}" in uv.locked
    assert "upload-time" in uv.locked
    assert "1.1" not in uv.locked
