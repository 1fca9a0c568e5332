"""twine and uv up, pip and uv down: every byte comes back, from this index alone."""

from __future__ import annotations

import importlib.metadata
import json
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import pytest
from packaging.tags import sys_tags
from packaging.version import Version
from twine.commands.upload import skip_upload

from tests.factories.dists import make_sdist, make_wheel, wheel_filename
from tests.protocol.clients import Tools, sha256
from tests.protocol.conftest import People, tools_for
from tests.protocol.server import Server, eventually

pytestmark = pytest.mark.protocol

YANK = """
from accounts.actors import SYSTEM
from packages import releases
from packages.models import Release
release = Release.objects.get(project__normalized_name={name!r}, version={version!r})
releases.yank(release, actor=SYSTEM, reason={reason!r})
"""
APPROVE = """
from accounts.actors import Actor
from accounts.models import User
from moderation import decisions
from packages.models import Stage
stage = Stage.objects.held().get(project__normalized_name={name!r})
decisions.approve(stage, actor=Actor(user=User.objects.get(username="keeper")), reason="Fine.")
"""
DISTRUST = """
from django.db import transaction
from accounts import people
from accounts.actors import SYSTEM
from accounts.models import User
with transaction.atomic():
    people.distrust(User.objects.get(username="applicant"), actor=SYSTEM, reason="Again.")
"""
# A build backend that travels in the sdist, so that building it takes nothing from any index.
BACKEND = """
import pathlib, shutil
def build_wheel(directory, config_settings=None, metadata_directory=None):
    [wheel] = pathlib.Path("prebuilt").iterdir()
    shutil.copy(wheel, directory)
    return wheel.name
"""
PYPROJECT = '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
BROKEN_WHEEL = "Broken wheel, use 1.1"


@dataclass(frozen=True)
class Family:
    """Distributions that need each other, published by one tool."""

    prefix: str
    paths: tuple[Path, ...]
    output: str

    def name(self, suffix: str) -> str:
        return f"{self.prefix}-{suffix}"

    @property
    def installed(self) -> dict[str, str]:
        """What installing the top project brings, by normalized name."""
        versions = {"top": "2.0", "dotted-name": "1.0", "capitals": "1.1"}
        versions |= {"native": "1.0", "source": "1.0"}
        return {self.name(suffix): version for suffix, version in versions.items()}


def native_tag() -> str:
    """The first tag of this interpreter that an index takes (no bare ``linux_x86_64``)."""
    return next(str(tag) for tag in sys_tags() if not tag.platform.startswith("linux_"))


def make_family(folder: Path, prefix: str) -> tuple[Path, ...]:
    """Dots, capitals, several versions, a binary wheel, an sdist, all depending on each other."""
    newer_python = "Requires-Python: >=99"
    top = [f"{prefix}_Dotted.Name>=1", f"{prefix}.CAPITALS~=1.0", f"{prefix}-native"]
    return (
        make_wheel(folder, f"{prefix}.Top", "1.0"),
        make_wheel(folder, f"{prefix}.Top", "2.0", requires=[*top, f"{prefix}-source[extra]"]),
        make_wheel(folder, f"{prefix}.dotted.Name", "1.0", extra_metadata="Requires-Python: >=3.8"),
        make_sdist(folder, f"{prefix}.dotted.Name", "1.0"),
        make_wheel(folder, f"{prefix}.dotted.Name", "2.0", extra_metadata=newer_python),
        make_wheel(folder, f"{prefix}-CAPITALS", "1.0"),
        make_wheel(folder, f"{prefix}-CAPITALS", "1.1"),
        make_wheel(folder, f"{prefix}-CAPITALS", "1.2"),
        make_wheel(folder, f"{prefix}-native", "1.0", tag=native_tag(), build="7"),
        source_only(folder, f"{prefix}-source"),
    )


def source_only(folder: Path, name: str) -> Path:
    """An sdist whose backend unpacks the wheel that it carries."""
    extra = "Provides-Extra: extra"
    wheel = make_wheel(folder / "prebuilt", name, extra_metadata=extra)
    path = make_sdist(
        folder,
        name,
        files={"backend.py": BACKEND, f"prebuilt/{wheel.name}": wheel.read_bytes()},
        extra_metadata=extra,
        replace={"*/pyproject.toml": PYPROJECT},
    )
    shutil.rmtree(wheel.parent)
    return path


