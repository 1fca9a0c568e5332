"""``kill -9`` on everything, again and again, at random moments of a stream of uploads.

GATEHOUSE_KILLS says how often (20), GATEHOUSE_SEED when and with what.
"""

from __future__ import annotations

import contextlib
import http.client
import itertools
import os
import random
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from pypi_site.serve import MARKER
from tests.factories.dists import make_sdist, make_wheel
from tests.patience import PATIENCE
from tests.protocol.clients import Index, sha256
from tests.protocol.server import Server, eventually, is_alive, kill, put_down
from tests.protocol.test_kill import assert_whole

pytestmark = pytest.mark.protocol

KILLS = int(os.environ.get("GATEHOUSE_KILLS", "20"))
SEED = int(os.environ.get("GATEHOUSE_SEED", "20261122"))
SITES = 2  # servers at once: a start is mostly waiting
CLIENTS = 3  # of each server
LONGEST_PEACE = 0.5  # seconds from the first upload after a start to the next kill
# One web process of eight threads starts faster than two; a stream is no abuse.
FLAGS = ("--workers", "1")
NO_LIMITS = {
    "GATEHOUSE_UPLOADS_PER_MINUTE": "1000000",
    "GATEHOUSE_NEW_PROJECTS_PER_HOUR": "1000000",
}
TWO_DAYS = 2 * 86_400
DEAD_LINE = (OSError, http.client.HTTPException)
SWEEP = "import json; from packages import tasks; print(json.dumps(tasks.sweep()))"


@dataclass
class Stream:
    """Clients who never tire: they wait while the server is away and go on when it is back."""

    index: Index
    token: str
    folder: Path
    seed: int
    accepted: dict[str, Path] = field(default_factory=dict)
    in_doubt: dict[str, Path] = field(default_factory=dict)  # no answer came
    refused: list[str] = field(default_factory=list)
    open: threading.Event = field(default_factory=threading.Event)
    over: threading.Event = field(default_factory=threading.Event)

    def run(self, client: int) -> None:
        dice = random.Random(f"{self.seed}-{client}")
        for path in self._distributions(client, dice):
            self._send(path)
            # Half of those who got no answer ask again, the others never do.
            while path.name in self.in_doubt and dice.random() < 0.5 and not self.over.is_set():
                self._send(path)
            if self.over.is_set():
                return

    def _distributions(self, client: int, dice: random.Random) -> Iterator[Path]:
        """New projects, new versions, second files; small ones and some that take a while."""
        for number in itertools.count():
            name, version = f"stream-{client}-{number // 10}", f"1.{number % 10}"
            ballast = dice.randbytes(dice.choice([10, 10, 10_000, 700_000]))
            for make in (make_wheel, make_sdist)[: dice.choice([1, 1, 2])]:
                yield make(self.folder, name, version, files={f"{name[:6]}.bin": ballast})

    def _send(self, path: Path) -> None:
        self.open.wait()
        try:
            answer = self.index.upload(path, self.token)
        except DEAD_LINE:
            self.in_doubt[path.name] = path
            time.sleep(0.01)
            return
        if answer.status == 200:
            self.in_doubt.pop(path.name, None)
            self.accepted[path.name] = path
        elif answer.status == 503:  # the database was dead before its client
            self.in_doubt[path.name] = path
        else:
            self.refused.append(f"{path.name}: {answer.status} {answer.text}")


@dataclass
class Aftermath:
    """A server that was killed so often and runs again, and what its clients know."""

    server: Server
    stream: Stream


@pytest.fixture(scope="module")
def aftermaths(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Aftermath]]:
    folders = [tmp_path_factory.mktemp("stream") for _ in range(SITES)]
    servers = [Server(folder / "data", *FLAGS, **NO_LIMITS) for folder in folders]
    try:
        with ThreadPoolExecutor(SITES) as pool:
            yield list(pool.map(torment, servers, range(SEED, SEED + SITES)))
    finally:
        for server in servers:
            put_down(server)


@pytest.fixture(params=range(SITES))
def aftermath(request: pytest.FixtureRequest, aftermaths: list[Aftermath]) -> Aftermath:
    return aftermaths[request.param]


def torment(server: Server, seed: int) -> Aftermath:
    """This server's share of the kills, and a last start."""
    server.port = quiet_port()
    server.start()
    folder = server.data.with_name("dist")
    stream = Stream(server.index, server.bootstrap(), folder, seed)
    dice = random.Random(seed)
    with flowing(stream):
        for _ in range(seed % SITES, KILLS, SITES):
            have_peace(stream, dice)
            kill_everything(server, dice, stream)
            server.start()
        have_peace(stream, dice)
    return Aftermath(server, stream)


