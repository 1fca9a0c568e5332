"""``bin/bench`` against the real thing."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from benchmarks.peer import free_port
from benchmarks.reads import works
from benchmarks.reads.comparison import Comparison, Pace
from benchmarks.reads.contestants import Contestant, Index, NotOffered, prepare
from benchmarks.reads.corpus import FORTY, Sizes
from benchmarks.reads.works import Form, Request, Work
from benchmarks.reads.wrk import Figures
from pypi_site.run import ROOT
from tests.patience import PATIENCE
from tests.protocol.server import Server, clean_environment

pytestmark = pytest.mark.protocol

NEEDS_WRK = pytest.mark.skipif(not shutil.which("wrk"), reason="wrk is not installed")
PAGE = "40 files, HTML, identity"


def test_what_an_index_does_not_offer_is_not_measured(live: Server):
    index = Index("ours", f"{live.url}/simple/")
    with pytest.raises(NotOffered, match="404"):
        prepare(index, Work("a page", FORTY, Form.HTML))
    with pytest.raises(NotOffered, match="of 1000000 named"):
        prepare(index, Work("root", works.ROOT, Form.JSON, holds=1_000_000))


def nobody() -> Contestant:
    """An index at a port where nobody listens."""
    return Index("nobody", f"http://127.0.0.1:{free_port()}/simple/")


def comparison(folder: Path) -> Comparison:
    return Comparison(folder, Sizes.quick(), Pace(1, 1, 1), frozenset())


def test_a_server_that_is_not_there_is_left_out(tmp_path: Path):
    run = comparison(tmp_path)
    run._measure([(nobody(), Work("a page", FORTY, Form.HTML))])
    assert run.results.figures == {}


@NEEDS_WRK
def test_a_server_that_broke_down_has_an_error_and_no_rate(tmp_path: Path):
    request = Request(nobody().url(Work("a page", FORTY, Form.HTML)))
    assert comparison(tmp_path)._load(request) == Figures(0, 0, 0, errors=1)


@NEEDS_WRK
def test_a_quick_run_measures_gatehouse(tmp_path: Path):
    done = subprocess.run(
        [ROOT / "bin" / "bench", "--quick", "--only", "gatehouse", "--work", PAGE],
        env=clean_environment(GATEHOUSE_DATA=str(tmp_path)),
        capture_output=True,
        text=True,
        check=False,
        timeout=10 * PATIENCE,
    )
    assert done.returncode == 0, done.stderr
    assert f"| {PAGE} | " in done.stdout
    assert "failed" not in done.stdout
    assert "targets met" in done.stderr
    assert list(tmp_path.iterdir()) == []
