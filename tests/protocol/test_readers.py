"""The fast role: the same answers from another server, alone and behind nginx."""

from __future__ import annotations

import shutil
import socket
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from pypi_site.run import ROOT
from tests.factories.dists import make_wheel
from tests.patience import PATIENCE
from tests.protocol.clients import JSON, Answer, Index, Tools
from tests.protocol.server import Server, eventually, kill, put_down

pytestmark = pytest.mark.protocol

PAGE = "/simple/swift/"
NOT_ALIKE = {"Date", "Server", "Connection", "Transfer-Encoding"}


@dataclass(frozen=True)
class Site:
    server: Server
    token: str
    readers: Index
    wheel: Path


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    port = free_port()
    flags = ("--readers", "2", "--reader-port", str(port))
    server = Server(tmp_path_factory.mktemp("readers") / "data", *flags)
    try:
        server.start()
        token = server.bootstrap()
        wheel = make_wheel(tmp_path_factory.mktemp("dists"), "swift")
        assert server.index.upload(wheel, token).status == 200
        readers = Index("127.0.0.1", port)
        eventually(lambda: answers(readers))
        yield Site(server, token, readers, wheel)
    finally:
        put_down(server)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def answers(index: Index) -> bool:
    try:
        return index.get("/healthz").status == 200
    except OSError:
        return False


def told(answer: Answer) -> dict[str, str]:
    """Header names are in lower case under granian; a policy's directives have no order."""
    ignored = {name.lower() for name in NOT_ALIKE}
    lower = {name.lower(): value for name, value in answer.headers.items()}
    if policy := lower.get("content-security-policy"):
        lower["content-security-policy"] = "; ".join(sorted(policy.split("; ")))
    return {name: value for name, value in lower.items() if name not in ignored}


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("accept", [JSON, "text/html", "image/png"])
@pytest.mark.parametrize("coding", ["identity", "gzip", "br", "zstd"])
@pytest.mark.parametrize("path", ["/simple/", PAGE, "/simple/Swift/", "/simple/nothing/"])
def test_readers_say_what_the_site_says(
    site: Site, method: str, accept: str, coding: str, path: str
):
    headers = {"Accept": accept, "Accept-Encoding": coding}
    fast = site.readers.ask(method, path, headers=headers)
    slow = site.server.index.ask(method, path, headers=headers)
    assert (fast.status, fast.body) == (slow.status, slow.body)
    assert told(fast) == told(slow)


@pytest.mark.parametrize("accept", [JSON, "text/html"])
def test_who_has_the_page_of_the_one_has_that_of_the_other(site: Site, accept: str):
    etag = site.server.get(PAGE, accept=accept, accept_encoding="gzip").headers["ETag"]
    again = site.readers.get(PAGE, accept=accept, accept_encoding="gzip", if_none_match=etag)
    assert (again.status, again.body) == (304, b"")


def test_they_serve_files_and_metadata(site: Site):
    assert site.readers.download("swift", site.wheel.name) == site.wheel.read_bytes()
    [file] = site.readers.project("swift")["files"]
    assert site.readers.get(f"{file['url']}.metadata").status == 200
    part = site.readers.get(file["url"], range="bytes=0-9")
    assert (part.status, part.body) == (206, site.wheel.read_bytes()[:10])


def test_a_reader_shows_an_upload_as_soon_as_it_is_answered(site: Site, tmp_path: Path):
    for number in range(2, 8):
        wheel = make_wheel(tmp_path, "swift", f"{number}.0")
        assert site.server.index.upload(wheel, site.token).status == 200
        for _ in range(4):
            assert wheel.name in site.readers.files("swift")


def test_pip_and_uv_install_from_a_reader(site: Site, tmp_path: Path):
    (tmp_path / "home").mkdir()
    tools = Tools(f"http://127.0.0.1:{site.readers.port}", tmp_path / "home")
    done = tools.pip("install", "--target", tmp_path / "pip", "swift")
    assert done.returncode == 0, done.stderr
    done = tools.uv_install("--target", tmp_path / "uv", "swift")
    assert done.returncode == 0, done.stderr


def test_a_killed_reader_is_replaced(site: Site):
    kill(site.server.pid_of("readers"))
    eventually(lambda: not answers(site.readers))
    eventually(lambda: answers(site.readers))


def test_behind_nginx_reads_go_to_the_readers_and_all_else_to_gunicorn(site: Site, tmp_path: Path):
    nginx = shutil.which("nginx", path="/usr/sbin:/usr/bin:/usr/local/sbin")
    if nginx is None:
        pytest.skip("nginx is not installed")
    eventually(lambda: answers(site.readers))
    port = free_port()
    configuration = write_nginx(site, tmp_path, port)
    process = subprocess.Popen([nginx, "-c", str(configuration), "-g", "daemon off;"])
    try:
        front = Index("127.0.0.1", port)
        eventually(lambda: answers(front))
        assert front.get(PAGE, accept=JSON, accept_encoding="zstd").headers["Content-Encoding"]
        refused = front.upload(make_wheel(tmp_path, "swift", "9"), "wrong")
        assert refused.status in (401, 403)
        assert refused.reason not in ("Forbidden", "Unauthorized")
        assert front.ask("POST", PAGE).status == 405
    finally:
        process.terminate()
        process.wait(PATIENCE)


def write_nginx(site: Site, folder: Path, port: int) -> Path:
    """What we deliver, with our ports, in a folder of its own."""
    ours = (ROOT / "deploy/nginx.conf").read_text()
    ours = ours.replace("127.0.0.1:8000", f"127.0.0.1:{site.server.port}")
    ours = ours.replace("127.0.0.1:8001", f"127.0.0.1:{site.readers.port}")
    ours = ours.replace("listen 80;", f"listen 127.0.0.1:{port};")
    temporary = " ".join(
        f"{kind}_temp_path {folder}/{kind};"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    path = folder / "nginx.conf"
    path.write_text(
        f"pid {folder}/pid; error_log {folder}/error.log; events {{}}\n"
        f"http {{ access_log off; {temporary}\n{ours}\n}}\n"
    )
    return path
