"""``bin/serve``: the database, the web workers and the job worker under one supervisor.

Invariants, whatever is killed: the listening socket belongs to the supervisor, so a restart of
the web workers refuses no connection; every child is told by the kernel when the supervisor
dies, and leads a process group that the next start sweeps; locks are file locks, which end with
their process.
"""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import fcntl
import http.client
import os
import shlex
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit

from pypi_site import embedded
from pypi_site.run import ROOT, data_directory, unwind_on_signals

MARKER = "GATEHOUSE_SUPERVISED"  # in the environment of every child: whose data it serves
PR_SET_PDEATHSIG = 1
READY_SECONDS = 60
STOP_SECONDS = 25
BACKOFF_SECONDS = (0, 0.5, 1, 2, 5, 10)
STEADY_SECONDS = 30
ORPHAN_SECONDS = 10


class CannotServe(RuntimeError):
    """The message says what to do."""


def main() -> int:
    """Serve until a signal says stop; 0 after a clean stop."""
    options = parse(sys.argv[1:])
    unwind_on_signals()  # until the supervisor takes the signals over
    try:
        with only_one(options.data):
            sweep(options.data)  # first, for what is left over may hold the port
            with (
                listening(options.host, options.port) as listener,
                embedded.database(options.data) as url,
            ):
                return Supervisor(options, url, listener).run()
    except (CannotServe, embedded.EmbeddedPostgresError) as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def parse(arguments: list[str]) -> argparse.Namespace:
    """Flags, each with its twin in the environment."""
    env = os.environ.get
    parser = argparse.ArgumentParser(prog="bin/serve", description="Run the package index.")
    add = parser.add_argument
    add("--host", default=env("GATEHOUSE_HOST", "127.0.0.1"), help="address to listen on")
    add("--port", type=int, default=env("GATEHOUSE_PORT", "8000"), help="0 picks a free one")
    add("--data", type=Path, default=data_directory(), metavar="DIR", help="where all state lies")
    add("--workers", type=int, default=env("GATEHOUSE_WORKERS", "2"), help="web processes")
    add("--readers", type=int, default=env("GATEHOUSE_READERS", "0"), help="fast reading processes")
    add("--reader-port", type=int, default=env("GATEHOUSE_READER_PORT", "8001"), help="theirs")
    options = parser.parse_args(arguments)
    options.data = options.data.absolute()
    if options.workers < 1:
        parser.error("--workers must be at least 1")
    if options.readers < 0:
        parser.error("--readers must be at least 0")
    if not 0 <= options.port <= 65535:
        parser.error("--port must lie between 0 and 65535")
    if not 1 <= options.reader_port <= 65535:
        parser.error("--reader-port must lie between 1 and 65535")
    return options


@contextlib.contextmanager
def only_one(data: Path) -> Iterator[None]:
    """Two servers on one data directory would run every job of theirs twice as often."""
    with _lock_file(data) as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            raise CannotServe(
                f"Process {lock.read().strip() or '?'} already serves {data}: stop it, or choose"
                " another data directory with --data."
            ) from None
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield


def _lock_file(data: Path) -> IO[str]:
    try:
        data.mkdir(parents=True, exist_ok=True)
        return (data / "serve.lock").open("a+")
    except OSError as error:
        raise CannotServe(
            f"The data directory {data} cannot be used ({error.strerror}): choose another one with"
            " --data, or act as the user to whom it belongs."
        ) from None


@contextlib.contextmanager
def listening(host: str, port: int) -> Iterator[socket.socket]:
    """The socket that outlives the web workers."""
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.create_server(address[:2], family=family, backlog=1024)
    except OSError as error:
        raise CannotServe(
            f"Cannot listen on {host}:{port} ({error.strerror or error}): choose another address"
            " with --host and --port."
        ) from None
    with listener:
        listener.set_inheritable(True)
        yield listener


def sweep(data: Path) -> None:
    """Kill what an earlier server on this data left behind (its supervisor was killed)."""
    for pid in _supervised(data):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, signal.SIGKILL)


