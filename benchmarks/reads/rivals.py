"""nginx, pypiserver, devpi and simple-repository-server, started as their documentation says."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from benchmarks.peer import free_port, pypiserver_command, wait_for
from benchmarks.reads import corpus
from benchmarks.reads.contestants import Index, fetch
from benchmarks.reads.results import DEVPI, NGINX, PYPISERVER, SIMPLE
from benchmarks.reads.static import Static, configuration
from benchmarks.reads.tools import say
from benchmarks.reads.works import Request
from benchmarks.server import Site
from tests.protocol import installations

LISTS = Path(__file__).resolve().parent / "peers"
DEVPI_INDEX = "root/bench"
START_SECONDS = 120
IMPORT_SECONDS = 900


@contextmanager
def nginx(folder: Path, tree: Path) -> Iterator[Static]:
    """nginx with two workers; what it serves under ``pages/`` is put there later."""
    port = free_port()
    pages = folder / "pages"
    pages.mkdir(parents=True)
    written = folder / "nginx.conf"
    written.write_text(configuration(folder, tree, port))
    command = ["nginx", "-p", folder, "-c", written, "-g", "daemon off;"]
    address = f"http://127.0.0.1:{port}"
    with _running(command, f"{address}/", folder / "nginx.log"):
        yield Static(NGINX, address, pages, tree)


@contextmanager
def pypiserver(folder: Path, tree: Path) -> Iterator[Index]:
    """With gunicorn, four workers and its cached directory: so it performs best."""
    programs, port = installations.programs(LISTS / "pypiserver.txt"), free_port()
    command = pypiserver_command(programs, tree, port)
    site = Site("127.0.0.1", port, uploads="/")
    index = Index(PYPISERVER, f"{site.address}/simple/", site)
    with _running(command, index.simple, folder / "pypiserver.log"):
        yield index


@contextmanager
def simple_repository(folder: Path, tree: Path) -> Iterator[Index]:
    programs = installations.programs(LISTS / "simple-repository.txt")
    port = free_port()
    command = [programs / "simple-repository-server", "--host", "127.0.0.1", "--port", port, tree]
    index = Index(SIMPLE, f"http://127.0.0.1:{port}/simple/")
    with _running(command, index.simple, folder / "simple-repository.log"):
        yield index


@contextmanager
def devpi(folder: Path, tree: Path) -> Iterator[Index]:
    """With its defaults, but without the mirror of the public index."""
    programs, port = installations.programs(LISTS / "devpi.txt"), free_port()
    data = folder / "devpi"
    corpus.write_devpi_export(tree, DEVPI_INDEX)
    say("devpi imports the files; that takes two minutes ...")
    where = ["--serverdir", data]
    bare = ["--no-root-pypi", "--root-passwd", "", "--no-events", "--hard-links"]
    log = folder / "devpi.log"
    _call([programs / "devpi-import", *where, *bare, tree], log)
    (tree / "dataindex.json").unlink()
    command = [programs / "devpi-server", *where, "--port", port, "--host", "127.0.0.1"]
    site = DevpiSite("127.0.0.1", port, uploads=f"/{DEVPI_INDEX}/")
    index = Index(DEVPI, f"{site.address}/{DEVPI_INDEX}/+simple/", site)
    with _running(command, index.simple, log):
        yield index


class DevpiSite(Site):
    """Where devpi takes uploads, and as whom."""

    def login(self) -> dict[str, str]:
        return {"Authorization": "Basic cm9vdDo="}  # root, and an empty password


def _call(command: Sequence[object], log: Path) -> None:
    with log.open("ab") as output:
        subprocess.run(
            [str(part) for part in command],
            check=True,
            stdout=output,
            stderr=output,
            timeout=IMPORT_SECONDS,
        )


@contextmanager
def _running(command: Sequence[object], index: str, log: Path) -> Iterator[None]:
    """A server in a process group of its own, which ends as a whole; `index` is its root page."""
    with log.open("ab") as output:
        server = subprocess.Popen(
            [str(part) for part in command], stdout=output, stderr=output, start_new_session=True
        )
    try:
        wait_for(lambda: _answers(index), START_SECONDS, log.stem)
        yield
    finally:
        server.terminate()
        try:
            server.wait(30)
        except subprocess.TimeoutExpired:
            os.killpg(server.pid, signal.SIGKILL)


def _answers(url: str) -> bool:
    with suppress(OSError):
        return fetch(Request(url)).status == 200
    return False
