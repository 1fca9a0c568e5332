"""The embedded PostgreSQL: leases, half-made folders, strangers' lock files, awkward paths."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from pypi_site import embedded
from pypi_site.embedded import Account, Cluster, EmbeddedPostgresError
from pypi_site.run import ROOT
from tests.protocol.server import clean_environment, eventually, is_alive, kill

LEASEHOLDER = """
import sys
from pathlib import Path
from pypi_site.embedded import Cluster
with Cluster(Path(sys.argv[1])).lease() as url:
    print(url, flush=True)
    sys.stdin.read()
"""
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root has to become somebody else")


class Leaseholder:
    """Another command that needs the database."""

    def __init__(self, data: Path, *prefix: str) -> None:
        self.process = subprocess.Popen(
            [*prefix, sys.executable, "-c", LEASEHOLDER, str(data)],
            cwd=ROOT,
            env=clean_environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout
        self.url = self.process.stdout.readline().strip()

    def leave(self) -> tuple[int, str]:
        """End as a command does that is done: exit code and what it complained about."""
        _, complaints = self.process.communicate()
        return self.process.returncode, complaints


@pytest.fixture(scope="session")
def pristine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cluster as it is after its first use; tests take copies."""
    data = tmp_path_factory.mktemp("pristine") / "data"
    with Cluster(data).lease():
        pass
    return data


@pytest.fixture
def data(pristine: Path, tmp_path: Path) -> Iterator[Path]:
    """A data directory with a stopped cluster; whatever runs on it in the end is killed."""
    data = tmp_path / "data"
    subprocess.run(["cp", "-a", pristine, data], check=True)
    yield data
    kill(*filter(None, [Cluster(data).postmaster_pid()]))


def answers(url: str) -> bool:
    with psycopg.connect(url) as connection:
        return connection.execute("select 1").fetchone() == (1,)


# -- leases --------------------------------------------------------------------------------------


def test_a_lease_on_a_new_folder_makes_the_cluster_and_its_end_stops_it(tmp_path: Path):
    cluster = Cluster(tmp_path / "new" / "data")
    with cluster.lease() as url:
        assert answers(url)
        assert cluster.is_running()
    assert not cluster.is_running()


def test_the_application_is_no_superuser(data: Path):
    with Cluster(data).lease() as url, psycopg.connect(url) as connection:
        row = connection.execute("select rolsuper from pg_roles where rolname = current_user")
        assert row.fetchone() == (False,)


def test_the_server_listens_on_no_network_address(data: Path):
    with Cluster(data).lease() as url, psycopg.connect(url) as connection:
        assert connection.execute("show listen_addresses").fetchone() == ("",)


def test_only_the_owner_enters_the_folder_of_the_socket(data: Path):
    cluster = Cluster(data)
    with cluster.lease():
        assert cluster.socket_directory.stat().st_mode & 0o077 == 0


def test_the_last_of_two_leaseholders_stops_the_server(data: Path):
    first, second = Leaseholder(data), Leaseholder(data)
    assert first.url == second.url
    assert first.leave() == (0, "")
    assert answers(second.url)
    assert second.leave() == (0, "")
    assert not Cluster(data).is_running()


def test_a_killed_leaseholder_leaves_the_server_to_the_next_one(data: Path):
    first = Leaseholder(data)
    kill(first.process.pid)
    first.leave()
    cluster = Cluster(data)
    postmaster = cluster.postmaster_pid()
    assert postmaster
    with cluster.lease() as url:
        assert answers(url)
        assert cluster.postmaster_pid() == postmaster
    eventually(lambda: not is_alive(postmaster))


def test_a_killed_leaseholder_does_not_keep_the_others_from_stopping_it(data: Path):
    first, second = Leaseholder(data), Leaseholder(data)
    kill(first.process.pid)
    first.leave()
    assert answers(second.url)
    second.leave()
    assert not Cluster(data).is_running()


def test_a_start_that_fails_leaves_no_server_behind(data: Path):
    cluster = Cluster(data)
    cluster.ensure_running()  # as if a start had been broken off before the lease was taken
    (data / "postgres" / "PG_VERSION").write_text("9\n")
    with pytest.raises(EmbeddedPostgresError, match="pg_upgrade"), cluster.lease():
        pass
    (data / "postgres" / "PG_VERSION").write_text("18\n")
    assert not cluster.is_running()


# -- what a kill or a reboot leaves --------------------------------------------------------------


def test_a_half_made_cluster_is_made_again(tmp_path: Path):
    half = tmp_path / "data" / "postgres.new"
    (half / "base").mkdir(parents=True)
    (half / "PG_VERSION").write_text("18\n")
    with Cluster(tmp_path / "data").lease() as url:
        assert answers(url)
    assert not half.exists()


@pytest.mark.parametrize("pid", ["stranger", "dead", "garbage"])
def test_a_lock_file_that_is_no_longer_ours_is_not_in_the_way(data: Path, pid: str):
    stranger = subprocess.Popen(["sleep", "600"])
    gone = subprocess.Popen(["true"])
    gone.wait()
    number = {"stranger": stranger.pid, "dead": gone.pid, "garbage": "not a number"}[pid]
    lock = data / "postgres" / "postmaster.pid"
    lock.write_text(f"{number}\n{data / 'postgres'}\n1700000000\n5432\n/nowhere\n\n  1 2\nready\n")
    cluster = Cluster(data)
    cluster._hand_over(lock)
    try:
        assert not cluster.is_running()
        with cluster.lease() as url:
            assert answers(url)
        assert stranger.poll() is None, "nobody else's process is touched"
    finally:
        stranger.kill()
        stranger.wait()