def _supervised(data: Path) -> Iterator[int]:
    marker = os.fsencode(f"{MARKER}={data}\0")
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if marker in (entry / "environ").read_bytes() and int(entry.name) != os.getpid():
                yield int(entry.name)


@dataclass
class Child:
    """One supervised command: started, watched, started again when it dies."""

    name: str
    command: list[str]
    environment: dict[str, str]
    inherited: tuple[int, ...] = ()
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    failures: int = 0
    next_start: float = 0.0
    orphans: list[tuple[int, float]] = field(default_factory=list)

    def start(self) -> None:
        parent = os.getpid()
        self.process = subprocess.Popen(
            self.command,
            env=self.environment,
            cwd=ROOT,
            pass_fds=self.inherited,
            start_new_session=True,
            preexec_fn=lambda: _die_with(parent),  # noqa: PLW1509 - we have one thread
        )
        self.started = time.monotonic()

    def keep_alive(self) -> None:
        """Start what is dead, slower and slower while it keeps dying."""
        now = time.monotonic()
        self._end_orphans(now)
        if self.process and self.process.poll() is None:
            return
        if self.process:
            self._bury(now)
        if now >= self.next_start:
            self.start()

    def _bury(self, now: float) -> None:
        assert self.process
        code, steady = self.process.returncode, now - self.started > STEADY_SECONDS
        self._leave_orphans(now)
        self.failures = 0 if steady else self.failures + 1
        wait = BACKOFF_SECONDS[min(self.failures, len(BACKOFF_SECONDS) - 1)]
        self.next_start, self.process = now + wait, None
        say(f"{self.name} ended (exit code {code}); starting it again in {wait} s")

    def _leave_orphans(self, now: float) -> None:
        """The workers of a leader that was killed may finish what they answer; not for long."""
        assert self.process
        self.signal(signal.SIGTERM)
        self.orphans.append((self.process.pid, now + ORPHAN_SECONDS))

    def _end_orphans(self, now: float) -> None:
        for group, deadline in self.orphans.copy():
            if now > deadline:
                self.orphans.remove((group, deadline))
                _signal_group(group, signal.SIGKILL)

    def signal(self, number: signal.Signals) -> None:
        """Signal the whole process group."""
        if self.process:
            _signal_group(self.process.pid, number)

    def ask_to_stop(self) -> None:
        """SIGTERM to the leader only, who takes his workers down in order."""
        if self.process and self.process.poll() is None:
            self.process.terminate()

    def wait(self, deadline: float) -> None:
        if not self.process:
            return
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(max(0.0, deadline - time.monotonic()))
        self.signal(signal.SIGKILL)
        self._end_orphans(float("inf"))


def _signal_group(group: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)


