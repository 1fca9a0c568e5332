"""Mixed load, in little (`benchmarks.soak` does it for half an hour)."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from benchmarks.server import Site
from benchmarks.soak import pages
from benchmarks.soak.__main__ import settled, trouble
from benchmarks.soak.client import Client
from benchmarks.soak.load import Load
from pypi_site.run import ROOT, data_directory
from tests.patience import PATIENCE
from tests.protocol.conftest import People
from tests.protocol.server import (
    Server,
    clean_environment,
    descendants,
    eventually,
    is_alive,
    kill,
)

pytestmark = pytest.mark.protocol

WANTED = {"upload", "yank", "unyank", "delete", "restore", "files", "changes seen at once"}
WANTED |= {"pages, 200", "pages, 304"}


@pytest.fixture(scope="module")
def load(live: Server, people: People) -> Load:
    """What came of some seconds of load."""
    site = Site("127.0.0.1", live.port, people.keeper)
    load = Load(site, [("127.0.0.1", live.port)], pause=0.02, projects=2)
    with load.running(readers=2, writers=1):
        eventually(lambda: load.done.keys() >= WANTED, because="everything happens")
        time.sleep(5)
    return load


def test_mixed_load_meets_no_error_and_sees_every_change_at_once(load: Load):
    assert load.faults == []
    assert load.done["changes seen at once"] > 10


def test_after_mixed_load_every_page_is_as_if_rendered_now(load: Load, live: Server):
    assert list(settled(live)) == []  # what a job changes meanwhile is no difference
    count, different = pages.differences(live, load.addresses)
    assert count > 30
    assert different == [], "\n".join(trouble(live))


def test_a_page_that_differs_is_found(live: Server):
    wrong = {" html": "0" * 64, " json": "0" * 64}
    found = list(pages.compared(Client("127.0.0.1", live.port), wrong))
    assert len(found) == 12
    assert all("is not the page of now" in line for line in found)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_soak_that_is_stopped_leaves_nothing_behind(tmp_path: Path, number: signal.Signals):
    """Also in the background of a script, where SIGINT is ignored at first."""
    home = tmp_path / "home"
    home.mkdir()
    (home / "prepared").symlink_to(data_directory() / "prepared")
    command = [sys.executable, "-m", "benchmarks.soak"]
    command += ["--minutes", "5", "--readers", "0", "--rest", "0.1", "--nice", "1"]
    with (tmp_path / "log").open("w+") as log:
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=clean_environment(GATEHOUSE_DATA=str(home)),
            stdout=log,
            stderr=log,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN),  # noqa: PLW1509
        )
        try:
            eventually(lambda: "under load" in (tmp_path / "log").read_text())
            its_own = descendants(process.pid)
            assert its_own
            process.send_signal(number)
            process.send_signal(number)  # the impatient do
            assert process.wait(PATIENCE) == 128 + number
            assert "Traceback" not in (tmp_path / "log").read_text()
            eventually(lambda: not any(map(is_alive, its_own)), because="all of them ended")
            assert not list(home.glob("soak-*"))
        finally:
            kill(*descendants(process.pid), process.pid)


def test_a_refused_writer_is_a_fault_of_the_load(live: Server, people: People):
    load = Load(
        Site("127.0.0.1", live.port, people.revoked), [("127.0.0.1", live.port)], pause=0.02
    )
    with load.running(readers=0, writers=1):
        eventually(lambda: load.faults)
    assert "403" in load.faults[0] or "401" in load.faults[0]