@pytest.fixture(scope="module", params=["twine", "uv"])
def family(
    request: pytest.FixtureRequest,
    live: Server,
    people: People,
    tmp_path_factory: pytest.TempPathFactory,
) -> Family:
    """The family as `twine upload` or `uv publish` brings it; its newest CAPITALS is yanked."""
    folder, prefix = tmp_path_factory.mktemp(request.param), f"by-{request.param}"
    tools = tools_for(live, people.trusted, folder / "home")
    paths = make_family(folder / "dist", prefix)
    publish = tools.twine if request.param == "twine" else tools.uv_publish
    done = publish(*paths)
    assert done.returncode == 0, done.stdout
    yanked = {"name": f"{prefix}-capitals", "version": "1.2", "reason": BROKEN_WHEEL}
    live.script(YANK.format(**yanked))
    return Family(prefix, paths, done.stdout)


def installed(target: Path) -> dict[str, str]:
    found = importlib.metadata.distributions(path=[str(target)])
    return {item.metadata["Name"].lower().replace(".", "-"): item.version for item in found}


# -- down ----------------------------------------------------------------------------------------


def test_pip_installs_a_project_with_its_dependencies(family: Family, tools: Tools, tmp_path: Path):
    done = tools.pip("install", "--target", tmp_path / "t", family.name("top"))
    assert done.returncode == 0, done.stdout
    assert installed(tmp_path / "t") == family.installed


def test_uv_installs_a_project_with_its_dependencies(family: Family, tools: Tools, tmp_path: Path):
    done = tools.uv_install("--target", tmp_path / "t", family.name("top"))
    assert done.returncode == 0, done.stdout
    assert installed(tmp_path / "t") == family.installed


def test_pip_downloads_the_very_bytes_that_went_up(family: Family, tools: Tools, tmp_path: Path):
    done = tools.pip("download", "--dest", tmp_path / "d", family.name("top"))
    assert done.returncode == 0, done.stdout
    sent = {path.name: sha256(path) for path in family.paths}
    got = {path.name: sha256(path) for path in (tmp_path / "d").iterdir()}
    assert len(got) == len(family.installed)
    assert got.items() <= sent.items()


def test_every_file_comes_back_as_it_went_up(family: Family, live: Server):
    for path in family.paths:
        name = family.name(path.name.removeprefix(family.name("").replace("-", "_")).split("-")[0])
        assert live.index.download(name.replace("_", "-"), path.name) == path.read_bytes()


def test_pip_resolves_from_the_metadata_files(family: Family, tools: Tools, tmp_path: Path):
    report = tmp_path / "report.json"
    arguments = ("-vv", "--dry-run", "--target", tmp_path / "t", "--report", report)
    done = tools.pip("install", *arguments, family.name("top"))
    assert done.returncode == 0, done.stdout
    top = next(path for path in family.paths if "top-2.0" in path.name)
    obtained = rf"Obtaining dependency information for {family.name('top')} from \S+{top.name}"
    # pip before 23.2 does not read PEP 714's key in JSON, and looks into the wheels instead.
    reads_metadata = Version(importlib.metadata.version("pip")) >= Version("23.2")
    assert bool(re.search(rf"{obtained}\.metadata", done.stdout)) is reads_metadata
    items = json.loads(report.read_text())["install"]
    hashes = {item["download_info"]["archive_info"]["hashes"]["sha256"] for item in items}
    assert len(hashes) == len(family.installed)
    assert hashes < {sha256(path) for path in family.paths}


def test_uv_resolves_from_the_metadata_files_and_fetches_no_wheel(
    family: Family, tools: Tools, live: Server, tmp_path: Path
):
    before = len(live.requests())
    done = tools.uv_install("--dry-run", "--target", tmp_path / "t", family.name("top"))
    assert done.returncode == 0, done.stdout
    asked = live.requests(before)
    assert [line for line in asked if line.endswith(".metadata")]
    assert not [line for line in asked if line.endswith(".whl")]


@pytest.mark.parametrize("tool", ["pip", "uv"])
def test_a_yanked_version_is_skipped(family: Family, tools: Tools, tmp_path: Path, tool: str):
    done = install(tools, tool, tmp_path / "t", family.name("capitals"))
    assert done.returncode == 0, done.stdout
    assert installed(tmp_path / "t") == {family.name("capitals"): "1.1"}


