"""A real Gatehouse in processes of its own: started, asked, killed, stopped."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, ClassVar, TypeVar

import psycopg

from pypi_site.embedded import Cluster
from pypi_site.run import ROOT
from tests.patience import PATIENCE
from tests.protocol import prepared
from tests.protocol.clients import Answer, Index

START_SECONDS = 300
STOP_SECONDS = PATIENCE
# Migrating and compressing are a minute's work, and this machine may have other.
FIRST_START_SECONDS = 600
QUIET_SECONDS = 0.3  # in which a log that does not grow has all lines
PASSWORD = "correct-horse-battery-staple"
_OPEN = re.compile(r"Gatehouse is open at (http://[\d.]+:(\d+))/")
_OURS = ("DATABASE_URL", "GATEHOUSE_", "DJANGO_SETTINGS_MODULE", "PYTEST_")
T = TypeVar("T")


def clean_environment(*foreign: str, **changes: str) -> dict[str, str]:
    """This process's environment without what configures Gatehouse (or any other prefix)."""
    prefixes = (*_OURS, *foreign)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(prefixes)}
    return {**kept, **changes}


def eventually(
    ask: Callable[[], T], seconds: float = PATIENCE, every: float = 0.05, because: str = ""
) -> T:
    """The first true answer of `ask`, which is repeated until the deadline."""
    deadline = time.monotonic() + seconds
    while not (answer := ask()):
        assert time.monotonic() < deadline, f"not within {seconds} s: {because or ask}"
        time.sleep(every)
    return answer


