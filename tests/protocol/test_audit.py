"""Tools that look for trouble among what was installed: pip-audit and uv audit."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.factories.dists import make_wheel
from tests.protocol.clients import Tools
from tests.protocol.conftest import People
from tests.protocol.readers.reading import Uv, programs
from tests.protocol.readers.vulnerabilities import osv
from tests.protocol.server import Server, eventually

pytestmark = pytest.mark.protocol

REASON = "Use audit-new instead."
ARCHIVE = f"""
from accounts.actors import SYSTEM
from packages import projects
from packages.models import Project
project = Project.objects.get(normalized_name="audit-old")
projects.archive(project, actor=SYSTEM, reason={REASON!r})
"""
# The real one, but for the host that it has built in.
AGAINST_US = """
import sys
from urllib.parse import urlsplit
from pip_audit import _cli
from pip_audit._service import pypi
ours, make = sys.argv.pop(1), pypi.caching_session
def session(*arguments, **options):
    made = make(*arguments, **options)
    get = made.get
    made.get = lambda url, **more: get(ours + urlsplit(url).path, **more)
    return made
pypi.caching_session = session
_cli.audit()
"""


@pytest.fixture(scope="module")
def shelf(live: Server, people: People, tmp_path_factory: pytest.TempPathFactory) -> None:
    """``audit-new``, and ``audit-old``, which is archived."""
    folder = tmp_path_factory.mktemp("audited")
    for name in ("audit-new", "audit-old"):
        answer = live.index.upload(make_wheel(folder, name), people.trusted)
        assert answer.status == 200, answer.text
    live.script(ARCHIVE)


@pytest.mark.usefixtures("shelf")
def test_pip_audit_reads_our_json(live: Server, tools: Tools, tmp_path: Path):
    done = tools.pip("install", "--target", tmp_path / "t", "audit-new", "audit-old")
    assert done.returncode == 0, done.stdout
    before = len(live.requests())
    python = programs("pip-audit") / "python"
    options = ["--path", tmp_path / "t", "--format", "json", "--progress-spinner", "off"]
    cache = ["--cache-dir", tmp_path / "cache"]
    done = tools._run(python, "-c", AGAINST_US, live.url, *options, *cache)
    assert done.returncode == 0, done.stdout
    report = json.loads(done.stdout[done.stdout.index("{") :])
    found = {item["name"]: item.get("vulns") for item in report["dependencies"]}
    assert found == {"audit-new": [], "audit-old": []}
    expected = ["GET /pypi/audit-new/1.0/json", "GET /pypi/audit-old/1.0/json"]
    eventually(lambda: documents(live, before) == expected)


def documents(live: Server, since: int) -> list[str]:
    """What was asked of our JSON."""
    return sorted(line for line in live.requests(since) if line.startswith("GET /pypi/audit-"))


@pytest.mark.usefixtures("shelf")
def test_uv_audit_tells_people_why_a_project_is_archived_STA_10(  # noqa: N802
    live: Server, tmp_path: Path
):
    uv = Uv(live.url, tmp_path / "home")
    uv.require("audit-new", "audit-old")
    done = uv.lock()
    assert done.returncode == 0, done.stdout
    with osv() as address:
        done = uv.audit(address)
    assert f"audit-old is archived: {REASON}" in " ".join(done.stdout.replace("`", "").split())
