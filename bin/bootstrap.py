"""Make the virtual environment, install what is pinned, and run a command in it.

Runs on a bare Python 3.11 or newer: standard library only.  A stamp beside each installed list
makes the second run immediate; a lock lets two commands start at once.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ENVIRONMENT = Path(os.environ.get("GATEHOUSE_VENV") or ROOT / ".venv").absolute()
PYTHON = ENVIRONMENT / "bin" / "python"
RUNTIME, DEVELOPMENT = "requirements.txt", "requirements-dev.txt"

# command: the lists that it needs, and what it runs
COMMANDS = {
    "serve": ([RUNTIME], ["-m", "pypi_site.serve"]),
    "manage": ([RUNTIME], ["-m", "pypi_site.run", "manage"]),
    "test": ([RUNTIME, DEVELOPMENT], ["-m", "pypi_site.run", "test"]),
    "bench": ([RUNTIME, DEVELOPMENT], ["-m", "benchmarks.reads"]),
    "check": ([RUNTIME, DEVELOPMENT], [str(ROOT / "bin" / "checks.py")]),
    "lock": ([RUNTIME, DEVELOPMENT], [str(ROOT / "bin" / "locks.py")]),
}


def main() -> None:
    command, *arguments = sys.argv[1:]
    lists, program = COMMANDS[command]
    ENVIRONMENT.parent.mkdir(parents=True, exist_ok=True)
    with open(f"{ENVIRONMENT}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        make_environment()
        for name in lists:
            install(name)
    os.environ.setdefault("PYTHONPATH", str(ROOT))
    os.execv(PYTHON, [str(PYTHON), *program, *arguments])


def make_environment() -> None:
    """A half-made environment (a killed first run) has no stamp and is made again."""
    stamp = ENVIRONMENT / ".python"
    version = sys.version.split()[0]
    if stamp.exists() and stamp.read_text() == version and works():
        return
    require_ours()
    say(f"Making a virtual environment in {ENVIRONMENT} ...")
    os.umask(0o022)  # the database server may run as another account and must read its programs
    shutil.rmtree(ENVIRONMENT, ignore_errors=True)
    run(
        [sys.executable, "-m", "venv", str(ENVIRONMENT)],
        hint=(
            "Python could not make a virtual environment. On Debian and Ubuntu: apt install"
            " python3-venv, then try again."
        ),
    )
    stamp.write_text(version)


def require_ours() -> None:
    """What is no virtual environment is somebody's folder, and is not deleted."""
    strange = ENVIRONMENT.exists() and not (ENVIRONMENT / "pyvenv.cfg").exists()
    if strange and any(ENVIRONMENT.iterdir()):
        sys.exit(
            f"{ENVIRONMENT} is no virtual environment; set GATEHOUSE_VENV to another folder, or"
            " delete this one."
        )


def works() -> bool:
    """An environment that was moved or whose Python was removed has a dead interpreter."""
    if not PYTHON.exists():
        return False
    return subprocess.run([str(PYTHON), "-c", ""], check=False).returncode == 0


def install(name: str) -> None:
    wanted = hashlib.sha256((ROOT / name).read_bytes()).hexdigest()
    stamp = ENVIRONMENT / f".installed-{name}"
    if stamp.exists() and stamp.read_text() == wanted:
        return
    say(f"Installing {name} ...")
    os.umask(0o022)
    pip = [str(PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    run(
        [*pip, "--require-hashes", "-r", str(ROOT / name)],
        hint=(
            f"The packages of {name} could not be installed: see the lines above. A proxy or a"
            " mirror is set as usual for pip (PIP_INDEX_URL, PIP_PROXY, pip.conf)."
        ),
    )
    stamp.write_text(wanted)


def run(command: list[str], hint: str) -> None:
    if subprocess.run(command, check=False).returncode:
        sys.exit(f"\n{hint}")


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
