"""Files as installers get them: from a host of their own, in whole and in parts, and counted."""

from __future__ import annotations

import contextlib
import os
import random
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pypi_site.embedded import Cluster
from pypi_site.run import ROOT
from tests.factories.dists import make_wheel
from tests.patience import PATIENCE
from tests.protocol.clients import Answer, Index, Tools, sha256
from tests.protocol.conftest import tools_for
from tests.protocol.server import Server, eventually, kill, put_down

pytestmark = pytest.mark.protocol
COUNTED = """
select coalesce(sum(count), 0)::int from packages_projectday day
    join packages_project project on project.id = day.project_id where normalized_name = %s
"""
OF_FILES = "select coalesce(sum(count), 0)::int from packages_fileday"
BALLAST = {"ballast.bin": random.Random(1).randbytes(300_000)}  # more than is read at once


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The site is 127.0.0.1, the host of files is localhost."""
    port = free_port()
    settings = {
        "GATEHOUSE_FILES_HOST": f"http://localhost:{port}",
        "GATEHOUSE_DOWNLOAD_SECONDS": "0.5",
        "GATEHOUSE_HOLD": "nobody",
    }
    server = Server(tmp_path_factory.mktemp("files") / "data", **settings)
    server.port = port
    try:
        yield server.start()
    finally:
        put_down(server)


@pytest.fixture(scope="module")
def token(server: Server) -> str:
    return server.bootstrap()


@pytest.fixture
def tools(server: Server, token: str, tmp_path: Path) -> Tools:
    return tools_for(server, token, tmp_path / "home")


@pytest.fixture(scope="module")
def files_host(server: Server) -> Index:
    return Index("localhost", server.port)


@pytest.fixture
def wheel(server: Server, token: str, tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """A published wheel of a project that this test has for itself."""
    name = re.sub("[^a-z]+", "_", request.node.name).strip("_")[:40].strip("_")
    path = make_wheel(tmp_path, name=name, version="1.0", files=BALLAST)
    assert server.index.upload(path, token).status == 200
    return path


def name_of(wheel: Path) -> str:
    return wheel.name.partition("-")[0].replace("_", "-")


def address(wheel: Path) -> str:
    return f"/files/{sha256(wheel)}/{wheel.name}"


def counted(server: Server, wheel: Path) -> int:
    return int(server.query(COUNTED, name_of(wheel))[0][0])


def is_counted(server: Server, wheel: Path, times: int) -> None:
    eventually(lambda: counted(server, wheel) >= times, because=f"{times} downloads are written")
    assert counted(server, wheel) == times


# -- real installers -----------------------------------------------------------------------------


def test_pip_gets_files_from_their_own_host(server, tools, wheel, tmp_path):
    done = tools.pip("download", "--no-deps", "-d", tmp_path / "got", name_of(wheel))
    assert done.returncode == 0, done.stdout
    assert sha256(tmp_path / "got" / wheel.name) == sha256(wheel)
    url = server.index.files(name_of(wheel))[wheel.name]["url"]
    assert url == f"http://localhost:{server.port}{address(wheel)}"
    is_counted(server, wheel, 1)


def test_uv_gets_files_from_their_own_host(server, tools, wheel, tmp_path):
    done = tools.uv_install("--target", tmp_path / "got", name_of(wheel))
    assert done.returncode == 0, done.stdout
    assert (tmp_path / "got" / "ballast.bin").read_bytes() == BALLAST["ballast.bin"]
    is_counted(server, wheel, 1)


def test_pip_follows_an_old_link_to_the_host_of_files(server, tools, wheel, tmp_path):
    """As a lock file from before the host of files was set has it (MDF-7)."""
    old = f"{server.url}{address(wheel)}#sha256={sha256(wheel)}"
    done = tools.pip("download", "--no-deps", "-d", tmp_path / "got", old)
    assert done.returncode == 0, done.stdout
    redirected = server.get(f"{address(wheel)}.metadata")
    assert redirected.status == 302
    assert redirected.headers["Location"].endswith(f"{address(wheel)}.metadata")


# -- on the wire ---------------------------------------------------------------------------------


def test_whole_files_and_parts_are_byte_for_byte(files_host, wheel):
    data, path = wheel.read_bytes(), address(wheel)
    whole = files_host.get(path)
    assert (whole.status, whole.body) == (200, data)
    for text, expected in {
        "bytes=0-0": data[:1],
        "bytes=-10000": data[-10000:],
        "bytes=5-200000": data[5:200001],
        "bytes=100000-": data[100000:],
    }.items():
        part = files_host.get(path, range=text)
        assert (part.status, part.body) == (206, expected)
        assert part.headers["Content-Length"] == str(len(expected))
    assert files_host.get(path, range="bytes=99999999-").status == 416
    assert files_host.get(path, if_none_match=whole.headers["ETag"]).status == 304
    stale = files_host.get(path, range="bytes=0-1", if_range='"other"')
    assert (stale.status, stale.body) == (200, data)


def test_one_connection_serves_all_kinds_of_answers(files_host, wheel):
    """Nothing of one answer is left over for the next one."""
    connection = files_host.connect()
    for method, headers, status in [
        ("HEAD", {}, 200),
        ("GET", {"Range": "bytes=1-2"}, 206),
        ("GET", {"If-None-Match": "*"}, 304),
        ("GET", {"Range": "bytes=99999999-"}, 416),
        ("GET", {}, 200),
        ("GET", {"Range": "bytes=1-200000"}, 206),
        ("HEAD", {}, 200),
    ]:
        connection.request(method, address(wheel), headers=headers)
        response = connection.getresponse()
        assert (response.status, len(response.read())) == (status, length(response, method))
    connection.close()


def length(response, method) -> int:
    return (
        0 if method == "HEAD" or response.status == 304 else int(response.headers["Content-Length"])
    )


@pytest.mark.parametrize("path", ["/", "/simple/", "/accounts/login/", "/admin/", "/legacy/"])
def test_the_host_of_files_serves_nothing_else(files_host, path):
    answer = files_host.get(path, cookie="sessionid=x")
    assert (answer.status, answer.headers.get("Set-Cookie")) == (404, None)
    assert files_host.get("/healthz").status == 200


def test_metadata_comes_from_the_host_of_files(files_host, wheel):
    answer = files_host.get(f"{address(wheel)}.metadata")
    assert (answer.status, answer.type) == (200, "text/plain; charset=utf-8")
    assert answer.text.startswith("Metadata-Version:")
    assert answer.headers["Access-Control-Allow-Origin"] == "*"


def test_a_deleted_file_is_gone_for_every_worker(server, token, files_host, wheel):
    for _ in range(20):  # until both workers remember it
        assert files_host.get(address(wheel)).status == 200
    path = f"/api/v1/projects/{name_of(wheel)}/files/{wheel.name}/"
    bearer = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    deleted = server.index.ask("DELETE", path, '{"reason": "A mistake."}', bearer)
    assert deleted.status in (200, 204), deleted.text
    assert {files_host.get(address(wheel)).status for _ in range(20)} == {404}


def test_known_files_are_served_while_the_database_comes_back(server, files_host, wheel):
    for _ in range(20):  # until both workers remember it
        assert files_host.get(address(wheel)).status == 200
    kill(server.pid_of("postgres"))
    deadline = time.monotonic() + 4
    while time.monotonic() < deadline:
        assert files_host.get(address(wheel)).status == 200
        time.sleep(0.02)
    eventually(server.is_well, because="the database is back")


# -- counting ------------------------------------------------------------------------------------


def fetch(files_host: Index, wheel: Path, times: int) -> list[Answer]:
    with ThreadPoolExecutor(8) as pool:
        return list(pool.map(lambda _: files_host.get(address(wheel)), range(times)))


def test_workers_count_side_by_side_and_lose_nothing(server, files_host, wheel):
    assert len(server.web_workers()) == 2
    assert {answer.status for answer in fetch(files_host, wheel, 300)} == {200}
    is_counted(server, wheel, 300)
    assert server.query(OF_FILES) == server.query(OF_FILES.replace("fileday", "projectday"))


def test_a_kill_loses_at_most_what_was_not_yet_written(server, files_host, wheel):
    fetch(files_host, wheel, 20)
    is_counted(server, wheel, 20)
    fetch(files_host, wheel, 10)
    kill(*server.web_workers())
    eventually(lambda: server.is_well() and len(server.web_workers()) == 2, because="they are back")
    after = counted(server, wheel)
    assert 20 <= after <= 30
    fetch(files_host, wheel, 5)
    is_counted(server, wheel, after + 5)


def test_a_stop_in_order_loses_nothing(server, files_host, wheel):
    server.stop()
    server.environment["GATEHOUSE_DOWNLOAD_SECONDS"] = "3600"
    server.start()
    fetch(files_host, wheel, 25)
    for pid in server.web_workers()[:1]:  # as gunicorn ends one after so many requests
        os.kill(pid, signal.SIGTERM)
    assert server.stop() == 0
    server.start()
    assert counted(server, wheel) == 25


@pytest.fixture
def granian(server: Server) -> Iterator[tuple[subprocess.Popen[bytes], Index]]:
    """The fast server on the same data."""
    port = free_port()
    places = {"DATABASE_URL": Cluster(server.data).url, "GATEHOUSE_DATA": str(server.data)}
    environment = {**server.environment, **places, "GATEHOUSE_DOWNLOAD_SECONDS": "3600"}
    command = [sys.executable, "-m", "granian", "--interface", "wsgi", "--workers", "2"]
    command += ["--host", "127.0.0.1", "--port", str(port), "pypi_site.wsgi:application"]
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL)
    index = Index("localhost", port)
    try:
        eventually(lambda: answers(index), because="granian answers")
        yield process, index
    finally:
        process.kill()
        process.wait()


def answers(index: Index) -> bool:
    with contextlib.suppress(OSError):
        return index.get("/healthz").status == 200
    return False


def test_granian_serves_the_same_and_loses_nothing_at_its_end(server, granian, wheel):
    process, index = granian
    data = wheel.read_bytes()
    assert {answer.body for answer in fetch(index, wheel, 10)} == {data}
    assert index.get(address(wheel), range="bytes=5-200000").body == data[5:200001]
    head = index.ask("HEAD", address(wheel))
    assert (head.headers["Content-Length"], head.body) == (str(len(data)), b"")
    process.terminate()
    process.wait(PATIENCE)
    assert counted(server, wheel) == 10