def _die_with(parent: int) -> None:
    """Ask Linux for a SIGTERM when the supervisor dies; other systems rely on the sweep."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:
        os._exit(1)


class Supervisor:
    """Prepares the database and the static files, then keeps the children alive."""

    def __init__(self, options: argparse.Namespace, url: str, listener: socket.socket) -> None:
        self.options = options
        self.listener = listener
        host, self.port = listener.getsockname()[:2]
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104
        shown = f"[{host}]" if ":" in host else host
        self.address = f"http://{shown}:{self.port}"
        self.environment = {
            **os.environ,
            "DATABASE_URL": url,
            "GATEHOUSE_DATA": str(options.data),
            "PYTHONUNBUFFERED": "1",
            MARKER: str(options.data),
        }
        self.environment.setdefault("GATEHOUSE_URL", self.address)
        self.cluster = None if os.environ.get("DATABASE_URL") else embedded.Cluster(options.data)
        self.children = [self._web(), self._keeper(), self._jobs()]
        if options.readers:
            self.children.append(self._readers())
        self.stopping = False

    def run(self) -> int:
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self._stop)
        self._prepare()
        if not self.stopping:
            for child in self.children:
                child.start()
            self._announce()
        while not self.stopping:
            self._watch()
        self._shut_down()
        return 0

    # -- children ----------------------------------------------------------------------------

    def _web(self) -> Child:
        descriptor = self.listener.fileno()
        command = [sys.executable, "-m", "gunicorn", "--config", str(ROOT / "deploy/gunicorn.py")]
        command += ["--bind", f"fd://{descriptor}", "--workers", str(self.options.workers)]
        return Child("web", [*command, "pypi_site.wsgi"], self.environment, (descriptor,))

    def _readers(self) -> Child:
        """The same application under a server that is faster, and sends no reason phrase."""
        command = [sys.executable, "-m", "granian", "--interface", "wsgi", "--no-ws"]
        command += ["--host", self.options.host, "--port", str(self.options.reader_port)]
        command += ["--workers", str(self.options.readers), "--respawn-failed-workers"]
        command += ["--blocking-threads", os.environ.get("GATEHOUSE_THREADS", "8")]
        command += ["--log-level", "warning", "pypi_site.wsgi:application"]
        return Child("readers", command, self.environment)

    def _keeper(self) -> Child:
        command = [sys.executable, str(ROOT / "manage.py"), "keep"]
        return Child("keeper", command, self.environment)

    def _jobs(self) -> Child:
        # Whoever waits for an answer comes first.
        command = ["nice", "-n", "5", sys.executable, str(ROOT / "manage.py"), "qcluster"]
        return Child("jobs", command, self.environment)

    # -- life --------------------------------------------------------------------------------

    def _prepare(self) -> None:
        """Migrate and collect static files, in one process of its own."""
        say("Preparing the database and the static files ...")
        command = [sys.executable, str(ROOT / "manage.py"), "prepare"]
        done = subprocess.run(command, env=self.environment, cwd=ROOT, check=False)
        if done.returncode and not self.stopping:
            raise CannotServe("The database could not be prepared: see the lines above.")

    def _announce(self) -> None:
        if not self._wait_until_ready():
            return
        default = self.options.data == ROOT / "var"
        prefix = "" if default else f"GATEHOUSE_DATA={shlex.quote(str(self.options.data))} "
        say(_WELCOME.format(address=self.address, prefix=prefix))
        if self.options.readers:
            say(f"Readers answer on port {self.options.reader_port}.")

    def _wait_until_ready(self) -> bool:
        deadline = time.monotonic() + READY_SECONDS
        while not self.stopping and time.monotonic() < deadline:
            if self._is_healthy():
                return True
            for child in self.children:
                child.keep_alive()
            time.sleep(0.1)
        say("The server does not answer yet; it is kept running. Its messages stand above.")
        return False

    def _is_healthy(self) -> bool:
        _, port = self.listener.getsockname()[:2]
        host = urlsplit(self.address).hostname or "localhost"
        connection = http.client.HTTPConnection(host, port, timeout=5)
        try:
            connection.request("GET", "/healthz", headers={"Host": "localhost"})
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def _watch(self) -> None:
        time.sleep(0.25)
        if self.stopping:
            return
        if self.cluster and self.cluster.postmaster_pid() is None:
            say("PostgreSQL ended; starting it again")
            self.cluster.revive()
        for child in self.children:
            child.keep_alive()

    def _stop(self, number: int, frame: object) -> None:
        self.stopping = True

    def _shut_down(self) -> None:
        say("Stopping ...")
        deadline = time.monotonic() + STOP_SECONDS
        for child in self.children:
            child.ask_to_stop()
        for child in self.children:
            child.wait(deadline)
        say("Stopped.")


def say(text: str, stream: IO[str] | None = None) -> None:
    print(text, file=stream or sys.stdout, flush=True)


_WELCOME = """
Gatehouse is open at {address}/

Next, in another terminal:

  1. {prefix}bin/manage bootstrap --username you --email you@example.org
  2. twine upload --repository-url {address}/legacy/ -u __token__ -p TOKEN dist/*
  3. pip install --index-url {address}/simple/ NAME

Ctrl-C stops it.
"""

if __name__ == "__main__":
    sys.exit(main())