class Server:
    """``bin/serve`` on a data directory and an embedded PostgreSQL of its own, as if it were not
    its first start."""

    python, checkout = sys.executable, ROOT
    start_seconds, stop_seconds = START_SECONDS, STOP_SECONDS
    account: ClassVar[dict[str, Any]] = {}  # whom it runs as: ``user`` and ``group`` of Popen

    def __init__(self, data: Path, *flags: str, **environment: str) -> None:
        self.data, self.flags = data, flags
        self.environment = clean_environment(**environment)
        self.log = data.with_name(f"{data.name}.log")
        self.port = 0
        self.process: subprocess.Popen[bytes] | None = None
        self._read_from = 0

    # -- life --------------------------------------------------------------------------------

    def start(self, *, wait: bool = True) -> Server:
        """Run the command on the port of last time, if there was one."""
        self._lay_data()
        command = [self.python, "-m", "pypi_site.serve", "--data", str(self.data)]
        command += ["--port", str(self.port), *self.flags]
        self._read_from = self.log.stat().st_size if self.log.exists() else 0
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                command,
                cwd=self.checkout,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                **self.account,
            )
        if wait:
            self.wait_until_open()
        return self

    def _lay_data(self) -> None:
        prepared.lay(self.data, clean_environment())

    def wait_until_open(self) -> None:
        match = eventually(self._opened, self.start_seconds, because="the server opens")
        self.port = int(match[2])

    def _opened(self) -> re.Match[str] | None:
        assert self.process
        assert self.process.poll() is None, f"the server ended:\n{self.output}"
        return _OPEN.search(self.output)

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Ask the supervisor to stop, and return its exit code."""
        assert self.process
        self.process.send_signal(number)
        return self.process.wait(self.stop_seconds)

    @property
    def output(self) -> str:
        """What it printed since the last start."""
        return self.log.read_bytes()[self._read_from :].decode(errors="replace")

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def index(self) -> Index:
        return Index("127.0.0.1", self.port)

    def get(self, path: str, **headers: str) -> Answer:
        return self.index.get(path, **headers)

    def is_well(self) -> bool:
        with contextlib.suppress(OSError):
            return self.get("/healthz").status == 200
        return False

    # -- processes ---------------------------------------------------------------------------

    def pid_of(self, name: str) -> int:
        """``supervisor``, ``web`` or ``readers`` (masters), ``keeper``, ``jobs``, ``postgres``."""
        return {
            "supervisor": lambda: self._supervisor,
            "web": lambda: self._child("gunicorn"),
            "keeper": lambda: self._child("manage.py keep"),
            "readers": lambda: self._child("granian"),
            "jobs": lambda: self._child("qcluster"),
            "postgres": lambda: Cluster(self.data).postmaster_pid() or 0,
        }[name]()

    def web_workers(self) -> list[int]:
        return children(self.pid_of("web"))

    @property
    def _supervisor(self) -> int:
        assert self.process
        return self.process.pid

    def _child(self, word: str) -> int:
        found = [pid for pid in children(self._supervisor) if word in command_line(pid)]
        return found[0] if found else 0

    def everything(self) -> list[int]:
        """Every process of this server, the database's included."""
        roots = [self._supervisor, self.pid_of("postgres")]
        return [pid for root in roots if root for pid in (root, *descendants(root))]

    # -- what it keeps -----------------------------------------------------------------------

    def query(self, sql: str, *parameters: Any) -> list[tuple[Any, ...]]:
        with psycopg.connect(Cluster(self.data).url) as connection:
            return connection.execute(sql, parameters).fetchall()  # type: ignore[arg-type]

    def blobs(self) -> set[str]:
        """The names of all stored files, metadata files and unfinished ones included."""
        return {path.name for path in (self.data / "files").rglob("*") if path.is_file()}

    def incoming(self) -> list[Path]:
        return list((self.data / "incoming").glob("*"))

    def requests(self, since: int = 0) -> list[str]:
        """``METHOD path`` of every answered request, if GATEHOUSE_ACCESS_LOG is set.

        A line is written after its answer has left: one that is expected may still be to come.
        """
        self._wait_until_quiet()
        return re.findall(r'"([A-Z]+ \S+) HTTP/1', self.output)[since:]

    def _wait_until_quiet(self) -> None:
        before = -1
        while (size := self.log.stat().st_size) != before:
            before = size
            time.sleep(QUIET_SECONDS)

    # -- bin/manage --------------------------------------------------------------------------

    def manage(self, *arguments: str, **environment: str) -> str:
        """What ``bin/manage ...`` prints on this data."""
        done = subprocess.run(
            [sys.executable, "-m", "pypi_site.run", "manage", *arguments],
            cwd=ROOT,
            env={**self.environment, "GATEHOUSE_DATA": str(self.data), **environment},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def script(self, code: str) -> Any:
        """Run Python as ``bin/manage shell -c`` does, and return what it prints as JSON."""
        lines = self.manage("shell", "--no-imports", "-c", code).strip().splitlines()
        return json.loads(lines[-1]) if lines else None

    def bootstrap(self, username: str = "keeper") -> str:
        """The administrator's upload token."""
        names = ("--username", username, "--email", f"{username}@example.org")
        printed = self.manage("bootstrap", *names, GATEHOUSE_BOOTSTRAP_PASSWORD=PASSWORD)
        return printed.strip()


class FirstStart(Server):
    """The same where nothing is prepared; it does not stop in the middle of that."""

    start_seconds = stop_seconds = FIRST_START_SECONDS

    def _lay_data(self) -> None:
        """Leave it to the command."""


@contextlib.contextmanager
def serving(data: Path, *flags: str, **environment: str) -> Iterator[Server]:
    """A running server, and none of its processes afterwards."""
    server = Server(data, *flags, **environment)
    try:
        yield server.start()
    finally:
        put_down(server)


def put_down(server: Server) -> None:
    """Stop the server if it runs, and whatever is left of it."""
    if server.process and server.process.poll() is None:
        with contextlib.suppress(subprocess.TimeoutExpired):
            server.stop()
            return
    for pid in server.everything():
        kill(pid)


def kill(*pids: int) -> None:
    """``kill -9``, without mercy for those that are gone."""
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def is_alive(pid: int) -> bool:
    """Whether the process runs; a zombie does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def children(parent: int) -> list[int]:
    return [pid for pid, its_parent in _processes() if its_parent == parent]


def descendants(ancestor: int) -> list[int]:
    found: list[int] = []
    for pid in children(ancestor):
        found += [pid, *descendants(pid)]
    return found


def command_line(pid: int) -> str:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    return ""


def _processes() -> Iterator[tuple[int, int]]:
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            facts = (entry / "stat").read_text().rpartition(")")[2].split()
            yield int(entry.name), int(facts[1])
