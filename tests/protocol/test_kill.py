"""``kill -9`` at any moment: the service comes back, nothing is lost, nothing is half-done."""

from __future__ import annotations

import contextlib
import http.client
import itertools
import random
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.factories.dists import make_wheel
from tests.patience import PATIENCE
from tests.protocol.clients import Answer, form, sha256, upload_headers
from tests.protocol.server import Server, eventually, is_alive, kill, put_down

pytestmark = pytest.mark.protocol

# What does not compress, so that an upload takes more than one read.
BALLAST = {"ballast.bin": random.Random(1).randbytes(1_200_000)}
HALF_RELEASES = """
select project_id, version from packages_release release where not exists
    (select 1 from packages_file file where file.release_id = release.id)
"""
UNNAMED_PROJECTS = """
select name from packages_project where published_at is null and not exists
    (select 1 from packages_stage stage where stage.project_id = packages_project.id)
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that is there to be killed."""
    server = Server(tmp_path_factory.mktemp("killed") / "data")
    try:
        yield server.start()
    finally:
        put_down(server)


@pytest.fixture(scope="module")
def token(server: Server) -> str:
    return server.bootstrap()


class HalfUpload:
    """A client who has sent one half of the form and lets us kill whom we want."""

    def __init__(self, server: Server, token: str, path: Path) -> None:
        self.body = form(path, {})
        self.half = len(self.body) // 2
        self.connection = server.index.connect()
        self.connection.putrequest("POST", "/legacy/")
        for name, value in upload_headers(token).items():
            self.connection.putheader(name, value)
        self.connection.putheader("Content-Length", str(len(self.body)))
        self.connection.endheaders(self.body[: self.half])
        eventually(lambda: self._arrived(server), because="the half arrives on the disk")

    def _arrived(self, server: Server) -> bool:
        """Beyond what a pipe or a socket would buffer; leftovers of the killed are older."""
        sizes = [path.stat().st_size for path in server.incoming()]
        return any(200_000 < size < self.half + 1 for size in sizes)

    def finish(self) -> int | None:
        """Send the other half: the status, or None if the line is dead."""
        dead = (OSError, http.client.HTTPException)
        with contextlib.closing(self.connection), contextlib.suppress(*dead):
            self.connection.send(self.body[self.half :])
            return self.connection.getresponse().status
        return None


@dataclass
class Stream:
    """A client who uploads one small wheel after the other, and remembers what was accepted."""

    server: Server
    token: str
    folder: Path
    accepted: list[Path] = field(default_factory=list)
    in_doubt: list[Path] = field(default_factory=list)

    def run(self, name: str) -> None:
        for number in itertools.count(1):
            path = make_wheel(self.folder / name, name, f"1.{number}")
            try:
                answer = self.server.index.upload(path, self.token)
            except (OSError, http.client.HTTPException):
                self.in_doubt.append(path)
                return
            (self.accepted if answer.status == 200 else self.in_doubt).append(path)