def test_a_killed_server_is_revived_with_what_was_committed(data: Path):
    cluster = Cluster(data)
    with cluster.lease() as url:
        with psycopg.connect(url) as connection:
            connection.execute("create table kept as select 7 as number")
        postmaster = cluster.postmaster_pid()
        assert postmaster
        kill(postmaster)
        eventually(lambda: not cluster.is_running())
        cluster.revive()
        with psycopg.connect(url) as connection:
            assert connection.execute("select number from kept").fetchone() == (7,)


def test_reviving_what_lives_changes_nothing(data: Path):
    cluster = Cluster(data)
    with cluster.lease():
        postmaster = cluster.postmaster_pid()
        cluster.revive()
        assert cluster.postmaster_pid() == postmaster


def test_a_cluster_of_another_major_version_is_left_alone(data: Path):
    (data / "postgres" / "PG_VERSION").write_text("9\n")
    with pytest.raises(EmbeddedPostgresError, match="made by PostgreSQL 9, but this is"):
        Cluster(data).ensure_running()
    assert (data / "postgres" / "PG_VERSION").read_text() == "9\n"


def test_a_server_that_cannot_start_says_what_its_log_says(
    data: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(embedded, "START_SECONDS", 1)
    with (data / "postgres" / "postgresql.conf").open("a") as settings:
        settings.write("\nno_such_setting = 1\n")
    with pytest.raises(EmbeddedPostgresError, match="no_such_setting"):
        Cluster(data).ensure_running()


# -- awkward places ------------------------------------------------------------------------------


def test_a_path_too_long_for_a_socket_works(pristine: Path, tmp_path: Path):
    data = tmp_path / ("long" * 25) / "data"
    data.parent.mkdir()
    subprocess.run(["cp", "-a", pristine, data], check=True)
    cluster = Cluster(data)
    try:
        with cluster.lease() as url:
            assert answers(url)
        assert len(os.fsencode(cluster.socket_directory / ".s.PGSQL.5432.lock")) <= 107
        assert not cluster.socket_directory.is_relative_to(data)
    finally:
        shutil.rmtree(cluster.socket_directory)


def test_a_path_with_spaces_apostrophes_and_percents_works(pristine: Path, tmp_path: Path):
    data = tmp_path / "it's 100% (mine) é" / "data"
    data.parent.mkdir()
    subprocess.run(["cp", "-a", pristine, data], check=True)
    with Cluster(data).lease() as url:
        assert answers(url)


@as_root
def test_root_may_keep_the_data_below_a_closed_folder(tmp_path: Path):
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    with Cluster(closed / "data").lease() as url:
        assert answers(url)
    assert closed.stat().st_mode & 0o777 == 0o700


@as_root
@pytest.mark.parametrize(
    ("withheld", "works"), [("-dac_read_search", True), ("-dac_read_search,-dac_override", False)]
)
def test_root_of_a_container_with_fewer_powers_is_served_or_told(
    tmp_path: Path, withheld: str, works: bool
):
    """Docker withholds dac_read_search, stricter containers dac_override too."""
    tmp_path.chmod(0o700)
    without = (f"--bounding-set={withheld}", f"--inh-caps={withheld}")
    code, complaints = Leaseholder(tmp_path / "data", "setpriv", *without).leave()
    assert (code == 0) is works, complaints
    assert ("open the folders above them (chmod o+x)" in complaints) is not works


@as_root
def test_root_needs_an_account_to_become(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(embedded, "UNPRIVILEGED_ACCOUNTS", ("nobody-of-this-name",))
    with pytest.raises(EmbeddedPostgresError, match="useradd"):
        Account.choose()


def test_an_account_reaches_only_what_is_open_to_it(tmp_path: Path):
    stranger = Account("stranger", 54321, 54321)
    folder = tmp_path / "folder"
    folder.mkdir(mode=0o755)
    assert stranger._may_enter(folder)
    folder.chmod(0o700)
    assert not stranger._may_enter(folder)
    assert not stranger.reaches(folder / "file")
    mine = Account("me", folder.stat().st_uid, folder.stat().st_gid)
    assert mine._may_enter(folder)


def test_dropping_to_an_account_takes_setpriv(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PATH", "")
    with pytest.raises(EmbeddedPostgresError, match="util-linux"):
        Account("nobody", 65534, 65534).prefix()


# -- whose database? -----------------------------------------------------------------------------


def test_a_database_of_ones_own_is_used_and_nothing_embedded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("DATABASE_URL", "postgres://elsewhere/gatehouse")
    with embedded.database(tmp_path / "data") as url:
        assert url == "postgres://elsewhere/gatehouse"
    assert not (tmp_path / "data").exists()


def test_without_one_the_embedded_database_is_used(data: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("DATABASE_URL", raising=False)
    with embedded.database(data) as url:
        assert answers(url)


def test_a_machine_without_binaries_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(EmbeddedPostgresError, match="set DATABASE_URL"):
        embedded.binaries()
