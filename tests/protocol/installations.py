"""Programs from pinned and hashed lists, each in an environment of its own; kept between runs.

Compile a list anew with ``echo hatch | uv pip compile - --universal --python-version 3.11
--generate-hashes --no-emit-index-url --no-header -o hatch.txt``.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from pypi_site.run import data_directory

INSTALL_SECONDS = 300
UV = Path(sys.executable).with_name("uv")
# What uv says where no registry can be reached; anything else is a fault of ours.
_UNREACHABLE = re.compile(r"(?i)error sending request|dns error|connect error|timed? ?out|offline")


class CannotInstall(RuntimeError):
    """What the installer said."""


class Unreachable(CannotInstall):
    """No registry answers."""


def programs(requirements: Path) -> Path:
    """The folder with the programs of a list; made if there is none yet.

    Raises `Unreachable` where no registry answers, `CannotInstall` where the list is at fault.
    """
    name = requirements.stem
    folder = _home() / f"{name}-{_fingerprint(requirements)}"
    with _lock(name):
        if not (folder / "complete").exists():
            _remove_others(name)
            _make(folder, requirements)
    return folder / "bin"


def _home() -> Path:
    return data_directory() / "publishers"


def _fingerprint(requirements: Path) -> str:
    """Another list or another Python needs another environment."""
    facts = requirements.read_bytes() + f"{sys.executable} {sys.version}".encode()
    return hashlib.sha256(facts).hexdigest()[:12]


@contextlib.contextmanager
def _lock(name: str) -> Iterator[None]:
    """Two test runs on one data directory make it once."""
    _home().mkdir(parents=True, exist_ok=True)
    with (_home() / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _remove_others(name: str) -> None:
    for outdated in _home().glob(f"{name}-{'[0-9a-f]' * 12}"):
        shutil.rmtree(outdated)


def _make(folder: Path, requirements: Path) -> None:
    _uv("venv", "--python", sys.executable, folder)
    python = folder / "bin" / "python"
    _uv("pip", "sync", "--require-hashes", "--python", python, requirements)
    (folder / "complete").touch()


def _uv(*arguments: str | Path) -> None:
    command = [UV, *arguments, "--quiet", "--no-python-downloads", "--system-certs"]
    done = subprocess.run(
        [str(word) for word in command],
        env=_environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=INSTALL_SECONDS,
    )
    if done.returncode:
        kind = Unreachable if _UNREACHABLE.search(done.stderr) else CannotInstall
        raise kind(f"{arguments[-1]} cannot be installed: {done.stderr.strip()}")


def _environment() -> dict[str, str]:
    """Who set a mirror for pip, as bin/test does it, means uv as well."""
    environment = {k: v for k, v in os.environ.items() if k not in ("VIRTUAL_ENV", "PYTHONPATH")}
    if mirror := environment.get("PIP_INDEX_URL"):
        environment.setdefault("UV_DEFAULT_INDEX", mirror)
    return environment
