"""Run manage.py or the tests with the database up: what ``bin/manage`` and ``bin/test`` call."""

from __future__ import annotations

import contextlib
import fcntl
import itertools
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from pypi_site import embedded

ROOT = Path(__file__).resolve().parent.parent
SLOT = "GATEHOUSE_TEST_SLOT"  # set by us for ourselves
COMMANDS = {
    "manage": [sys.executable, str(ROOT / "manage.py")],
    "test": [sys.executable, "-m", "pytest"],
}


def data_directory() -> Path:
    """Where all state lies: ``GATEHOUSE_DATA``, by default ``var/`` in the checkout."""
    return Path(os.environ.get("GATEHOUSE_DATA") or ROOT / "var").absolute()


def main(arguments: list[str]) -> int:
    """Lease the database for as long as the command runs, and return its exit code."""
    command, *rest = arguments
    data = data_directory()
    if command == "test":  # never the data that somebody serves
        data = data / "test"
    environment = {**os.environ, "GATEHOUSE_DATA": str(data)}
    if command == "test":  # hundreds of processes are started, and each would compile us anew
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
    slot = free_slot(data) if command == "test" else contextlib.nullcontext(0)
    unwind_on_signals()
    try:
        with embedded.database(data) as url, slot as number:
            environment |= {"DATABASE_URL": url, SLOT: str(number)}
            return _call([*COMMANDS[command], *rest], environment, _folder(command))
    except embedded.EmbeddedPostgresError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


@contextlib.contextmanager
def free_slot(data: Path) -> Iterator[int]:
    """A number that no other run on this data has, so that test runs side by side do not share
    a test database."""
    data.mkdir(parents=True, exist_ok=True)
    for number in itertools.count():
        with (data / f"slot-{number}.lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            yield number
            return


def unwind_on_signals(*more: signal.Signals) -> None:
    """Leave by an exception, so that the lease on the database is returned.

    Scripts start what runs in the background with SIGINT ignored: name it to be stopped by it.
    """
    numbers = (signal.SIGTERM, signal.SIGHUP, *more)

    def leave(number: int, frame: object) -> None:
        for each in numbers:  # a second one must not stop the unwinding
            signal.signal(each, signal.SIG_IGN)
        sys.exit(128 + number)

    for number in numbers:
        signal.signal(number, leave)


def _call(command: list[str], environment: dict[str, str], folder: Path | None) -> int:
    """Run it to its end: it hears the terminal's Ctrl-C itself, other signals are passed on."""
    with subprocess.Popen(command, env=environment, cwd=folder) as child:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        for number in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, lambda number, frame: child.send_signal(number))
        code = child.wait()
    return code if code >= 0 else 128 - code


def _folder(command: str) -> Path | None:
    """pytest reads its settings from the checkout; a command keeps the caller's folder."""
    return ROOT if command == "test" else None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
