"""No page is old for longer than it must be: processes, a keeper, a database that come and go."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from pypi_site.run import ROOT
from tests.factories.dists import make_wheel
from tests.patience import PATIENCE
from tests.protocol.clients import JSON, Answer
from tests.protocol.server import Server, eventually, kill, put_down

pytestmark = pytest.mark.protocol

PAGE = "/simple/coherent/"
DOCUMENTS = ("/pypi/coherent/json", "/pypi/coherent/1.0/json")
YANK = """
from accounts.actors import SYSTEM
from packages import releases
from packages.models import Release
release = Release.objects.get(project__normalized_name="coherent", version="1.0")
releases.{verb}(release, actor=SYSTEM{reason})
"""
READ = """
import sys, time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from packages.simple import preparing, store
from packages.simple.answers import Variant
from packages.simple.codings import Coding
from packages.simple.negotiation import Representation

folder, readers, variants = Path({folder!r}), 16, (Coding.IDENTITY, Coding.GZIP)
rendered = preparing._body

def counted(name, kind, serial):
    with (folder / "rendered").open("a") as lines:  # one write each, so no two mix
        lines.write(f"{{name}} {{kind}} {{serial}}\\n")
    time.sleep(0.2)  # long enough for all the others to come
    return rendered(name, kind, serial)

def read(number):
    variant = Variant(Representation.JSON, variants[number % len(variants)])
    return store.answer("coherent", variant).etag

preparing._body = counted
(folder / "ready-{number}").touch()
while not (folder / "go").exists():
    time.sleep(0.001)
with ThreadPoolExecutor(readers) as pool:
    print(len(set(pool.map(read, range(readers)))))
"""
KILLED = """
import os, signal
from packages import markers
markers.touch = lambda name: os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = Server(tmp_path_factory.mktemp("coherence") / "data")
    try:
        server.start()
        token = server.bootstrap()
        path = make_wheel(tmp_path_factory.mktemp("dists"), "coherent")
        assert server.index.upload(path, token).status == 200
        yield server
    finally:
        put_down(server)


def yanked(server: Server) -> bool:
    answer = page(server)
    assert answer.status == 200
    return bool(answer.json["files"][0]["yanked"])


def page(server: Server) -> Answer:
    return server.get(PAGE, accept=JSON)


def yank(server: Server, *, undo: bool = False) -> None:
    """By a process of its own."""
    server.script(script(undo=undo))


def script(*, undo: bool = False) -> str:
    return YANK.format(verb="unyank" if undo else "yank", reason="" if undo else ", reason='x'")


def test_what_one_process_changed_every_worker_shows_at_once(server: Server):
    for undo in (False, True, False, True):
        yank(server, undo=undo)
        assert {yanked(server) for _ in range(20)} == {not undo}


def yank_and_die(server: Server, *, undo: bool = False) -> None:
    """By a process that is killed between its commit and the marker."""
    process = shell(server, KILLED + script(undo=undo))
    process.communicate(timeout=PATIENCE)
    assert process.returncode == 128 + signal.SIGKILL


def shell(server: Server, code: str) -> subprocess.Popen[bytes]:
    """A process of its own on this server's data."""
    command = [sys.executable, "-m", "pypi_site.run", "manage", "shell", "--no-imports", "-c", code]
    environment = {**server.environment, "GATEHOUSE_DATA": str(server.data)}
    return subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE)


def test_a_writer_killed_between_commit_and_marker_is_made_up_for(server: Server):
    eventually(lambda: server.pid_of("keeper"))
    assert not yanked(server)
    yank_and_die(server)
    eventually(lambda: yanked(server), because="the keeper tells")
    yank(server, undo=True)


def test_without_a_keeper_changes_are_seen_all_the_same(server: Server):
    keeper = eventually(lambda: server.pid_of("keeper"))
    os.kill(keeper, signal.SIGSTOP)  # he is there, and silent
    try:
        time.sleep(3.5)
        yank(server)
        assert yanked(server)
        yank_and_die(server, undo=True)
        eventually(lambda: not yanked(server), because="pages are compared once a second")
    finally:
        kill(keeper)
    eventually(lambda: server.pid_of("keeper") not in (0, keeper))


def test_after_a_lost_connection_everything_is_looked_at_again(server: Server):
    eventually(lambda: server.pid_of("keeper"))
    yank(server)
    assert yanked(server)
    lost = (
        "select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid()"
        " and datname = current_database()"
    )
    server.query(lost)
    assert yanked(server)
    yank(server, undo=True)
    assert {yanked(server) for _ in range(10)} == {False}


@pytest.mark.parametrize("undo", [False, True])
def test_of_three_processes_full_of_readers_one_renders_a_page_that_changed(
    server: Server, tmp_path: Path, undo: bool
):
    yank(server, undo=undo)
    readers = [shell(server, READ.format(folder=str(tmp_path), number=each)) for each in range(3)]
    eventually(lambda: len(list(tmp_path.glob("ready-*"))) == 3, because="all are there")
    (tmp_path / "go").touch()
    for process in readers:
        printed, _ = process.communicate(timeout=PATIENCE)
        assert process.returncode == 0
        assert printed.split()[-1] == b"2"  # ETags: one for each coding
    serial = page(server).headers["X-PyPI-Last-Serial"]
    assert (tmp_path / "rendered").read_text() == f"coherent json {serial}\n"
    assert yanked(server) is not undo


def test_a_reader_killed_while_he_writes_a_page_leaves_no_broken_one(server: Server):
    for number in range(4):
        undo = bool(number % 2)
        yank(server, undo=undo)
        for worker in server.web_workers():
            kill(worker)
        assert eventually(lambda: answers(server)).status == 200
        assert yanked(server) is not undo


def told_yanked(server: Server, path: str) -> set[bool]:
    return {server.get(path).json["info"]["yanked"] for _ in range(10)}


def answers(server: Server) -> Answer | None:
    try:
        return page(server)
    except OSError:
        return None


def test_with_postgresql_down_prepared_pages_are_served(server: Server):
    """The supervisor starts it again at once; so he is stopped first."""
    prepared = {path: server.get(path) for path in DOCUMENTS}
    prepared[PAGE] = page(server)
    supervisor, postgres = server.pid_of("supervisor"), server.pid_of("postgres")
    os.kill(supervisor, signal.SIGSTOP)
    try:
        os.kill(postgres, signal.SIGINT)  # fast shutdown
        eventually(lambda: not server.pid_of("postgres"))
        time.sleep(3.5)  # the last heartbeat is old, too
        for _ in range(20):
            assert page(server).body == prepared[PAGE].body
            for path in DOCUMENTS:  # by whichever worker, of two
                answer = server.get(path)
                assert (answer.status, answer.body) == (200, prepared[path].body)
        unknown = server.get("/simple/unknown/")
        assert unknown.status == 503
        assert unknown.type.startswith("text/plain")
        assert unknown.headers["Retry-After"]
    finally:
        os.kill(supervisor, signal.SIGCONT)
    eventually(server.is_well, because="the supervisor starts PostgreSQL")
    yank(server)
    eventually(lambda: yanked(server), because="pages are current again")
    eventually(lambda: {yanked(server) for _ in range(20)} == {True}, because="in all workers")
    for path in DOCUMENTS:
        eventually(lambda path=path: told_yanked(server, path) == {True}, because=path)
    yank(server, undo=True)
    assert {yanked(server) for _ in range(20)} == {False}
