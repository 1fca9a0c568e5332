"""``bin/bootstrap.py``: an environment once, and nothing but the command from then on."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from pypi_site.run import ROOT
from tests.protocol.server import clean_environment

MAKING, INSTALLING = "Making a virtual environment", "Installing requirements"
STUB = "import sys; print('ran', *sys.argv[1:])\n"


class Checkout:
    """A checkout with the real ``bin/``, empty lists and a command that only says it ran."""

    def __init__(self, root: Path) -> None:
        self.root, self.environment = root, root / ".venv"
        shutil.copytree(ROOT / "bin", root / "bin")
        (root / "pypi_site").mkdir()
        (root / "pypi_site" / "__init__.py").touch()
        (root / "pypi_site" / "run.py").write_text(STUB)
        for name in ("requirements.txt", "requirements-dev.txt"):
            (root / name).write_text("# nothing\n")

    def start(self, command: str, *arguments: str, **environment: str):
        given = {"GATEHOUSE_PYTHON": sys.executable, "PIP_NO_INDEX": "1", **environment}
        return subprocess.Popen(
            [self.root / "bin" / command, *arguments],
            cwd="/",
            env=clean_environment("COVERAGE_", "PYTHON") | given,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, command: str, *arguments: str, **environment: str) -> tuple[int, str, str]:
        """Exit code, what the command printed, what the setting up printed."""
        process = self.start(command, *arguments, **environment)
        printed, told = process.communicate()
        return process.returncode, printed.strip(), told


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """A checkout whose environment two commands made at the same time."""
    checkout = Checkout(tmp_path_factory.mktemp("checkout") / "with space")
    both = [checkout.start("manage", "one"), checkout.start("test", "two")]
    told = [process.communicate() for process in both]
    assert [process.returncode for process in both] == [0, 0], told
    assert [printed.strip() for printed, _ in told] == ["ran manage one", "ran test two"]
    complaints = "".join(text for _, text in told)
    assert complaints.count(MAKING) == 1
    assert complaints.count("Installing requirements.txt") == 1
    assert complaints.count("Installing requirements-dev.txt") == 1
    return checkout


def test_the_second_run_sets_nothing_up(made: Checkout):
    assert made.run("manage", "check", "--flag", "a b") == (0, "ran manage check --flag a b", "")
    assert made.run("test", "-x") == (0, "ran test -x", "")


def test_a_changed_list_is_installed_again_and_only_that(made: Checkout):
    (made.root / "requirements.txt").write_text("# nothing yet\n")
    _, printed, told = made.run("manage", "check")
    assert printed == "ran manage check"
    assert "Installing requirements.txt" in told
    assert MAKING not in told
    assert made.run("manage", "check")[2] == ""


def test_a_list_that_cannot_be_installed_says_so_and_is_tried_again(made: Checkout):
    good = (made.root / "requirements-dev.txt").read_text()
    (made.root / "requirements-dev.txt").write_text("no-such-package==1.0 --hash=sha256:00\n")
    for _ in range(2):
        code, printed, told = made.run("test")
        assert (code, printed) == (1, "")
        assert INSTALLING in told
        assert "requirements-dev.txt could not be installed" in told
        assert "PIP_INDEX_URL" in told
    (made.root / "requirements-dev.txt").write_text(good)
    assert made.run("test")[:2] == (0, "ran test")


def _half_made(environment: Path) -> None:
    (environment / ".python").unlink()


def _of_another_python(environment: Path) -> None:
    (environment / ".python").write_text("3.9.1")


def _dead(environment: Path) -> None:
    """As when the Python that it was made from has been removed."""
    for name in ("python", "python3"):
        (environment / "bin" / name).unlink()
    (environment / "bin" / "python").symlink_to("/nowhere/python3")


@pytest.mark.parametrize("spoil", [_half_made, _of_another_python, _dead])
def test_a_spoiled_environment_is_made_again(made: Checkout, spoil):
    litter = made.environment / "litter"
    litter.touch()
    spoil(made.environment)
    code, printed, told = made.run("manage", "again")
    assert (code, printed) == (0, "ran manage again"), told
    assert MAKING in told
    assert not litter.exists()


def test_the_environment_may_lie_elsewhere(made: Checkout, tmp_path: Path):
    shutil.copytree(made.environment, tmp_path / "venv", symlinks=True)
    code, printed, told = made.run("manage", GATEHOUSE_VENV=str(tmp_path / "venv"))
    assert (code, printed, told) == (0, "ran manage", "")


def test_a_machine_without_a_new_python_is_told_so(made: Checkout, tmp_path: Path):
    for name in ("sh", "dirname"):
        found = shutil.which(name)
        assert found
        (tmp_path / name).symlink_to(found)
    old = tmp_path / "python3"
    old.write_text("#!/bin/sh\nexit 1\n")
    old.chmod(0o755)
    code, printed, told = made.run("serve", PATH=str(tmp_path), GATEHOUSE_PYTHON="")
    assert (code, printed) == (1, "")
    assert told.strip().endswith("set GATEHOUSE_PYTHON to its path.")


def test_every_command_beside_bootstrap_is_known_to_it():
    scripts = {path.name for path in (ROOT / "bin").iterdir() if os.access(path, os.X_OK)}
    text = (ROOT / "bin" / "bootstrap.py").read_text()
    commands = {name for name in scripts if '/python"' in (ROOT / "bin" / name).read_text()}
    assert commands >= {"serve", "manage", "test", "check"}
    assert all(f'"{name}": (' in text for name in commands)


def test_a_folder_that_is_no_environment_is_left_alone(made, tmp_path):
    (kept := tmp_path / "letters.txt").write_text("mine")
    code, _, told = made.run("manage", GATEHOUSE_VENV=str(tmp_path))
    assert code == 1
    assert "is no virtual environment; set GATEHOUSE_VENV to another folder" in told
    assert kept.read_text() == "mine"


def test_an_empty_setting_is_none(made):
    code, printed, _ = made.run("manage", "again", GATEHOUSE_VENV="")
    assert (code, printed) == (0, "ran manage again")
