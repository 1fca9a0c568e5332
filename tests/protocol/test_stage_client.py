"""bin/stage against the live server: what PEP 694 promises, as a person types it."""

from __future__ import annotations

import ast
import json
import os
import pty
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar
from uuid import uuid4

import pytest

from pypi_site.run import ROOT
from tests.factories.dists import make_sdist, make_wheel
from tests.patience import PATIENCE
from tests.protocol.clients import Tools, sha256
from tests.protocol.conftest import People
from tests.protocol.server import Server, clean_environment, eventually

pytestmark = pytest.mark.protocol

CLIENT = ROOT / "bin" / "stage"
NEWCOMER = """
import json
from accounts import people, tokens
from accounts.actors import SYSTEM
from accounts.models import User
user = User.objects.create_user({name!r}, "{name}@example.org")
people.verify_email(user, user.email)
print(json.dumps(tokens.mint(user, actor=SYSTEM, name="test")[1]))
"""
DECIDE = """
from accounts.actors import Actor
from accounts.models import User
from moderation import decisions
from packages.models import Stage
stage = Stage.objects.held().get(project__normalized_name={name!r})
keeper = Actor(user=User.objects.get(username="keeper"))
decisions.{verdict}(stage, actor=keeper, reason="I have looked at it.")
"""


