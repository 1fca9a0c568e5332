"""Several transactions at once, on connections of their own."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from django.db import connection, connections

from tests.patience import PATIENCE

# Not by pg_stat_activity: within a transaction it goes on with what it showed first, so if it is
# looked at (as another worker's tests wait for a lock) before ours has connected, ours never shows.
_WAITING = """
    select count(*) from pg_locks
    where not granted and pg_backend_pid() = any(pg_blocking_pids(pid))
"""


def at_once(*calls: Callable[[], Any]) -> list[Any]:
    """Run the calls in threads that start together; results or exceptions, in their order."""
    barrier = threading.Barrier(len(calls))

    def run(call: Callable[[], Any]) -> Any:
        barrier.wait(PATIENCE)
        return call()

    with ThreadPoolExecutor(len(calls)) as pool:
        futures = [pool.submit(_alone, run, call) for call in calls]
    return [future.exception() or future.result() for future in futures]


@contextmanager
def meanwhile(call: Callable[[], Any]):
    """Run the call in another thread; inside the block it is known to wait for one of our locks."""
    with ThreadPoolExecutor(1) as pool:
        future = pool.submit(_alone, call)
        _wait_until_blocked(future)
        yield future


def _alone(function: Callable[..., Any], *arguments: Any) -> Any:
    try:
        with connection.cursor() as cursor:  # a test may fail, but never hang
            cursor.execute(f"set lock_timeout = '{PATIENCE}s'")
        return function(*arguments)
    finally:
        connections.close_all()


def _wait_until_blocked(future: Future[Any]) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        with connection.cursor() as cursor:
            cursor.execute(_WAITING)
            if cursor.fetchone()[0]:
                return
        assert not future.done(), f"it did not wait: {future.exception() or future.result()}"
        time.sleep(0.01)
    raise AssertionError("nobody waits for a lock")
