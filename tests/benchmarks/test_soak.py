"""The soak's own judgement: what grows, what differs, what stands in a log."""

from __future__ import annotations

import pytest

from benchmarks.server import Site
from benchmarks.soak.__main__ import TROUBLE, judge
from benchmarks.soak.load import Load
from benchmarks.soak.memory import Memory


def memory(seconds: int, total) -> Memory:
    """A sample every ten seconds."""
    return Memory([(float(at), {"web": float(total(at))}) for at in range(0, seconds, 10)])


def faults(memory: Memory) -> list[str]:
    return list(judge(Load(Site("127.0.0.1", 1), [], 0), memory))


def test_memory_that_grows_is_a_fault(capsys):
    [fault] = faults(memory(1800, lambda at: 200 + at / 30))
    assert fault.startswith("Memory grew by 39.")
    assert "trend of the last two thirds: +39" in capsys.readouterr().out


@pytest.mark.parametrize(
    "total",
    [lambda at: 200, lambda at: 200 + min(at, 500), lambda at: 300 + 40 * (at % 60 == 0)],
    ids=["flat", "fills and stays", "up and down"],
)
def test_memory_that_stays_is_none(total):
    assert faults(memory(1800, total)) == []


def test_a_short_time_tells_nothing_about_memory(capsys):
    grows = memory(60, lambda at: 200 + at)
    assert grows.growth() is None
    assert faults(grows) == []
    assert "too short to tell" in capsys.readouterr().out


def test_every_error_of_the_load_is_a_fault():
    load = Load(Site("127.0.0.1", 1), [], 0)
    load.fault("upload: 500")
    [fault] = judge(load, Memory())
    assert fault.endswith("upload: 500")


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("Traceback (most recent call last):", True),
        ("2026-11-22 ERROR packages.tasks: Storage: x is missing", True),
        ("web ended (exit code 1); starting it again in 0 s", True),
        ("Gatehouse is open at http://127.0.0.1:8000/", False),
    ],
)
def test_trouble_in_the_log_is_found(line: str, found: bool):
    assert bool(TROUBLE.search(line)) is found
