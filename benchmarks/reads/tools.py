"""The programs of the system that the comparison takes: wrk and nginx."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

INSTALL_SECONDS = 300


def have(program: str) -> bool:
    """Whether the program is there; as root it is installed with apt where there is apt."""
    if shutil.which(program):
        return True
    if os.geteuid() == 0 and shutil.which("apt-get"):
        say(f"Installing {program} ...")
        _apt("update", "-qq")
        _apt("install", "-y", "-qq", "--no-install-recommends", program)
    if shutil.which(program):
        return True
    say(f"{program} is not here and cannot be installed: apt install {program}, then try again.")
    return False


def _apt(*arguments: str) -> None:
    """A failure shows in that the program is still missing."""
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    command = ["apt-get", *arguments]
    limit = INSTALL_SECONDS
    subprocess.run(command, env=environment, capture_output=True, check=False, timeout=limit)


def say(text: str) -> None:
    """Progress, beside the table."""
    print(text, file=sys.stderr, flush=True)