@contextlib.contextmanager
def uploading(server: Server, token: str, folder: Path, count: int = 3) -> Iterator[Stream]:
    """Several clients in the middle of a stream of uploads; they end when the line is dead."""
    stream = Stream(server, token, folder)
    names = [f"{folder.name.replace('_', '-')}-{number}" for number in range(count)]
    threads = [threading.Thread(target=stream.run, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
    eventually(lambda: len(stream.accepted) >= 4 * count, because="uploads are accepted")
    yield stream
    for thread in threads:
        thread.join(PATIENCE)
        assert not thread.is_alive()


def is_back(server: Server) -> None:
    eventually(server.is_well, because="the service is back by itself")


def upload(server: Server, token: str, path: Path) -> Answer:
    return server.index.upload(path, token)


def assert_whole(server: Server) -> None:
    """No release without a file, no file without its bytes, no name that nobody can use."""
    assert server.query(HALF_RELEASES) == []
    assert server.query(UNNAMED_PROJECTS) == []
    for sha, metadata_sha in server.query("select sha256, metadata_sha256 from packages_file"):
        blob = server.data / "files" / sha[:2] / sha[2:4] / sha
        assert sha256(blob) == sha
        assert sha256(blob.with_name(f"{sha}.metadata")) == metadata_sha


def assert_there(server: Server, path: Path) -> None:
    """Visible, with the bytes that were sent."""
    name = path.name.partition("-")[0].replace("_", "-")
    assert server.index.download(name, path.name) == path.read_bytes()


# -- in the middle of one upload -----------------------------------------------------------------


def _web_worker(server: Server) -> list[int]:
    return server.web_workers()  # either may have the upload


def _web_master(server: Server) -> list[int]:
    return [server.pid_of("web")]


def _web_group(server: Server) -> list[int]:
    return [server.pid_of("web"), *server.web_workers()]


@pytest.mark.parametrize("victims", [_web_worker, _web_master, _web_group])
def test_a_web_process_killed_in_the_middle_of_an_upload_leaves_nothing_and_comes_back(
    server: Server, token: str, tmp_path: Path, victims: Callable[[Server], list[int]]
):
    name = f"half{victims.__name__.replace('_', '-')}"
    before = make_wheel(tmp_path, f"before-{name}")
    assert upload(server, token, before).status == 200
    path = make_wheel(tmp_path, name, files=BALLAST)
    half = HalfUpload(server, token, path)
    pids = victims(server)
    kill(*pids)
    eventually(lambda: not any(map(is_alive, pids)))
    assert half.finish() is None or server.index.project(name) is not None
    is_back(server)
    assert_whole(server)
    assert upload(server, token, path).status == 200
    assert_there(server, path)
    assert_there(server, before)


def test_no_connection_is_refused_while_the_web_processes_are_killed(server: Server):
    """The listening socket is the supervisor's: clients wait a moment instead of failing."""
    kill(*_web_group(server))
    assert server.get("/healthz").status == 200


# -- the job worker ------------------------------------------------------------------------------


def test_jobs_run_again_after_their_worker_was_killed(server: Server, token: str, tmp_path: Path):
    before = eventually(lambda: server.pid_of("jobs"))
    kill(before)
    path = make_wheel(tmp_path, "job-after-kill", extra_metadata="Summary: found by a job")
    assert upload(server, token, path).status == 200
    eventually(lambda: server.pid_of("jobs") not in (0, before))
    found = "select 1 from search_searchdocument where normalized_name = 'job-after-kill'"
    eventually(lambda: server.query(found), because="the job is done")


# -- the database --------------------------------------------------------------------------------


def test_a_killed_database_comes_back_with_everything_that_was_accepted(
    server: Server, token: str, tmp_path: Path
):
    accepted = make_wheel(tmp_path, "before-database")
    assert upload(server, token, accepted).status == 200
    path = make_wheel(tmp_path, "half-database", files=BALLAST)
    half = HalfUpload(server, token, path)
    postmaster = server.pid_of("postgres")
    kill(postmaster)
    eventually(lambda: not is_alive(postmaster))
    status = half.finish()
    is_back(server)
    assert server.pid_of("postgres") != postmaster
    assert_whole(server)
    assert status in (200, 503)
    assert upload(server, token, path).status == 200
    assert_there(server, path)
    assert_there(server, accepted)


# -- everything ----------------------------------------------------------------------------------


def _the_supervisor_first(server: Server) -> list[int]:
    return server.everything()


def _the_database_first(server: Server) -> list[int]:
    return sorted(server.everything(), key=lambda pid: pid != server.pid_of("postgres"))


def _the_supervisor_alone(server: Server) -> list[int]:
    """Its children are left for the next start to find."""
    return [server.pid_of("supervisor")]


@pytest.mark.parametrize(
    "victims", [_the_supervisor_first, _the_database_first, _the_supervisor_alone]
)
def test_the_next_start_finds_every_accepted_upload_after_everything_was_killed(
    server: Server, token: str, tmp_path: Path, victims: Callable[[Server], list[int]]
):
    folder = tmp_path / f"stream{victims.__name__}"
    with uploading(server, token, folder) as stream:
        everything = server.everything()
        kill(*victims(server))
    assert server.process
    server.process.wait(PATIENCE)
    server.start()
    assert server.is_well()
    assert [pid for pid in everything if is_alive(pid) and not is_database(server, pid)] == []
    assert_whole(server)
    for path in stream.accepted:
        assert_there(server, path)
    sent = {path.name for path in (*stream.accepted, *stream.in_doubt)}
    for name in {path.name.partition("-")[0].replace("_", "-") for path in stream.accepted}:
        assert set(server.index.files(name)) <= sent
    for path in stream.in_doubt:
        assert upload(server, token, path).status == 200
        assert_there(server, path)


def is_database(server: Server, pid: int) -> bool:
    """A PostgreSQL that survived its supervisor is taken over, not started again."""
    from tests.protocol.server import descendants

    postmaster = server.pid_of("postgres")
    return pid in (postmaster, *descendants(postmaster))


def test_a_server_that_was_killed_so_often_still_stops_cleanly(server: Server):
    postmaster = server.pid_of("postgres")
    assert server.stop() == 0, server.output
    assert not is_alive(postmaster)