@dataclass(frozen=True)
class Stager:
    """Somebody with bin/stage, a token, and a folder of distributions."""

    url: str
    token: str = field(repr=False)
    name: str
    dist: Path

    def command(self, *options: str | Path) -> list[str]:
        return [sys.executable, str(CLIENT), "--url", self.url, *map(str, options)]

    @property
    def environment(self) -> dict[str, str]:
        return clean_environment("COVERAGE_", GATEHOUSE_TOKEN=self.token)

    def __call__(self, *options: str | Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(*(options or ("--keep",)), *self._dist(options)),
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=3 * PATIENCE,
        )

    def _dist(self, options: tuple[str | Path, ...]) -> list[Path]:
        return [] if any(isinstance(option, Path) for option in options) else [self.dist]

    def begin(self, *options: str) -> subprocess.Popen[str]:
        """The same, while the test does something else."""
        return subprocess.Popen(
            self.command(*options, self.dist),
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    @property
    def wheel(self) -> Path:
        return next(self.dist.glob("*.whl"))


def succeeded(done: subprocess.CompletedProcess[str]) -> str:
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def failed(done: subprocess.CompletedProcess[str], code: int = 1) -> str:
    assert done.returncode == code, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done.stderr


def preview_of(output: str, name: str, version: str = "1.0") -> str:
    """The address in the preview command."""
    pattern = rf"pip install --extra-index-url (\S+) {name}=={version}\n"
    match = re.search(pattern, output)
    assert match, output
    return match[1]


@pytest.fixture
def stager(live: Server, people: People, tmp_path: Path) -> Stager:
    return prepared(live, people.trusted, tmp_path)


@pytest.fixture
def newcomer(live: Server, people: People, tmp_path: Path) -> Stager:
    token = live.script(NEWCOMER.format(name=f"new-{uuid4().hex[:8]}"))
    return prepared(live, token, tmp_path / "newcomer")


def prepared(live: Server, token: str, folder: Path) -> Stager:
    name = f"staged-{uuid4().hex[:8]}"
    make_wheel(folder / "dist", name)
    return Stager(f"{live.url}/upload/2.0/", token, name, folder / "dist")


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "target"


# The whole way


def test_stage_look_publish_install(live, tools: Tools, stager: Stager, target: Path):
    make_sdist(stager.dist, stager.name)
    output = succeeded(stager("--keep"))
    assert output.count("completed") == 2
    assert f"{stager.name} 1.0 is staged." in output
    preview = preview_of(output, stager.name)
    assert live.index.project(stager.name) is None

    requirement = f"{stager.name}==1.0"
    wanted = ("--no-deps", "--only-binary", ":all:", "--target")
    first = tools.pip("install", *wanted, target / "pip", "--extra-index-url", preview, requirement)
    assert first.returncode == 0, first.stdout
    second = tools.uv_install("--target", target / "uv", "--index", preview, requirement)
    assert second.returncode == 0, second.stdout
    for tool in ("pip", "uv"):
        assert list((target / tool).glob("*.dist-info"))
    assert tools.pip("download", "--dest", target, requirement).returncode != 0

    assert f"{stager.name} 1.0 is published." in succeeded(stager("--publish"))
    assert set(live.index.files(stager.name)) == {path.name for path in stager.dist.iterdir()}
    assert live.index.download(stager.name, stager.wheel.name) == stager.wheel.read_bytes()
    third = tools.pip("install", *wanted, target / "public", requirement)
    assert third.returncode == 0, third.stdout
    assert live.get(preview.removeprefix(live.url)).status == 404


def test_in_one_go(live, stager: Stager):
    assert "is published." in succeeded(stager("--publish"))
    assert set(live.index.files(stager.name)) == {stager.wheel.name}


def test_files_can_be_named_one_by_one(live, stager: Stager):
    make_wheel(stager.dist, "another")
    assert "is published." in succeeded(stager("--publish", stager.dist / stager_file(stager)))


def stager_file(stager: Stager) -> str:
    return f"{stager.name.replace('-', '_')}-1.0-py3-none-any.whl"


def test_twine_and_uv_stage_with_a_token_made_for_it(live, tools: Tools, stager: Stager):
    token = live.manage("create_token", "trusted", "--stage").strip()
    staging = Tools(tools.url, tools.home, token)
    sdist = make_sdist(stager.dist, stager.name)
    first, second = staging.twine(stager.wheel), staging.uv_publish(sdist)
    assert (first.returncode, second.returncode) == (0, 0), first.stdout + second.stdout
    assert live.index.project(stager.name) is None
    output = succeeded(stager("--status"))
    assert output.count(": completed") == 2
    output = succeeded(stager("--publish"))
    assert output.count("is there already") == 2
    assert set(live.index.files(stager.name)) == {stager.wheel.name, sdist.name}


# Again, and again


def test_running_again_sends_only_what_is_missing(live, stager: Stager):
    succeeded(stager("--keep"))
    make_sdist(stager.dist, stager.name)
    since = len(live.requests())
    output = succeeded(stager("--keep"))
    assert f"A session for {stager.name} 1.0 exists; using it." in output
    assert f"{stager.wheel.name}: is there already" in output
    requests = live.requests(since)
    assert sum(request.endswith("/content/") for request in requests) == 1


def test_different_bytes_replace_what_is_staged(live, stager: Stager):
    preview = preview_of(succeeded(stager("--keep")), stager.name)
    make_wheel(stager.dist, stager.name, description="Now with a description.")
    output = succeeded(stager("--keep"))
    assert "is there already" not in output
    assert preview_of(output, stager.name) == preview
    page = live.get(f"{preview.removeprefix(live.url)}{stager.name}/").text
    assert sha256(stager.wheel) in page


def test_a_refused_archive_is_explained_and_can_be_mended(live, stager: Stager):
    good = stager.wheel.read_bytes()
    make_wheel(stager.dist, stager.name, replace={"*/WHEEL": None, "*/METADATA": "Name: other\n"})
    errors = failed(stager("--publish"))
    assert f"Checking {stager.wheel.name} failed (4" in errors
    assert "WHEEL" in errors
    assert "run this again, or discard it with --cancel" in errors
    assert live.index.project(stager.name) is None
    assert f"{stager.wheel.name}: error" in succeeded(stager("--status"))
    stager.wheel.write_bytes(good)
    assert "is published." in succeeded(stager("--publish"))


def test_an_interrupted_upload_is_taken_up_again(live, stager: Stager):
    succeeded(stager("--keep"))
    live_rows = "UPDATE packages_filesession SET status = 'pending', staged_file_id = NULL"
    where = "WHERE filename = %s RETURNING 1"
    assert live.query(f"{live_rows} {where}", stager.wheel.name)
    live.query("DELETE FROM packages_stagedfile WHERE filename = %s RETURNING 1", stager.wheel.name)
    output = succeeded(stager("--publish"))
    assert f"{stager.wheel.name}: completed" in output


def test_a_published_file_is_not_published_again(live, stager: Stager):
    succeeded(stager("--publish"))
    errors = failed(stager("--publish"))
    assert "File already exists" in errors
    assert "There is no session" in failed(stager("--status"))  # none is left behind


# Looking and giving up


def test_status_shows_and_changes_nothing(live, stager: Stager):
    assert f"There is no session for {stager.name} 1.0." in failed(stager("--status"))
    preview = preview_of(succeeded(stager("--keep")), stager.name)
    output = succeeded(stager("--status"))
    assert f"{stager.name} 1.0: open" in output
    assert f"{stager.wheel.name}: completed" in output
    assert "is discarded on 20" in output
    assert preview_of(output, stager.name) == preview


def test_cancel_leaves_nothing(live, stager: Stager, newcomer: Stager):
    preview = preview_of(succeeded(stager("--keep")), stager.name)
    assert "is cancelled" in succeeded(stager("--cancel"))
    assert live.get(preview.removeprefix(live.url)).status == 404
    assert "There is no session" in failed(stager("--cancel"))
    theirs = Stager(newcomer.url, newcomer.token, stager.name, stager.dist)
    assert "is staged." in succeeded(theirs("--keep"))  # the name is free again


def test_others_are_refused(live, stager: Stager, newcomer: Stager):
    succeeded(stager("--keep"))
    theirs = Stager(newcomer.url, newcomer.token, stager.name, stager.dist)
    for option in ("--keep", "--status", "--cancel"):
        errors = failed(theirs(option))
        assert "Opening a session" in errors
        assert "belongs to somebody else" in errors


# Moderators


def test_a_newcomer_waits_and_is_published_when_a_moderator_approves(live, newcomer: Stager):
    process = newcomer.begin("--publish", "--wait", "60")
    decide = DECIDE.format(name=newcomer.name, verdict="approve")
    eventually(lambda: held(live, newcomer.name))
    live.script(decide)
    output, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, output
    assert "- Held for review: It is the first release" in output
    assert output.endswith(f"{newcomer.name} 1.0 is published.\n")
    assert set(live.index.files(newcomer.name)) == {newcomer.wheel.name}


def held(live: Server, name: str) -> bool:
    sql = """SELECT 1 FROM packages_stage JOIN packages_project ON project_id = packages_project.id
             WHERE packages_stage.status = 'processing' AND normalized_name = %s"""
    return bool(live.query(sql, name))


def test_a_newcomer_need_not_wait_and_hears_the_reason(live, newcomer: Stager):
    output = succeeded(newcomer("--publish", "--wait", "0"))
    assert "is not public yet." in output
    assert "Held for review:" in output
    assert "1.0: processing" in succeeded(newcomer("--status"))
    assert "takes no files" in failed(newcomer("--keep"))
    assert "failed (409)" in failed(newcomer("--cancel"))
    live.script(DECIDE.format(name=newcomer.name, verdict="reject"))
    output = succeeded(newcomer("--status"))
    assert f"{newcomer.name} 1.0: error" in output
    assert "- Rejected by a moderator: I have looked at it." in output
    assert "is there already" in succeeded(newcomer("--keep"))


# On a terminal


@pytest.mark.parametrize(("answer", "published"), [(b"y\n", True), (b"\n", False)])
def test_a_person_is_asked(live, stager: Stager, answer: bytes, published: bool):
    controller, terminal = pty.openpty()
    process = subprocess.Popen(
        stager.command(stager.dist),
        env=stager.environment,
        stdin=terminal,
        stdout=subprocess.PIPE,
        text=True,
    )
    os.close(terminal)
    os.write(controller, answer)
    output, _ = process.communicate(timeout=PATIENCE)
    os.close(controller)
    assert process.returncode == 0
    assert "Publish now? [y/N]" in output
    assert bool(live.index.project(stager.name)) is published


def test_without_a_terminal_it_stays_staged(live, stager: Stager):
    done = subprocess.run(
        stager.command(stager.dist),
        env=stager.environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "is staged." in succeeded(done)
    assert live.index.project(stager.name) is None


# What cannot be


@pytest.mark.parametrize("path", ["/simple/", "/nothing/"])
def test_an_index_without_the_api_is_told_from_ours(live, stager: Stager, path: str):
    other = Stager(f"{live.url}{path}", stager.token, stager.name, stager.dist)
    assert "this index has no Upload 2.0 API; use twine." in failed(other("--keep"))


def test_an_index_that_is_not_there(stager: Stager):
    other = Stager("http://127.0.0.1:9/upload/2.0/", stager.token, stager.name, stager.dist)
    assert "127.0.0.1:9 gives no answer" in failed(other("--keep"))


def test_a_useless_token(live, people: People, stager: Stager):
    for token, words in [(people.revoked, "revoked"), (people.unverified, "Verify the e-mail")]:
        errors = failed(Stager(stager.url, token, stager.name, stager.dist)("--keep"))
        assert words in errors


def test_a_wrong_command_line(live, stager: Stager, tmp_path: Path):
    empty = tmp_path / "empty"
    empty.mkdir()
    (tmp_path / "notes.txt").touch()
    assert "holds no wheel" in failed(stager(empty), 2)
    assert "There is no file" in failed(stager(tmp_path / "gone.whl"), 2)
    assert "named neither like" in failed(stager(tmp_path / "notes.txt"), 2)
    assert "given twice" in failed(stager(stager.wheel, stager.wheel), 2)
    nobody = Stager(stager.url, "", stager.name, stager.dist)
    assert "An API token is needed" in failed(nobody("--keep"), 2)
    nowhere = Stager("packages.example.org", stager.token, stager.name, stager.dist)
    assert "is no address" in failed(nowhere("--keep"), 2)
    failed(stager("--publish", "--keep"), 2)


def test_one_release_at_a_time(live, stager: Stager):
    make_wheel(stager.dist, stager.name, "1.1")
    errors = failed(stager("--keep"), 2)
    assert f"several releases ({stager.name} 1.0, {stager.name} 1.1); stage one" in errors


# Other indexes by the same draft


class OtherIndex(BaseHTTPRequestHandler):
    """Takes everything, checks and publishes later, and shows neither token nor preview."""

    elsewhere: ClassVar[str] = ""
    received: ClassVar[list[int]] = []
    asked: ClassVar[list[str]] = []
    root: ClassVar[str] = ""

    def do_POST(self) -> None:
        left = length = int(self.headers["Content-Length"])
        while left:
            left -= len(self.rfile.read(min(left, 1 << 16)))
        if self.path == "/bytes":
            self.received.append(length)
        self._answer({"/": 201, "/bytes": 200}.get(self.path, 202))

    def do_GET(self) -> None:
        self.asked.append(self.path)
        self._answer(200)

    def _answer(self, code: int) -> None:
        body = json.dumps(self._session() | self._file()).encode()
        self.send_response(code)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _session(self) -> dict[str, Any]:
        links = {name: f"{self.root}{name}" for name in ("session", "upload", "publish")}
        return {"links": links, "name": "demo", "version": "1.0", "files": {}}

    def _file(self) -> dict[str, Any]:
        """A file and a session at once: complete, or published, when it was asked for twice."""
        done = {"/file": "completed", "/session": "published"}.get(self.path, "processing")
        status = "open" if self.path == "/" else done
        names = {"complete": "complete", "file-upload-session": "file"}
        links = {name: f"{self.root}{path}" for name, path in names.items()}
        place = {"file_url": f"{self.elsewhere or self.root}bytes"}
        file = {"mechanism": {"http-post-bytes": place}, "filename": "demo", "status": status}
        return file | {"links": self._session()["links"] | links}

    def log_message(self, *args: Any) -> None:
        """Say nothing."""


@pytest.fixture
def other_index() -> Iterator[type[OtherIndex]]:
    class Index(OtherIndex):
        received: ClassVar[list[int]] = []
        asked: ClassVar[list[str]] = []

    with ThreadingHTTPServer(("127.0.0.1", 0), Index) as server:
        Index.root = f"http://127.0.0.1:{server.server_port}/"
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield Index
        server.shutdown()


def test_a_slow_index_is_waited_for(other_index, tmp_path: Path):
    make_wheel(tmp_path / "dist")
    other = Stager(other_index.root, "gate-test", "demo", tmp_path / "dist")
    output = succeeded(other("--publish"))
    assert "demo 1.0 is published." in output
    assert "pip install" not in output
    assert other_index.asked == ["/file", "/session"]


def test_the_token_goes_to_no_other_place(other_index, tmp_path: Path):
    make_wheel(tmp_path / "dist")
    other_index.elsewhere = "http://localhost:1/"
    other = Stager(other_index.root, "gate-test", "demo", tmp_path / "dist")
    assert "the token stays here" in failed(other("--publish"))
    assert not other_index.received


def test_a_large_file_takes_no_memory(other_index, tmp_path: Path):
    size = 300 << 20
    path = tmp_path / "demo-1.0-py3-none-any.whl"
    with path.open("wb") as file:
        file.truncate(size)
    measure = """if True:
        import pathlib, runpy, sys
        sys.argv = sys.argv[1:]
        try:
            runpy.run_path(sys.argv[0], run_name="__main__")
        finally:
            print(pathlib.Path("/proc/self/status").read_text())"""
    other = Stager(other_index.root, "gate-test", "demo", tmp_path)
    done = subprocess.run(
        [sys.executable, "-c", measure, *other.command("--keep", path)[1:]],
        env=other.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert other_index.received == [size], done.stderr
    peak = re.search(r"VmHWM:\s+(\d+) kB", done.stdout)
    assert peak
    assert int(peak[1]) < 48 << 10  # Python itself takes half of that


def test_it_is_python_3_9_and_nothing_else():
    tree = ast.parse(CLIENT.read_text(), feature_version=(3, 9))
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)]
    modules = {getattr(node, "module", None) or node.names[0].name for node in imports}
    assert {module.partition(".")[0] for module in modules} <= sys.stdlib_module_names
    assert os.access(CLIENT, os.X_OK)
