"""Measure uploads: how many, at what cost, and how much memory a large one takes.

    .venv/bin/python benchmarks/uploads.py [--quick] [--no-peer]

Starts ``bin/serve`` on a fresh data directory with the review of uploads and the rate limits off,
sends wheels of 10 kB by plain HTTP, then one of 1 GiB, and compares the rate with that of
pypiserver, installed into a temporary environment.  Load and server share this machine.  Exits
with 1 when a target is missed; ``--quick`` only shows that everything works.
"""

from __future__ import annotations

import argparse
import hashlib
import signal
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.peer import pypiserver
from benchmarks.processes import Processes, watching
from benchmarks.server import Site, gatehouse
from benchmarks.table import Row, show
from benchmarks.upload_forms import MIB, huge_wheel, send, send_file, wheels
from pypi_site.run import unwind_on_signals

PEER_FILES = 8_000  # as in the measurements of peers that the targets come from
CLIENTS = 4
LARGE = 1023  # MiB: with the rest of the wheel just within the limit of what may be unpacked
CPU_TARGET, RATE_TARGET, MEMORY_TARGET = 25.0, 100.0, 64.0  # ms, uploads per second, MiB
FAST = {
    "GATEHOUSE_HOLD": "nobody",
    "GATEHOUSE_UPLOADS_PER_MINUTE": "100000000",
    "GATEHOUSE_NEW_PROJECTS_PER_HOUR": "100000000",
    "GATEHOUSE_MAX_FILE_SIZE": str(2048 * MIB),
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few uploads and 64 MiB at once")
    parser.add_argument("--no-peer", action="store_true", help="leave pypiserver out")
    options = parser.parse_args()
    unwind_on_signals(signal.SIGINT)
    with tempfile.TemporaryDirectory(prefix="gatehouse-uploads-") as folder:
        met = show(measure(Path(folder), options.quick, not options.no_peer))
    return 0 if options.quick or met else 1


def measure(folder: Path, quick: bool, peer: bool) -> Iterator[Row]:
    count = 40 if quick else 400
    with gatehouse(folder / "data", FAST) as (site, processes):
        rate_of(site, 120, "warm")  # every worker has then seen a new name, and built his index
        processes.settle()
        yield Row("CPU of the idle server", f"{idle_cpu(processes):.1f} ms per second")
        yield from sequential(site, processes, count)
        ours, rows = parallel(site, processes, 3 * count)
        yield from rows
        yield from large(site, processes, folder, 64 if quick else LARGE)
    if peer:
        yield from compare(folder, ours, 12 if quick else 60)


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


if __name__ == "__main__":
    sys.exit(main())
