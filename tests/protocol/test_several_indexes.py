"""Our index beside another, as docs/several-indexes.md tells: who answers for a name (TRK-3)."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.factories.dists import make_wheel
from tests.protocol.clients import Tools, sha256
from tests.protocol.conftest import People
from tests.protocol.server import Server

pytestmark = pytest.mark.protocol


class Handler(SimpleHTTPRequestHandler):
    def log_message(self, *args: object) -> None:
        """Nothing."""


@pytest.fixture(scope="module")
def ours(live: Server, people: People, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of our ``inner``, published."""
    wheel = make_wheel(tmp_path_factory.mktemp("ours"), "inner")
    assert live.index.upload(wheel, people.trusted).status == 200
    return wheel


@pytest.fixture(scope="module")
def elsewhere(ours: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Another index, with an ``inner`` 99.0 of its own."""
    folder = tmp_path_factory.mktemp("elsewhere")
    page = folder / "simple" / "inner"
    page.mkdir(parents=True)
    wheel = make_wheel(page, "inner", "99.0")
    (page / "index.html").write_text(f'<!DOCTYPE html><a href="{wheel.name}">{wheel.name}</a>')
    handler = partial(Handler, directory=str(folder))
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


def installed(folder: Path) -> str:
    [found] = folder.glob("inner-*.dist-info")
    return found.name.split("-")[1].removesuffix(".dist")


def test_uv_asks_the_first_index_alone_TRK_3(  # noqa: N802
    tools: Tools, elsewhere: str, tmp_path: Path
):
    target = tmp_path / "target"
    theirs = Tools(elsewhere, tools.home)
    done = theirs.uv_install("--index", tools.simple, "--target", target, "inner")
    assert done.returncode == 0, done.stdout
    assert installed(target) == "1.0"


def test_pip_takes_the_highest_version_of_all_unless_it_has_one_index_TRK_3(  # noqa: N802
    tools: Tools, elsewhere: str, tmp_path: Path
):
    both, one = tmp_path / "both", tmp_path / "one"
    other = f"{elsewhere}/simple/"
    done = tools.pip("install", "--extra-index-url", other, "--target", both, "inner")
    assert done.returncode == 0, done.stdout
    assert installed(both) == "99.0"
    done = tools.pip("install", "--target", one, "inner")
    assert done.returncode == 0, done.stdout
    assert installed(one) == "1.0"


def test_a_hash_keeps_a_strangers_file_out_TRK_3(  # noqa: N802
    tools: Tools, elsewhere: str, ours: Path, tmp_path: Path
):
    wanted, target = tmp_path / "wanted.txt", tmp_path / "target"
    wanted.write_text(f"inner==1.0 --hash=sha256:{sha256(ours)}\n")
    other = f"{elsewhere}/simple/"
    options = ("--require-hashes", "--extra-index-url", other, "--target", target, "-r", wanted)
    done = tools.pip("install", *options)
    assert done.returncode == 0, done.stdout
    assert installed(target) == "1.0"
