"""Soak a server in mixed load, and say whether it stood it.

    .venv/bin/python -m benchmarks.soak [--minutes 30] [--readers 2] [--nice 10] [--rest 0.02]

Starts ``bin/serve`` on a fresh data directory.  Readers ask for pages in every form and coding,
conditionally and not, and for files; writers upload, yank, un-yank, delete and restore by HTTP
with a token, and look at the page after each answer.  At the end there must be no error, no
growth of memory, and no page that differs from one that is rendered then.  Exits with 1 otherwise.
Stopped by SIGINT or SIGTERM it takes its server down and says nothing.
"""

from __future__ import annotations

import argparse
import os
import re
import signal
import socket
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from benchmarks.peer import free_port
from benchmarks.server import Site
from benchmarks.soak import memory as memories
from benchmarks.soak import pages
from benchmarks.soak.load import Load
from benchmarks.soak.memory import Memory
from pypi_site.run import data_directory, unwind_on_signals
from tests.protocol.server import Server, eventually, serving

SETTINGS = {
    "GATEHOUSE_HOLD": "nobody",
    "GATEHOUSE_UPLOADS_PER_MINUTE": "100000000",
    "GATEHOUSE_NEW_PROJECTS_PER_HOUR": "100000000",
}
SAMPLES = 240  # of memory, in the whole time
READERS, WRITERS = 3, 2  # threads of the load
# What a server that is well never writes into its log.
TROUBLE = re.compile(r"Traceback|\bERROR\b|\bCRITICAL\b|ended \(exit code|PostgreSQL ended")


def main(arguments: list[str]) -> int:
    options = parse(arguments)
    unwind_on_signals(signal.SIGINT)
    os.nice(options.nice)
    home = data_directory()
    home.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="soak-", dir=home) as folder:
        problems = list(soak(Path(folder), options))
    if problems:
        print(f"\nVERDICT: FAILED ({len(problems)} problems)")
        print("\n".join(f"  {problem}" for problem in problems))
        return 1
    print("\nVERDICT: PASSED")
    return 0


def parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks.soak", description=__doc__.split("\n\n")[0])
    add = parser.add_argument
    add("--minutes", type=float, default=30, help="how long (30)")
    add("--readers", type=int, default=2, help="processes of the fast role; 0 for none (2)")
    add("--pause", type=float, default=0.2, help="seconds between two changes of a writer (0.2)")
    add("--rest", type=float, default=0, help="seconds between two requests of a reader (0)")
    add("--nice", type=int, default=0, help="how far the server and its load stand back (0)")
    return parser.parse_args(arguments)


def soak(folder: Path, options: argparse.Namespace) -> Iterator[str]:
    """Everything that went wrong."""
    port = free_port()
    flags = ("--readers", str(options.readers), "--reader-port", str(port))
    with serving(folder / "data", *flags, **SETTINGS) as server:
        site = Site("127.0.0.1", server.port, server.bootstrap())
        ports = [server.port, port] if options.readers else [server.port]
        addresses = [(site.host, each) for each in ports]
        load = Load(site, addresses, options.pause, options.rest)
        eventually(lambda: all(map(listens, ports)), 60, because="the readers answer")
        seconds = options.minutes * 60
        print(f"{site.address} is under load for {options.minutes:g} minutes.", flush=True)
        watched = memories.watching(server, seconds / SAMPLES)
        with watched as memory, load.running(READERS, WRITERS):
            time.sleep(seconds)
        yield from judge(load, memory)
        yield from settled(server)
        yield from compared(server, load)
        if code := server.stop():
            yield f"The server ended with exit code {code}"
        yield from trouble(server)


def listens(port: int) -> bool:
    """Whether anybody answers there."""
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=5):
        return True
    return False


def judge(load: Load, memory: Memory) -> Iterator[str]:
    """Errors of the load, and the trend of memory."""
    for what, count in sorted(load.done.items()):
        print(f"  {count:9,} {what}")
    yield from load.faults
    print("Memory (PSS, PostgreSQL without its shared buffers):")
    print("\n".join(memory.table()))
    growth = memory.growth()
    if growth is None:
        print("  too short to tell whether it grows")
        return
    limit = memory.limit()
    print(f"  trend of the last two thirds: {growth:+.1f} MiB; up to {limit:.1f} is noise")
    if growth > limit:
        yield f"Memory grew by {growth:.1f} MiB, more than {limit:.1f}"


def settled(server: Server) -> Iterator[str]:
    """The jobs that the load left are done, too."""
    waiting = "select count(*) from django_q_ormq"
    try:
        eventually(lambda: server.query(waiting)[0][0] == 0, 300, every=0.5, because="jobs end")
    except AssertionError as error:
        yield str(error)


def compared(server: Server, load: Load) -> Iterator[str]:
    count, different = pages.differences(server, load.addresses)
    print(f"{count:,} answers compared with fresh renderings, {len(different)} differ")
    if not count:
        yield "No page was compared"
    yield from different


def trouble(server: Server) -> Iterator[str]:
    lines = [line for line in server.output.splitlines() if TROUBLE.search(line)]
    yield from (f"In the log: {line}" for line in lines[:20])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
