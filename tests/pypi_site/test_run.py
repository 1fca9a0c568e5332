"""``bin/manage`` and ``bin/test``: the command's own exit code, signals, folder and database."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from pypi_site import run
from pypi_site.run import ROOT
from tests.protocol.server import clean_environment, is_alive

READY = "import sys, time, os; print('ready', os.getpid(), flush=True)\n"


def start(data: Path, *arguments: str, cwd: Path = ROOT, **environment: str):
    """The command on a database that nobody will ask."""
    given = {"DATABASE_URL": "postgres://localhost:1/nothing", "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(
        [sys.executable, "-m", "pypi_site.run", *arguments],
        cwd=cwd,
        env=clean_environment(GATEHOUSE_DATA=str(data), **{**given, **environment}),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        # A suite started in the background ignores Ctrl-C, and children inherit that.
        preexec_fn=lambda: signal.signal(  # noqa: PLW1509 - no threads here
            signal.SIGINT, signal.default_int_handler
        ),
    )


def shell(data: Path, code: str, **options):
    return start(data, "manage", "shell", "--no-imports", "-c", code, **options)


def test_the_exit_code_is_the_commands(tmp_path: Path):
    process = shell(tmp_path / "data", "raise SystemExit(7)")
    process.communicate()
    assert process.returncode == 7


def test_a_command_keeps_the_folder_of_its_caller(tmp_path: Path):
    process = shell(tmp_path / "data", "import os; print(os.getcwd())", cwd=tmp_path)
    assert process.communicate()[0].strip() == str(tmp_path)


def test_with_a_database_of_ones_own_nothing_is_embedded(tmp_path: Path):
    code = "import os; print(os.environ['DATABASE_URL'])"
    process = shell(tmp_path / "data", code)
    assert process.communicate()[0].strip() == "postgres://localhost:1/nothing"
    assert {path.name for path in (tmp_path / "data").iterdir()} <= {"secret-key"}


def test_the_embedded_database_is_there_for_the_command_and_gone_after_it(tmp_path: Path):
    data = tmp_path / "it's 100% mine"
    code = (
        "from django.db import connection\n"
        "with connection.cursor() as cursor:\n"
        "    cursor.execute('select pg_postmaster_start_time() is not null, pg_backend_pid()')\n"
        "    print(cursor.fetchone())"
    )
    process = shell(data, code, DATABASE_URL="")
    printed, complaints = process.communicate()
    assert printed.startswith("(True,"), complaints
    assert not (data / "postgres" / "postmaster.pid").exists()


def test_ctrl_c_is_for_the_command_to_decide_about(tmp_path: Path):
    code = (
        "import sys, time\ntry:\n    print('ready', flush=True); time.sleep(60)\n"
        "except KeyboardInterrupt:\n    time.sleep(1); print('tidied up'); sys.exit(5)"
    )
    process = shell(tmp_path / "data", code)
    assert process.stdout
    process.stdout.readline()
    os.killpg(process.pid, signal.SIGINT)
    assert process.communicate()[0].strip() == "tidied up"
    assert process.returncode == 5


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_the_command_too(tmp_path: Path, number: signal.Signals):
    process = shell(tmp_path / "data", READY + "time.sleep(60)")
    assert process.stdout
    child = int(process.stdout.readline().split()[1])
    process.send_signal(number)
    process.communicate()
    assert process.returncode == 128 + number
    assert not is_alive(child)


def passes(folder: Path, line: str, **environment: str) -> bool:
    """Whether ``bin/test`` on a test of one line does."""
    test = folder / "test_line.py"
    test.write_text(f"import os, sys\ndef test_line():\n    {line}\n")
    flags = ("-q", "-c", os.devnull, "--rootdir", str(folder), "-p", "no:cacheprovider")
    process = start(folder / "data", "test", *flags, str(test), **environment)
    printed, _ = process.communicate()
    return "1 passed" in printed and process.returncode == 0


def test_tests_never_touch_the_data_that_somebody_serves(tmp_path: Path):
    theirs = str(tmp_path / "data" / "test")
    assert passes(tmp_path, f"assert os.environ['GATEHOUSE_DATA'] == {theirs!r}")


def test_what_tests_start_is_compiled_once(tmp_path: Path):
    assert passes(tmp_path, "assert not sys.dont_write_bytecode", PYTHONDONTWRITEBYTECODE="1")


def test_a_database_that_cannot_run_is_one_clear_message(tmp_path: Path):
    (tmp_path / "data" / "postgres").mkdir(parents=True)
    (tmp_path / "data" / "postgres" / "PG_VERSION").write_text("9\n")
    process = shell(tmp_path / "data", "pass", DATABASE_URL="")
    _, complaints = process.communicate()
    assert process.returncode == 1
    assert "made by PostgreSQL 9" in complaints
    assert "Traceback" not in complaints


def test_a_data_directory_that_is_a_file_is_one_clear_message(tmp_path: Path):
    (tmp_path / "file").write_text("no folder")
    process = shell(tmp_path / "file", "pass", DATABASE_URL="")
    _, complaints = process.communicate()
    assert process.returncode == 1
    assert f"The data directory {tmp_path / 'file'} cannot be used" in complaints
    assert "Traceback" not in complaints


def test_state_lies_in_var_unless_something_else_is_said(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("GATEHOUSE_DATA", raising=False)
    assert run.data_directory() == ROOT / "var"
    monkeypatch.setenv("GATEHOUSE_DATA", "relative")
    assert run.data_directory() == Path.cwd() / "relative"
