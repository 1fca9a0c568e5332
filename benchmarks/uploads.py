"""Measure uploads: how many, at what cost, and how much memory a large one takes.

    .venv/bin/python benchmarks/uploads.py [--quick] [--no-peer]

Starts ``bin/serve`` on a fresh data directory with the review of uploads and the rate limits off,
sends wheels of 10 kB by plain HTTP, then one of 1 GiB, and compares the rate with that of
pypiserver, installed into a temporary environment.  Load and server share this machine.  Exits
with 1 when a target is missed; ``--quick`` only shows that everything works.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import http.client
import json
import os
import random
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import zipfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import psycopg  # noqa: E402

from pypi_site.embedded import Cluster  # noqa: E402
from tests.factories.dists import record_row, wheel_members, zip_bytes  # noqa: E402

PROGRAMS = Path(sys.executable).parent
PEER = ["pypiserver[cache]==2.4.2", "gunicorn==27.0.1", "watchdog==6.0.0"]
MIB = 1024 * 1024
TICK = os.sysconf("SC_CLK_TCK")
PEER_FILES = 8_000  # as in the measurements of peers that the targets come from
CLIENTS = 4
LARGE = 1023  # MiB: with the rest of the wheel just within the limit of what may be unpacked
BOUNDARY = "gatehouse-benchmark"
CPU_TARGET, RATE_TARGET, MEMORY_TARGET = 25.0, 100.0, 64.0  # ms, uploads per second, MiB
FAST = {
    "GATEHOUSE_HOLD": "nobody",
    "GATEHOUSE_UPLOADS_PER_MINUTE": "100000000",
    "GATEHOUSE_NEW_PROJECTS_PER_HOUR": "100000000",
    "GATEHOUSE_MAX_FILE_SIZE": str(2048 * MIB),
    "GATEHOUSE_BOOTSTRAP_PASSWORD": "only-for-a-benchmark",
}
METADATA = """
Summary: A wheel of ordinary size
Author-email: Somebody <somebody@example.org>
License: MIT
Requires-Python: >=3.9
Project-URL: Homepage, https://example.org/
Project-URL: Source, https://example.org/source
Description-Content-Type: text/markdown
Classifier: Development Status :: 4 - Beta
Classifier: Intended Audience :: Developers
Classifier: License :: OSI Approved :: MIT License
Classifier: Operating System :: OS Independent
Classifier: Programming Language :: Python :: 3
Classifier: Programming Language :: Python :: 3.11
Classifier: Programming Language :: Python :: 3.12
Classifier: Programming Language :: Python :: 3.13
Classifier: Topic :: Software Development :: Libraries
"""
DESCRIPTION = "# A wheel of ordinary size\n\n" + "It does *something* useful.\n" * 200
REQUIRES = ("requests>=2", "packaging")


@dataclass(frozen=True)
class Row:
    """A line of the table; `target` is empty where none is set."""

    what: str
    value: str
    target: str = ""
    met: bool = True


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few uploads and 64 MiB at once")
    parser.add_argument("--no-peer", action="store_true", help="leave pypiserver out")
    options = parser.parse_args()
    met = True
    with tempfile.TemporaryDirectory(prefix="gatehouse-uploads-") as folder:
        for number, row in enumerate(measure(Path(folder), options.quick, not options.no_peer)):
            show(row, first=number == 0)
            met = met and row.met
    return 0 if options.quick or met else 1


def show(row: Row, *, first: bool) -> None:
    """A line of the table, as soon as it is known."""
    if first:
        print("\n| | measured | target |\n| --- | --- | --- |")
    missed = "" if row.met else " **missed**"
    print(f"| {row.what} | {row.value} | {row.target}{missed} |", flush=True)


def measure(folder: Path, quick: bool, peer: bool) -> Iterator[Row]:
    count = 40 if quick else 400
    with gatehouse(folder / "data") as (site, processes):
        send(site, wheels("warm", 30))
        processes.settle()
        yield Row("CPU of the idle server", f"{idle_cpu(processes):.1f} ms per second")
        yield from sequential(site, processes, count)
        ours, rows = parallel(site, processes, count)
        yield from rows
        yield from large(site, processes, folder, 64 if quick else LARGE)
    if peer:
        yield from compare(folder, ours, 12 if quick else 60)


# -- what is measured ------------------------------------------------------------------------------


def sequential(site: Site, processes: Processes, count: int) -> Iterator[Row]:
    for keep_alive in (True, False):
        how = "one connection" if keep_alive else "a connection for each"
        before, started = processes.cpu(), time.monotonic()
        times = send(site, wheels(f"one-{keep_alive}", count), keep_alive=keep_alive)
        seconds = time.monotonic() - started
        middle, late = sorted(times)[count // 2], sorted(times)[count * 95 // 100]
        spread = f"p50 {middle * 1000:.1f}, p95 {late * 1000:.1f} ms"
        yield Row(f"one client, {how}", f"{count / seconds:.0f} uploads/s ({spread})")
        yield cpu_row(f"CPU per upload, one client, {how}", processes, before, count)


def parallel(site: Site, processes: Processes, count: int) -> tuple[float, list[Row]]:
    before = processes.cpu()
    rate = rate_of(site, count)
    rows = [
        Row(
            f"{CLIENTS} clients",
            f"{rate:.0f} uploads/s",
            f">= {RATE_TARGET:.0f}",
            rate >= RATE_TARGET,
        ),
        cpu_row(f"CPU per upload, {CLIENTS} clients", processes, before, count),
    ]
    return rate, rows


def rate_of(site: Site, count: int, prefix: str = "four") -> float:
    """Uploads per second from several clients at once."""
    names = [f"{prefix}-{client}" for client in range(CLIENTS)]
    loads = [list(wheels(name, count // CLIENTS)) for name in names]
    threads = [threading.Thread(target=send, args=(site, load)) for load in loads]
    started = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(map(len, loads)) / (time.monotonic() - started)


def cpu_row(what: str, processes: Processes, before: Counter[str], count: int) -> Row:
    """With the jobs that follow, so after a look at the queue."""
    processes.settle()
    spent = processes.cpu() - before
    parts = ", ".join(f"{name} {ms / count:.1f}" for name, ms in spent.most_common())
    total = spent.total() / count
    value = f"{total:.1f} ms ({parts})"
    return Row(what, value, f"<= {CPU_TARGET:.0f} ms", total <= CPU_TARGET)


def idle_cpu(processes: Processes, seconds: float = 5) -> float:
    before = processes.cpu()
    time.sleep(seconds)
    return (processes.cpu() - before).total() / seconds


def large(site: Site, processes: Processes, folder: Path, mebibytes: int) -> Iterator[Row]:
    path = huge_wheel(folder, mebibytes)
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(MIB):
            digest.update(chunk)
    before, started = processes.cpu(), time.monotonic()
    with watching(processes.web) as memory:
        send_file(site, path, digest.hexdigest())
    seconds = time.monotonic() - started
    processes.settle()
    spent = (processes.cpu() - before).total() / 1000
    path.unlink()
    over = memory.peak_pss - memory.idle_pss
    value = f"{over:.0f} MiB of PSS ({memory.peak_rss - memory.idle_rss:.0f} of RSS)"
    met = over < MEMORY_TARGET
    size = f"{mebibytes} MiB"
    yield Row(f"peak of the web processes over idle, {size}", value, f"< {MEMORY_TARGET:.0f}", met)
    yield Row(f"idle web processes before {size}", f"{memory.idle_pss:.0f} MiB of PSS")
    yield Row(f"time and CPU of {size}", f"{seconds:.1f} s, {spent:.1f} s of CPU")


def compare(folder: Path, ours: float, count: int) -> Iterator[Row]:
    """It stores what it is sent unread; what it costs is to list its folder after a change."""
    with pypiserver(folder) as (site, packages):
        for files in (0, PEER_FILES):
            fill(packages, files)
            send(site, wheels(f"warm-{files}", 4))
            theirs = rate_of(site, count, f"peer-{files}")
            what = f"pypiserver with {files} files before, {CLIENTS} clients"
            value = f"{theirs:.1f} uploads/s (Gatehouse: {ours / theirs:.2f} of it)"
            yield Row(what, value)


def fill(packages: Path, count: int) -> None:
    for number in range(count):
        name = f"filler_{number // 20}-1.{number % 20}-py3-none-any.whl"
        (packages / name).write_bytes(name.encode())


# -- what is sent ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Site:
    """Where uploads go, and as whom."""

    host: str
    port: int
    path: str
    token: str = field(default="", repr=False)

    def connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection(self.host, self.port, timeout=600)

    def headers(self) -> dict[str, str]:
        login = base64.b64encode(f"__token__:{self.token}".encode()).decode()
        return {
            "Content-Type": f"multipart/form-data; boundary={BOUNDARY}",
            "Authorization": f"Basic {login}",
        }


def wheels(prefix: str, count: int) -> Iterator[bytes]:
    """Forms with a wheel of 10 kB: every fifth opens a project, the others are its versions."""
    prefix = prefix.lower()
    for number in range(count):
        name, version = f"{prefix}-{number // 5}", f"1.{number % 5}"
        data = wheel(name, version)
        filename = f"{name.replace('-', '_')}-{version}-py3-none-any.whl"
        head, tail = form(name, version, filename, hashlib.sha256(data).hexdigest())
        yield head + data + tail


def wheel(name: str, version: str) -> bytes:
    ballast = random.Random(f"{name} {version}").randbytes(8_300)
    members = wheel_members(
        name,
        version,
        requires=REQUIRES,
        extra_metadata=METADATA,
        description=DESCRIPTION,
        files={f"{name.replace('-', '_')}/data.bin": ballast},
    )
    return zip_bytes(members)


def form(name: str, version: str, filename: str, sha256: str) -> tuple[bytes, bytes]:
    """What stands before and after the file: the fields that twine sends."""
    headers = [line.split(": ", 1) for line in METADATA.strip().split("\n")]
    classifiers = [("classifiers", value) for key, value in headers if key == "Classifier"]
    fields = [
        *[(":action", "file_upload"), ("protocol_version", "1"), ("metadata_version", "2.1")],
        *[("name", name), ("version", version), ("filetype", "bdist_wheel"), ("pyversion", "py3")],
        *[("summary", "A wheel of ordinary size"), ("description", DESCRIPTION)],
        *classifiers,
        *[("requires_dist", requirement) for requirement in REQUIRES],
        ("sha256_digest", sha256),
    ]
    parts = [
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{value}\r\n'
        for key, value in fields
    ]
    content = f'Content-Disposition: form-data; name="content"; filename="{filename}"'
    kind = "Content-Type: application/octet-stream"
    parts.append(f"--{BOUNDARY}\r\n{content}\r\n{kind}\r\n\r\n")
    return "".join(parts).encode(), f"\r\n--{BOUNDARY}--\r\n".encode()


def send(site: Site, forms: Iterable[bytes], *, keep_alive: bool = True) -> list[float]:
    """The seconds that each upload took.  The forms are made before the clock starts."""
    bodies, times = list(forms), []
    with closing(site.connect()) as connection:
        for body in bodies:
            started = time.monotonic()
            post(connection, site, body)
            if not keep_alive:
                connection.close()
            times.append(time.monotonic() - started)
    return times


def post(connection: http.client.HTTPConnection, site: Site, body: bytes) -> None:
    connection.request("POST", site.path, body, site.headers())
    require_success(connection.getresponse())


def require_success(answer: http.client.HTTPResponse) -> None:
    text = answer.read().decode(errors="replace")
    if answer.status != 200:
        sys.exit(f"An upload was answered with {answer.status} {answer.reason}: {text}")


def huge_wheel(folder: Path, mebibytes: int) -> Path:
    """A valid wheel whose one large member is stored, not deflated."""
    name, version = "huge", "1.0"
    path = folder / f"{name}-{version}-py3-none-any.whl"
    small = wheel_members(name, version)
    rows = small.pop(record := f"{name}-{version}.dist-info/RECORD").decode().splitlines()
    block, digest = random.Random(1).randbytes(MIB), hashlib.sha256()
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        with archive.open(zipfile.ZipInfo("huge/data.bin"), "w") as member:
            for _ in range(mebibytes):
                member.write(block)
                digest.update(block)
        for member_name, data in small.items():
            archive.writestr(member_name, data)
        empty = record_row("huge/data.bin", b"").split("=")[0]
        encoded = base64.urlsafe_b64encode(digest.digest()).rstrip(b"=").decode()
        rows.insert(0, f"{empty}={encoded},{mebibytes * MIB}")
        archive.writestr(record, "\n".join(rows) + "\n")
    return path


def send_file(site: Site, path: Path, sha256: str) -> None:
    head, tail = form("huge", "1.0", path.name, sha256)
    length = len(head) + path.stat().st_size + len(tail)
    with closing(site.connect()) as connection, path.open("rb") as file:
        headers = {**site.headers(), "Content-Length": str(length)}
        chunks = iter(lambda: file.read(MIB), b"")
        connection.request("POST", site.path, _joined(head, chunks, tail), headers)
        require_success(connection.getresponse())


def _joined(head: bytes, chunks: Iterator[bytes], tail: bytes) -> Iterator[bytes]:
    yield head
    yield from chunks
    yield tail


# -- who receives it -------------------------------------------------------------------------------


class Processes:
    """The processes of one Gatehouse: web, jobs, the supervisor, and PostgreSQL."""

    def __init__(self, supervisor: int, data: Path) -> None:
        self.supervisor, self.cluster = supervisor, Cluster(data)

    @property
    def web(self) -> list[int]:
        return tree(self._child("gunicorn"))

    def _groups(self) -> dict[str, list[int]]:
        return {
            "web": self.web,
            "jobs": tree(self._child("qcluster")),
            "postgres": tree(self.cluster.postmaster_pid() or 0),
            "supervisor": [self.supervisor],
        }

    def _child(self, word: str) -> int:
        for pid in children(self.supervisor):
            if word in Path(f"/proc/{pid}/cmdline").read_bytes().decode():
                return pid
        sys.exit(f"There is no process of {word}.")

    def cpu(self) -> Counter[str]:
        """Milliseconds so far; those of ended processes are counted where they were reaped."""
        spent = {name: sum(map(cpu_of, pids)) for name, pids in self._groups().items()}
        return Counter({name: ticks * 1000 // TICK for name, ticks in spent.items()})

    def settle(self) -> None:
        """Wait until the jobs of the uploads are done, which belong to their cost."""
        with psycopg.connect(self.cluster.url, autocommit=True) as connection:
            while connection.execute("select 1 from django_q_ormq limit 1").fetchone():
                time.sleep(0.2)


@dataclass
class Memory:
    """MiB of some processes together."""

    idle_pss: float
    idle_rss: float
    peak_pss: float = 0
    peak_rss: float = 0


@contextmanager
def watching(pids: Sequence[int]) -> Iterator[Memory]:
    """Look every 20 ms."""
    memory, over = Memory(*_memory(pids)), threading.Event()

    def watch() -> None:
        while not over.wait(0.02):
            pss, rss = _memory(pids)
            memory.peak_pss = max(memory.peak_pss, pss)
            memory.peak_rss = max(memory.peak_rss, rss)

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield memory
    finally:
        over.set()
        thread.join()


def _memory(pids: Sequence[int]) -> tuple[float, float]:
    pss = rss = 0
    for pid in pids:
        with suppress(OSError):
            text = Path(f"/proc/{pid}/smaps_rollup").read_text()
            pss += int(re.findall(r"^Pss: +(\d+)", text, re.MULTILINE)[0])
            rss += int(re.findall(r"^Rss: +(\d+)", text, re.MULTILINE)[0])
    return pss / 1024, rss / 1024


def cpu_of(pid: int) -> int:
    """Clock ticks, those of reaped children included."""
    with suppress(OSError):
        facts = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return sum(map(int, facts[11:15]))
    return 0


def tree(root: int) -> list[int]:
    return [root, *(pid for child in children(root) for pid in tree(child))] if root else []


def children(parent: int) -> list[int]:
    with suppress(OSError):
        listed = Path(f"/proc/{parent}/task/{parent}/children").read_text()
        return [int(pid) for pid in listed.split()]
    return []


@contextmanager
def gatehouse(data: Path) -> Iterator[tuple[Site, Processes]]:
    """The index as ``bin/serve`` runs it, and its administrator's token."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("GATEHOUSE_")} | FAST
    environment.pop("DATABASE_URL", None)
    serve = [str(ROOT / "bin/serve"), "--port", "0", "--data", str(data)]
    server = subprocess.Popen(serve, stdout=subprocess.PIPE, text=True, env=environment)
    try:
        assert server.stdout
        opened = (re.search(r"open at (http://\S+?)/?$", line.strip()) for line in server.stdout)
        address = next((found[1] for found in opened if found), None)
        if address is None:
            sys.exit("bin/serve ended before it was open.")
        where = urlsplit(address)
        manage = [str(ROOT / "bin/manage"), "bootstrap", "--username", "bench"]
        manage += ["--email", "bench@example.org"]
        environment["GATEHOUSE_DATA"] = str(data)
        token = subprocess.check_output(manage, env=environment, text=True).strip()
        site = Site(where.hostname or "", where.port or 0, "/legacy/", token)
        yield site, Processes(server.pid, data)
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(60)


