"""Data on which ``bin/serve`` would find its first start done: each server of a test gets a copy.

Migrating an empty database and compressing static files takes longer than most tests.
It is done once, and anew when the code has changed, by whichever test run comes first.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from pypi_site.run import ROOT, data_directory

CODE = ("pypi_site", "accounts", "packages", "search", "moderation")
KEPT = ("postgres", "static")
# What is due is due from the start of the server on, not from ours.
_PREPARE = """
from django.core.management import call_command
from django_q.models import Schedule
call_command("prepare")
Schedule.objects.all().delete()
"""


def lay(data: Path, environment: Mapping[str, str]) -> None:
    """Give a data directory that has none yet a database with its tables, and the static files."""
    if (data / KEPT[0]).exists():
        return
    with _ready_made(environment) as made:
        data.mkdir(parents=True, exist_ok=True)
        for name in KEPT:  # with their owners, whom shutil forgets
            subprocess.run(["cp", "-a", made / name, data / name], check=True)


@contextlib.contextmanager
def _ready_made(environment: Mapping[str, str]) -> Iterator[Path]:
    """Made if there is none of this code; nobody replaces it meanwhile."""
    home = data_directory() / "prepared"
    home.mkdir(parents=True, exist_ok=True)
    made = home / _fingerprint()
    with (home / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (made / "complete").exists():
            _remove(*home.glob("*/"))
            _make(made, environment)
        fcntl.flock(lock, fcntl.LOCK_SH)
        yield made


def _fingerprint() -> str:
    """Of all code and static files, and of what is installed."""
    files = [path for folder in CODE for path in (ROOT / folder).rglob("*") if path.is_file()]
    digest = hashlib.sha256(sys.version.encode())
    for path in sorted([*files, ROOT / "requirements.txt"]):
        if path.suffix != ".pyc":
            facts = path.stat()
            digest.update(f"{path}\0{facts.st_size}\0{facts.st_mtime_ns}\n".encode())
    return digest.hexdigest()[:12]


def _remove(*folders: Path) -> None:
    for outdated in folders:
        shutil.rmtree(outdated)


def _make(folder: Path, environment: Mapping[str, str]) -> None:
    subprocess.run(
        [sys.executable, "-m", "pypi_site.run", "manage", "shell", "--no-imports", "-c", _PREPARE],
        cwd=ROOT,
        env={**environment, "GATEHOUSE_DATA": str(folder)},
        check=True,
    )
    (folder / "complete").touch()