@contextlib.contextmanager
def flowing(stream: Stream) -> Iterator[None]:
    threads = [threading.Thread(target=stream.run, args=(number,)) for number in range(CLIENTS)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stream.over.set()
        stream.open.set()
        for thread in threads:
            thread.join(PATIENCE)


def have_peace(stream: Stream, dice: random.Random) -> None:
    """Uploads are accepted again, and then for as long as the dice say."""
    before = len(stream.accepted)
    stream.open.set()
    eventually(lambda: len(stream.accepted) > before, because="uploads are accepted")
    time.sleep(dice.uniform(0, LONGEST_PEACE))


def kill_everything(server: Server, dice: random.Random, stream: Stream) -> None:
    """The whole tree within a blink, in any order."""
    pids = server.everything()
    dice.shuffle(pids)
    kill(*pids)
    stream.open.clear()
    kill(*belonging_to(server))  # those that were born in between
    eventually(lambda: not any(map(is_alive, pids)), because="everything is dead")
    assert server.process
    server.process.wait(PATIENCE)


def belonging_to(server: Server) -> Iterator[int]:
    """Processes that say so in their environment, and PostgreSQL's, which work in its folder."""
    marker = os.fsencode(f"{MARKER}={server.data}\0")
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            in_folder = (entry / "cwd").readlink().is_relative_to(server.data)
            if in_folder or marker in (entry / "environ").read_bytes():
                yield int(entry.name)


def quiet_port() -> int:
    """A free port that no client is given while the server is away."""
    while True:
        address = ("127.0.0.1", random.randrange(10_000, 32_000))
        with contextlib.suppress(OSError), socket.create_server(address):
            return address[1]


def visible(server: Server) -> dict[str, str]:
    """The address of every file that any project's page names."""
    names = [row[0] for row in server.query("select normalized_name from packages_project")]
    files = [file for name in names for file in server.index.files(name).values()]
    return {file["filename"]: file["url"] for file in files}


# In the order of a story: each test looks at what the one before left.


def test_no_upload_was_refused_on_the_way(aftermath: Aftermath):
    assert aftermath.stream.refused == []
    assert len(aftermath.stream.accepted) > KILLS // SITES


def test_every_accepted_upload_is_there_and_intact(aftermath: Aftermath):
    urls = visible(aftermath.server)
    for name, path in aftermath.stream.accepted.items():
        assert aftermath.server.get(urls[name]).body == path.read_bytes()


def test_nothing_is_visible_but_what_was_sent_and_that_is_whole(aftermath: Aftermath):
    stream = aftermath.stream
    unanswered = visible(aftermath.server).keys() - stream.accepted.keys()
    assert unanswered <= stream.in_doubt.keys()
    urls = visible(aftermath.server)
    for name in unanswered:
        assert aftermath.server.get(urls[name]).body == stream.in_doubt[name].read_bytes()


def test_every_row_has_its_file_and_its_metadata_file(aftermath: Aftermath):
    assert_whole(aftermath.server)
    aftermath.server.manage("verify_storage")


def test_the_sweep_removes_all_that_was_left_half_done_and_nothing_else(aftermath: Aftermath):
    server = aftermath.server
    long_ago = time.time() - TWO_DAYS
    for path in (*server.incoming(), *(server.data / "files").rglob("*")):
        os.utime(path, (long_ago, long_ago))
    server.script(SWEEP)
    named = {row[0] for row in server.query("select sha256 from packages_file")}
    assert server.incoming() == []
    assert server.blobs() == named | {f"{digest}.metadata" for digest in named}
    assert "differ" not in server.manage("verify_storage")


def test_who_got_no_answer_sends_again_and_succeeds(aftermath: Aftermath):
    stream = aftermath.stream
    for path in stream.in_doubt.values():
        assert stream.index.upload(path, stream.token).status == 200
    served = visible(aftermath.server)
    assert served.keys() == stream.accepted.keys() | stream.in_doubt.keys()
    digests = {url.split("/")[2] for url in served.values()}
    assert digests == {
        sha256(path) for path in (*stream.accepted.values(), *stream.in_doubt.values())
    }


def test_the_server_still_stops_cleanly(aftermath: Aftermath):
    assert aftermath.server.stop() == 0, aftermath.server.output
