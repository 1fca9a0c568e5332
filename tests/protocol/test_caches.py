"""Varnish and nginx as deploy/ has them: what they keep, what a change takes out of them."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import NamedTuple

import pytest

from benchmarks.peer import free_port
from tests.factories.dists import make_wheel
from tests.patience import PATIENCE
from tests.protocol import caches
from tests.protocol.clients import JSON, Index
from tests.protocol.server import Server, eventually, serving

pytestmark = pytest.mark.protocol

KINDS = ("varnish", "nginx")
PIP = f"{JSON}, application/vnd.pypi.simple.v1+html; q=0.1, text/html; q=0.01"
DELETE = """
from accounts.actors import SYSTEM
from packages import files
from packages.models import File
files.delete(File.objects.get(filename="{filename}"), actor=SYSTEM, reason="x")
"""
YANK = """
from accounts.actors import SYSTEM
from packages import releases
from packages.models import Release
release = Release.objects.get(project__normalized_name="cached", version="1.0")
releases.yank(release, actor=SYSTEM, reason="Broken")
"""


class Behind(NamedTuple):
    """A Gatehouse with a cache in front."""

    kind: str
    cache: Index
    server: Server
    token: str


# -- in front of a real Gatehouse ----------------------------------------------------------------


@pytest.fixture(scope="module", params=KINDS)
def behind(request, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Behind]:
    kind, folder = request.param, tmp_path_factory.mktemp("cache")
    if lack := caches.missing(kind):
        pytest.skip(lack)
    port = free_port()
    settings = {"GATEHOUSE_CDN": kind, "GATEHOUSE_CDN_ADDRESSES": f"http://127.0.0.1:{port}"}
    with (
        serving(folder / "data", GATEHOUSE_ACCESS_LOG="1", **settings) as server,
        caches.running(kind, folder, port, server.port) as cache,
    ):
        token = server.bootstrap()
        for name in ("cached", "untouched"):
            assert server.index.upload(make_wheel(folder, name), token).status == 200
        # A purge is repeated after some seconds; it must not meet what is read next.
        eventually(lambda: told_twice(server), 120, every=2, because="the cache was told")
        yield Behind(kind, cache, server, token)


def told_twice(server: Server) -> bool:
    """Not waiting for the minute in which the job looks again."""
    server.script("from packages import purges; purges.tell(); print(0)")
    return server.query("select count(*) from packages_pendingpurge") == [(0,)]


def state(index: Index, path: str, accept: str = PIP) -> str:
    answer = index.get(path, accept=accept)
    assert answer.status == 200, answer.text
    return answer.headers["X-Cache-Status"]


def warm(index: Index, *paths: str) -> None:
    for path in paths:
        eventually(lambda path=path: state(index, path) == "HIT", 20, because=f"{path} is kept")


def file_of(index: Index, project: str) -> str:
    return str(index.project(project)["files"][-1]["url"])


def asked(server: Server, path: str) -> int:
    return server.requests().count(f"GET {path}")


@pytest.mark.parametrize("path", ["/simple/", "/simple/untouched/"])
def test_the_second_reader_is_answered_by_the_cache(behind: Behind, path: str):
    warm(behind.cache, path)
    for accept in (PIP, JSON, f"{JSON},text/html;q=0.1"):  # pip, uv, and whoever likes JSON best
        assert state(behind.cache, path, accept) == "HIT"
    kept = behind.cache.get(path, accept=PIP)
    assert kept.body == behind.server.get(path, accept=PIP).body
    assert kept.type == JSON


def test_each_representation_has_a_copy_of_its_own(behind: Behind):
    warm(behind.cache, "/simple/untouched/")
    for accept in ("text/html", "application/vnd.pypi.simple.v1+html", JSON):
        answers = [behind.cache.get("/simple/untouched/", accept=accept) for _ in range(2)]
        assert {answer.type.partition(";")[0] for answer in answers} == {accept}
        assert answers[1].headers["X-Cache-Status"] == "HIT"


def test_who_reads_gzip_gets_it_and_others_do_not(behind: Behind):
    warm(behind.cache, "/simple/untouched/")
    packed = behind.cache.get("/simple/untouched/", accept=PIP, accept_encoding="gzip, deflate")
    plain = behind.cache.get("/simple/untouched/", accept=PIP, accept_encoding="identity")
    assert packed.headers["Content-Encoding"] == "gzip"
    assert plain.headers["Content-Encoding"] is None
    assert plain.json["name"] == "untouched"


def test_files_are_kept_with_ranges_and_conditions(behind: Behind):
    path = file_of(behind.server.index, "untouched")
    warm(behind.cache, path)
    whole = behind.cache.get(path)
    assert whole.body == behind.server.get(path).body
    part = behind.cache.get(path, range="bytes=-7")
    assert (part.status, part.body) == (206, whole.body[-7:])
    assert behind.cache.get(path, if_none_match=whole.headers["ETag"]).status == 304


def test_an_upload_takes_out_what_it_changed_and_nothing_else(behind: Behind, tmp_path: Path):
    paths = ["/simple/", "/simple/cached/", "/pypi/cached/json"]
    warm(behind.cache, *paths, "/simple/untouched/", file_of(behind.server.index, "untouched"))
    wheel = make_wheel(tmp_path, "cached", "2.0")
    assert behind.server.index.upload(wheel, behind.token).status == 200
    eventually(lambda: len(behind.cache.files("cached")) == 2, 40, because="the page was purged")
    eventually(lambda: "2.0" in behind.cache.get(paths[2]).json["releases"], 20)
    eventually(lambda: serial(behind.cache) == serial(behind.server.index), 20)
    assert state(behind.cache, "/simple/untouched/") != "MISS"
    assert state(behind.cache, file_of(behind.server.index, "untouched")) == "HIT"


def serial(index: Index) -> int:
    return int(index.get("/simple/", accept=JSON).json["meta"]["_last-serial"])


def test_a_yank_is_seen_through_the_cache(behind: Behind):
    warm(behind.cache, "/simple/cached/")
    behind.server.script(YANK)
    eventually(lambda: yanked(behind.cache), 40, because="the page was purged")


def yanked(index: Index) -> bool:
    return any(file["yanked"] == "Broken" for file in index.files("cached").values())


def test_a_deleted_file_is_gone_from_the_cache(behind: Behind, tmp_path: Path):
    wheel = make_wheel(tmp_path, "short-lived")
    assert behind.server.index.upload(wheel, behind.token).status == 200
    path = file_of(behind.server.index, "short-lived")
    warm(behind.cache, path, f"{path}.metadata")
    behind.server.script(DELETE.format(filename=wheel.name))
    eventually(lambda: behind.cache.get(path).status == 404, 40, because="it was purged")
    eventually(lambda: behind.cache.get(f"{path}.metadata").status == 404, 20)


def test_what_is_for_one_person_is_not_kept(behind: Behind):
    """The page to sign in sets a cookie; a cookie comes with the questions of who is signed in."""
    cookies = [behind.cache.get("/accounts/login/").headers["Set-Cookie"] for _ in range(2)]
    assert all(cookies)
    assert cookies[0] != cookies[1]
    before = asked(behind.server, "/")
    for _ in range(2):
        answer = behind.cache.get("/", cookie="sessionid=anybody")
        assert answer.headers["X-Cache-Status"] in (None, "MISS")
    eventually(lambda: asked(behind.server, "/") == before + 2, because="the origin was asked")


@pytest.mark.parametrize("path", ["/simple/untouched/", "/pypi/untouched/json"])
def test_only_the_index_may_purge(behind: Behind, path: str):
    """Its machine is 127.0.0.1 in both files."""
    told = {"xkey-purge": "project/untouched", "Accept": JSON}
    warm(behind.cache, path)
    assert purge_from("127.0.0.2", behind.cache, path, told) == 403
    assert state(behind.cache, path) == "HIT"
    assert purge_from("127.0.0.1", behind.cache, path, told) == 200
    assert state(behind.cache, path) == "MISS"


def purge_from(source: str, cache: Index, path: str, headers: dict[str, str]) -> int:
    connection = HTTPConnection(
        cache.host, cache.port, timeout=PATIENCE, source_address=(source, 0)
    )
    connection.request("PURGE", path, headers=headers)
    try:
        return connection.getresponse().status
    finally:
        connection.close()


# -- in front of an origin that goes away --------------------------------------------------------


class Origin(ThreadingHTTPServer):
    """It says what Gatehouse says of pages, but for a second only; or whatever a test wants."""

    cache = "public, max-age=1, stale-while-revalidate=600, stale-if-error=86400"

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.status, self.headers = 200, {"Cache-Control": self.cache}
        self.asked: Counter[str] = Counter()
        self.wait = threading.Event()
        self.wait.set()


class _Handler(BaseHTTPRequestHandler):
    server: Origin

    def do_GET(self) -> None:
        if self.path != "/healthz":
            self.server.asked[self.path] += 1
            self.server.wait.wait(20)
        body = f"{self.path} {self.server.asked[self.path]}".encode()
        self.send_response(200 if self.path == "/healthz" else self.server.status)
        for name, value in self.server.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        """Nothing."""


@contextmanager
def listening() -> Iterator[Origin]:
    server = Origin()
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield server
    finally:
        server.wait.set()
        server.shutdown()
        server.server_close()
        thread.join()


class Fading(NamedTuple):
    cache: Index
    origin: Origin


@pytest.fixture(params=KINDS)
def fading(request, tmp_path: Path) -> Iterator[Fading]:
    if lack := caches.missing(request.param):
        pytest.skip(lack)
    port = free_port()
    with (
        listening() as origin,
        caches.running(request.param, tmp_path, port, origin.server_port) as cache,
    ):
        yield Fading(cache, origin)


PAGE = "/simple/demo/"
OLD_AFTER = 2.5  # seconds: one, and what nginx rounds, which counts whole ones


def test_an_old_page_is_shown_while_a_new_one_is_fetched(fading: Fading):
    assert fading.cache.get(PAGE).text == f"{PAGE} 1"
    time.sleep(OLD_AFTER)
    fading.origin.wait.clear()  # the origin hangs; nobody waits for it
    assert {fading.cache.get(PAGE).text for _ in range(5)} == {f"{PAGE} 1"}
    eventually(lambda: fading.origin.asked[PAGE] == 2, because="one asks anew")
    fading.origin.wait.set()
    eventually(lambda: fading.cache.get(PAGE).text != f"{PAGE} 1")


def test_an_old_page_is_shown_while_the_origin_refuses(fading: Fading):
    assert fading.cache.get(PAGE).status == 200
    fading.origin.status, fading.origin.headers = 503, {"Cache-Control": "no-store"}
    time.sleep(OLD_AFTER)
    for _ in range(5):
        answer = fading.cache.get(PAGE)
        assert (answer.status, answer.text) == (200, f"{PAGE} 1")
        time.sleep(0.3)


def test_an_old_page_is_shown_while_there_is_no_origin(fading: Fading):
    assert fading.cache.get(PAGE).status == 200
    fading.origin.shutdown()
    fading.origin.server_close()
    time.sleep(OLD_AFTER)
    for _ in range(5):
        answer = fading.cache.get(PAGE)
        assert (answer.status, answer.text) == (200, f"{PAGE} 1")
        time.sleep(0.3)
    assert fading.cache.get("/simple/never-asked/").status in (502, 503)


@pytest.mark.parametrize(
    "headers",
    [
        {"Cache-Control": "private, no-cache"},
        {"Cache-Control": "no-store"},
        {"Cache-Control": Origin.cache, "Set-Cookie": "sessionid=secret"},
    ],
)
def test_what_is_private_is_asked_for_each_time(fading: Fading, headers: dict[str, str]):
    fading.origin.headers = headers
    answers = [fading.cache.get(PAGE).text for _ in range(3)]
    assert answers == [f"{PAGE} {number}" for number in (1, 2, 3)]
