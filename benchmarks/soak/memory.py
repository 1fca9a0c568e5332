"""How much memory the processes of a server take over time, and whether it grows."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from statistics import linear_regression, mean

from benchmarks.processes import repeating, tree
from tests.protocol.server import Server, children, command_line

# What tells the children of the supervisor apart.
ROLES = {"gunicorn": "web", "granian": "readers", "qcluster": "jobs", "keep": "keeper"}
SETTLED = 1 / 3  # of the time: until then caches fill
GROWTH = 0.10  # of the mean, over the judged time: so much is noise
LEAST = 8.0  # MiB, likewise
JUDGED_SECONDS = 300  # a shorter time tells nothing


@dataclass
class Memory:
    """MiB of proportional set size (PSS) of each role at each time, in seconds since the start.

    Of PostgreSQL without its shared buffers: they fill up to what was set, and stay.
    """

    samples: list[tuple[float, dict[str, float]]] = field(default_factory=list)

    @property
    def totals(self) -> list[tuple[float, float]]:
        return [(at, sum(roles.values())) for at, roles in self.samples]

    @property
    def judged(self) -> list[tuple[float, float]]:
        last = self.samples[-1][0] if self.samples else 0
        return [(at, total) for at, total in self.totals if at >= last * SETTLED]

    def growth(self) -> float | None:
        """MiB by which the total grew in the judged time, by its trend; None when too short."""
        judged = self.judged
        if len(judged) < 3 or judged[-1][0] - judged[0][0] < JUDGED_SECONDS:
            return None
        times, totals = zip(*judged, strict=True)
        return float(linear_regression(times, totals).slope * (times[-1] - times[0]))

    def limit(self) -> float:
        """MiB of growth that pass for noise."""
        return max(LEAST, GROWTH * mean(total for _, total in self.judged))

    def table(self, lines: int = 12) -> Iterator[str]:
        """Some samples, evenly spread."""
        step = max(1, len(self.samples) // lines)
        for at, roles in self.samples[::step]:
            parts = ", ".join(f"{role} {size:.0f}" for role, size in sorted(roles.items()))
            yield f"  {at:6.0f} s  {sum(roles.values()):6.0f} MiB  ({parts})"


@contextmanager
def watching(server: Server, every: float) -> Iterator[Memory]:
    """Sample until the block ends."""
    memory, start = Memory(), time.monotonic()

    def look() -> None:
        memory.samples.append((time.monotonic() - start, by_role(server)))

    with repeating(look, every):
        yield memory


def by_role(server: Server) -> dict[str, float]:
    """What each role takes now."""
    supervisor = server.pid_of("supervisor")
    roles = {"supervisor": pss([supervisor])}
    for child in children(supervisor):
        role = next((ROLES[word] for word in ROLES if word in command_line(child)), "others")
        roles[role] = roles.get(role, 0) + pss(tree(child))
    database = tree(server.pid_of("postgres"))
    return roles | {"postgres": pss(database) - pss(database, "Pss_Shmem")}


def pss(pids: Sequence[int], key: str = "Pss") -> float:
    """MiB of all of them together; a process that ended meanwhile has none."""
    total = 0
    for pid in pids:
        with suppress(OSError):
            text = Path(f"/proc/{pid}/smaps_rollup").read_text()
            total += sum(map(int, re.findall(rf"^{key}: +(\d+)", text, re.MULTILINE)))
    return total / 1024
