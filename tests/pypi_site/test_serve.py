"""``bin/serve``: flags, what is refused, how it stops, and who may run it."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pypi_site import serve
from pypi_site.embedded import Cluster
from pypi_site.run import ROOT
from tests.patience import PATIENCE
from tests.protocol.server import (
    FirstStart,
    Server,
    clean_environment,
    descendants,
    eventually,
    is_alive,
    put_down,
)

TWINS = {
    "--host": ("GATEHOUSE_HOST", "0.0.0.0", "0.0.0.0"),
    "--port": ("GATEHOUSE_PORT", "8123", 8123),
    "--data": ("GATEHOUSE_DATA", "/srv/gatehouse", Path("/srv/gatehouse")),
    "--workers": ("GATEHOUSE_WORKERS", "5", 5),
    "--readers": ("GATEHOUSE_READERS", "2", 2),
    "--reader-port": ("GATEHOUSE_READER_PORT", "8124", 8124),
}


@pytest.fixture
def plain(monkeypatch: pytest.MonkeyPatch) -> None:
    """An environment that says nothing about Gatehouse."""
    for name in os.environ:
        if name.startswith(("GATEHOUSE_", "DATABASE_URL")):
            monkeypatch.delenv(name)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory that outlives each server: all starts but the first are fast."""
    return tmp_path_factory.mktemp("serve") / "data"


@pytest.fixture
def server(data: Path) -> Iterator[Server]:
    server = FirstStart(data, "--workers", "1")
    yield server
    put_down(server)


# -- flags ---------------------------------------------------------------------------------------


def attribute(flag: str) -> str:
    return flag.strip("-").replace("-", "_")


@pytest.mark.usefixtures("plain")
def test_without_flags_it_is_for_this_machine_alone():
    options = serve.parse([])
    assert vars(options) == {
        "host": "127.0.0.1",
        "port": 8000,
        "data": ROOT / "var",
        "workers": 2,
        "readers": 0,
        "reader_port": 8001,
    }


@pytest.mark.usefixtures("plain")
@pytest.mark.parametrize("flag", TWINS)
def test_a_flag_is_obeyed(flag: str):
    _, text, value = TWINS[flag]
    assert getattr(serve.parse([flag, text]), attribute(flag)) == value


@pytest.mark.usefixtures("plain")
@pytest.mark.parametrize("flag", TWINS)
def test_a_flag_has_a_twin_in_the_environment(monkeypatch: pytest.MonkeyPatch, flag: str):
    name, text, value = TWINS[flag]
    monkeypatch.setenv(name, text)
    assert getattr(serve.parse([]), attribute(flag)) == value


@pytest.mark.usefixtures("plain")
@pytest.mark.parametrize("flag", ["--host", "--port", "--workers"])
def test_a_flag_beats_its_twin(monkeypatch: pytest.MonkeyPatch, flag: str):
    name, text, value = TWINS[flag]
    monkeypatch.setenv(name, "3")
    assert getattr(serve.parse([flag, text]), attribute(flag)) == value


@pytest.mark.usefixtures("plain")
@pytest.mark.parametrize(
    "arguments", [["--workers", "0"], ["--port", "70000"], ["--port", "http"], ["--colour"]]
)
def test_a_senseless_flag_is_refused(arguments: list[str], capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit, match="2"):
        serve.parse(arguments)
    assert arguments[0] in capsys.readouterr().err


@pytest.mark.parametrize(
    ("bound", "shown"),
    [
        (("127.0.0.1", 81), "http://127.0.0.1:81"),
        (("0.0.0.0", 81), "http://127.0.0.1:81"),
        (("::1", 81, 0, 0), "http://[::1]:81"),
        (("::", 81, 0, 0), "http://[::1]:81"),
    ],
)
def test_the_address_that_is_shown_can_be_opened(tmp_path: Path, bound: Any, shown: str):
    class Listener:
        def getsockname(self) -> Any:
            return bound

        def fileno(self) -> int:
            return 0

    options = Namespace(data=tmp_path, workers=1, readers=0)
    supervisor = serve.Supervisor(options, "postgres://nowhere", Listener())  # type: ignore[arg-type]
    assert supervisor.address == shown


# -- what is refused -----------------------------------------------------------------------------


def test_a_second_server_on_the_same_data_is_refused_and_the_first_goes_on(
    server: Server, data: Path
):
    server.start()
    second = FirstStart(data)
    second.log = data.with_name("second.log")
    second.start(wait=False)
    assert second.process
    assert second.process.wait(PATIENCE) == 1
    assert f"Process {server.pid_of('supervisor')} already serves {data}" in second.output
    assert "--data" in second.output
    assert "Traceback" not in second.output
    assert server.is_well()
    assert server.stop() == 0


def test_a_busy_port_gets_one_clear_sentence(server: Server):
    with socket.create_server(("127.0.0.1", 0)) as busy:
        server.port = busy.getsockname()[1]
        server.start(wait=False)
        assert server.process
        assert server.process.wait(PATIENCE) == 1
    assert f"Cannot listen on 127.0.0.1:{server.port}" in server.output
    assert "--port" in server.output
    assert "Traceback" not in server.output