@pytest.mark.parametrize("tool", ["pip", "uv"])
def test_a_yanked_version_installs_when_pinned_and_the_reason_is_shown(
    family: Family, tools: Tools, tmp_path: Path, tool: str
):
    done = install(tools, tool, tmp_path / "t", family.name("capitals") + "==1.2")
    assert done.returncode == 0, done.stdout
    assert installed(tmp_path / "t") == {family.name("capitals"): "1.2"}
    assert BROKEN_WHEEL in done.stdout


@pytest.mark.parametrize("tool", ["pip", "uv"])
def test_what_needs_a_newer_python_is_skipped(
    family: Family, tools: Tools, tmp_path: Path, tool: str
):
    done = install(tools, tool, tmp_path / "t", f"{family.name('dotted.NAME')}==2.0")
    assert done.returncode != 0
    assert ">=99" in done.stdout


def install(tools: Tools, tool: str, target: Path, requirement: str):
    if tool == "pip":
        return tools.pip("install", "--target", target, requirement)
    return tools.uv_install("--target", target, requirement)


# -- up again ------------------------------------------------------------------------------------


def test_an_identical_upload_succeeds_again_and_changes_nothing(
    family: Family, tools: Tools, live: Server
):
    serials = live.query("select max(serial) from packages_journalentry")
    again = tools.twine(*family.paths)
    assert again.returncode == 0, again.stdout
    again = tools.uv_publish(*family.paths)
    assert again.returncode == 0, again.stdout
    assert live.query("select max(serial) from packages_journalentry") == serials


def test_uv_publish_with_a_check_url_sends_nothing_twice(
    family: Family, tools: Tools, live: Server
):
    before = len(live.requests())
    done = tools.uv_publish(*family.paths, options=["--check-url", tools.simple])
    assert done.returncode == 0, done.stdout
    assert done.stdout.count("already exists") == len(family.paths)
    assert not [line for line in live.requests(before) if line.startswith("POST")]


@pytest.fixture
def other_bytes(family: Family, tmp_path: Path) -> Path:
    """Another wheel under a name that is used."""
    name = f"{family.prefix}.Top"
    return make_wheel(tmp_path / "other", name, "1.0", description="Not the same at all.")


def test_twine_says_that_a_file_with_other_bytes_exists(tools: Tools, other_bytes: Path):
    done = tools.twine(other_bytes)
    assert done.returncode != 0
    assert "409" in done.stdout
    assert "File already exists" in done.stdout


def test_uv_says_that_a_file_with_other_bytes_exists(tools: Tools, other_bytes: Path):
    done = tools.uv_publish(other_bytes)
    assert done.returncode != 0
    assert "File already exists" in done.stdout


def test_uv_with_a_check_url_notices_other_bytes(tools: Tools, other_bytes: Path):
    done = tools.uv_publish(other_bytes, options=["--check-url", tools.simple])
    assert done.returncode != 0
    assert "do not match" in done.stdout


def test_twine_would_skip_an_existing_file(live: Server, people: People, other_bytes: Path):
    """Since version 4 twine takes ``--skip-existing`` for PyPI only, so its rule is asked here."""
    answer = live.index.upload(other_bytes, people.trusted)
    response = SimpleNamespace(status_code=answer.status, reason=answer.reason, text=answer.text)
    assert skip_upload(response, True, SimpleNamespace())


# -- the keeper at the gate ----------------------------------------------------------------------


@pytest.mark.parametrize("tool", ["twine", "uv"])
def test_a_newcomers_first_upload_waits_for_a_moderator_and_then_installs(
    live: Server, people: People, tmp_path: Path, tool: str
):
    live.script(DISTRUST)
    name = f"held-by-{tool}"
    tools = tools_for(live, people.applicant, tmp_path / "home")
    path = make_wheel(tmp_path, name)
    done = tools.twine(path) if tool == "twine" else tools.uv_publish(path)
    assert done.returncode == 0, done.stdout
    assert live.index.project(name) is None
    assert tools.pip("download", "--dest", tmp_path / "d", name).returncode != 0
    live.script(APPROVE.format(name=name))
    eventually(lambda: live.index.project(name))
    done = tools.pip("install", "--target", tmp_path / "t", name)
    assert done.returncode == 0, done.stdout
    assert installed(tmp_path / "t") == {name: "1.0"}


def test_the_binary_wheel_of_the_family_is_for_this_machine(family: Family):
    name = wheel_filename(family.name("native"), "1.0", native_tag(), "7")
    assert name in {path.name for path in family.paths}
