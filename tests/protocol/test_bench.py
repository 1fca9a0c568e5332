"""``bin/bench`` against the real thing."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from benchmarks.reads import works
from benchmarks.reads.contestants import Index, NotOffered, prepare
from benchmarks.reads.corpus import FORTY
from benchmarks.reads.works import Form, Work
from pypi_site.run import ROOT
from tests.protocol.server import Server, clean_environment

pytestmark = pytest.mark.protocol

PAGE = "40 files, HTML, identity"


def test_what_an_index_does_not_offer_is_not_measured(live: Server):
    index = Index("ours", f"{live.url}/simple/")
    with pytest.raises(NotOffered, match="404"):
        prepare(index, Work("a page", FORTY, Form.HTML))
    with pytest.raises(NotOffered, match="of 1000000 named"):
        prepare(index, Work("root", works.ROOT, Form.JSON, holds=1_000_000))


@pytest.mark.skipif(not shutil.which("wrk"), reason="wrk is not installed")
def test_a_quick_run_measures_gatehouse(tmp_path: Path):
    done = subprocess.run(
        [ROOT / "bin" / "bench", "--quick", "--only", "gatehouse", "--work", "40 files, HTML"],
        env=clean_environment(GATEHOUSE_DATA=str(tmp_path)),
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    assert f"| {PAGE} | " in done.stdout
    assert "failed" not in done.stdout
    assert "targets met" in done.stderr
    assert list(tmp_path.iterdir()) == []