def test_an_address_of_another_machine_gets_one_clear_sentence(data: Path):
    server = FirstStart(data, "--host", "192.0.2.1")
    server.start(wait=False)
    assert server.process
    assert server.process.wait(PATIENCE) == 1
    assert "Cannot listen on 192.0.2.1" in server.output


def test_a_data_directory_that_is_a_file_gets_one_clear_sentence(tmp_path: Path):
    (tmp_path / "file").write_text("no folder")
    server = FirstStart(tmp_path / "file")
    server.start(wait=False)
    assert server.process
    assert server.process.wait(PATIENCE) == 1
    assert f"The data directory {tmp_path / 'file'} cannot be used" in server.output
    assert "Traceback" not in server.output


# -- how it stops --------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_stops_everything_cleanly(server: Server, number: signal.Signals):
    server.start()
    everything = server.everything()
    assert len(everything) > 6
    assert server.stop(number) == 0
    assert "Stopped." in server.output
    assert not [pid for pid in everything if is_alive(pid)]


def test_ctrl_c_in_a_terminal_reaches_every_process_and_still_is_clean(server: Server):
    server.start()
    everything = server.everything()
    os.killpg(server.pid_of("supervisor"), signal.SIGINT)
    assert server.process
    assert server.process.wait(PATIENCE) == 0
    assert "Traceback" not in server.output
    assert not [pid for pid in everything if is_alive(pid)]


def _making_the_cluster(server: Server) -> bool:
    return (server.data / "postgres.new").exists()


def _preparing(server: Server) -> bool:
    return "Preparing" in server.output


@pytest.mark.parametrize(
    ("moment", "codes"),
    [(_making_the_cluster, {143}), (_preparing, {0})],
    ids=["initdb", "migrate"],
)
def test_sigterm_during_the_first_start_leaves_nothing_running(
    tmp_path: Path, moment: Any, codes: set[int]
):
    server = FirstStart(tmp_path / "data")
    server.start(wait=False)
    eventually(lambda: moment(server), every=0.01)
    assert server.process
    processes = descendants(server.process.pid)
    assert server.stop() in codes
    eventually(lambda: not [pid for pid in processes if is_alive(pid)])
    assert not Cluster(server.data).is_running()


# -- whose database, whose account ---------------------------------------------------------------


def test_a_database_of_ones_own_is_used_and_nothing_embedded(tmp_path: Path):
    with Cluster(tmp_path / "elsewhere").lease() as url:
        server = FirstStart(tmp_path / "data", "--workers", "1", DATABASE_URL=url)
        try:
            server.start()
            assert server.is_well()
            assert not (server.data / "postgres").exists()
            assert server.stop() == 0
        finally:
            put_down(server)
        assert Cluster(tmp_path / "elsewhere").is_running(), "not ours to stop"


def interpreter_for(account: dict[str, Any], environment: dict[str, str]) -> str:
    """A Python of this version that the account may run with our packages, or a skip."""
    here = f"/usr/bin/python3.{sys.version_info.minor}"
    for candidate in (sys.executable, here, f"/usr/local/bin/python3.{sys.version_info.minor}"):
        if not Path(candidate).exists():
            continue
        with_packages = [candidate, "-c", "import django, gunicorn, psycopg, sys; sys.exit(0)"]
        try:
            done = subprocess.run(
                with_packages, cwd="/", env=environment, capture_output=True, check=False, **account
            )
        except PermissionError:
            continue
        if done.returncode == 0:
            return candidate
    pytest.skip("nobody may run no Python of this version with our packages")


def owners_of(processes: list[int]) -> set[int]:
    """The accounts that they run as; connections of PostgreSQL end meanwhile."""
    owners = set()
    for pid in processes:
        with contextlib.suppress(FileNotFoundError):
            owners.add(Path(f"/proc/{pid}").stat().st_uid)
    return owners


@pytest.mark.skipif(os.geteuid() != 0, reason="every other test runs as an ordinary user already")
def test_an_ordinary_user_serves_from_a_checkout_that_he_may_only_read():
    account = {"user": "nobody", "group": "nogroup", "extra_groups": []}
    folder = Path(tempfile.mkdtemp(prefix="gatehouse-nobody-"))
    packages = next(path for path in sys.path if path.endswith("site-packages"))
    environment = clean_environment("COVERAGE_", PYTHONPATH=packages, HOME=str(folder))
    python = interpreter_for(account, environment)
    server = FirstStart(folder / "data" / "gatehouse", "--workers", "1")
    try:
        folder.chmod(0o755)
        left_out = shutil.ignore_patterns("var", ".venv*", ".git", ".*_cache", "__pycache__")
        server.checkout = shutil.copytree(ROOT, folder / "checkout", ignore=left_out)
        server.data.parent.mkdir()
        shutil.chown(server.data.parent, "nobody", "nogroup")
        server.python, server.environment, server.account = python, environment, account
        server.log = folder / "log"
        server.start()
        assert server.is_well()
        assert owners_of(server.everything()) == {(folder / "data").stat().st_uid}
        assert server.stop() == 0
    finally:
        put_down(server)
        shutil.rmtree(folder)
