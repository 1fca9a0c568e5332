"""The processes of a running Gatehouse: what they spend of CPU and memory."""

from __future__ import annotations

import os
import re
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psycopg

from pypi_site.embedded import Cluster

TICK = os.sysconf("SC_CLK_TCK")


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
        """Wait until the jobs are done, which belong to the cost of what enqueued them."""
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
    memory = Memory(*_memory(pids))

    def look() -> None:
        pss, rss = _memory(pids)
        memory.peak_pss = max(memory.peak_pss, pss)
        memory.peak_rss = max(memory.peak_rss, rss)

    with repeating(look, 0.02):
        yield memory


@contextmanager
def repeating(call: Callable[[], None], seconds: float) -> Iterator[None]:
    """Call it again and again in a thread of its own, until the block ends."""
    over = threading.Event()

    def run() -> None:
        while not over.wait(seconds):
            call()

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
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