@contextmanager
def pypiserver(folder: Path) -> Iterator[tuple[Site, Path]]:
    """The peer as it performs best: gunicorn with four workers and its cached directory."""
    environment, packages, port = folder / "peer", folder / "peer-packages", free_port()
    packages.mkdir()
    uv = [str(PROGRAMS / "uv")]
    run([*uv, "venv", "-q", "--python", sys.executable, environment])
    run([*uv, "pip", "install", "-q", "--python", environment / "bin/python", *PEER])
    app = f"pypiserver:app(roots=[{json.dumps(str(packages))}], password_file='.',"
    app += " authenticate=[], backend_arg='cached-dir')"
    command = [environment / "bin/gunicorn", "-w", "4", "-b", f"127.0.0.1:{port}", app]
    server = subprocess.Popen([str(part) for part in command], stderr=subprocess.DEVNULL)
    try:
        site = Site("127.0.0.1", port, "/")
        wait_for(lambda: answers(site))
        yield site, packages
    finally:
        server.terminate()
        server.wait(30)


def answers(site: Site) -> bool:
    with suppress(OSError), closing(site.connect()) as connection:
        connection.request("GET", "/")
        return connection.getresponse().status == 200
    return False


def wait_for(ready: Callable[[], bool], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not ready():
        if time.monotonic() > deadline:
            sys.exit("pypiserver does not answer.")
        time.sleep(0.1)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def run(command: Sequence[object]) -> None:
    subprocess.run([str(part) for part in command], check=True)


if __name__ == "__main__":
    sys.exit(main())
