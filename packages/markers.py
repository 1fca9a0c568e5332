"""Change markers: how every process of this host learns that a project changed.

One small file, mapped into the memory of every process, holds a counter for each of 65,536
groups of names (by CRC-32 of the normalized name) and one for the whole index.  Whoever prepares
something about a project reads the counter *before* he asks the database, and may reuse what he
prepared while the counter stands still: one load from memory for each request.

`touch` moves the counters, after the commit and before the client is answered.  A writer that is
killed in between, and writers on other hosts, are made up for by the *keeper* of this host
(`packages.keeper`), who listens to the database and touches, too.  While the keeper's heartbeat is
fresh, a counter that stands still is proof; where there is no keeper, `is_kept` says so, and
readers ask the database now and then.
"""

from __future__ import annotations

import fcntl
import functools
import logging
import mmap
import os
import time
from array import array
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from zlib import crc32

from django.conf import settings

logger = logging.getLogger(__name__)

SLOTS = 1 << 16
KEPT_NANOSECONDS = 3_000_000_000  # how old a heartbeat may be
FORGOTTEN_SECONDS = 7 * 24 * 3600
INDEX = 0  # the slot of the whole index: it moves with every change
_HEARTBEAT = 1
_FIRST = 8
_WORD = 8  # bytes
_SIZE = (_FIRST + SLOTS) * _WORD
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


class Markers:
    """The file at `path`, which is made if it is not there."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.words = memoryview(_map(path)).cast("Q")

    def touch(self, *slots: int) -> None:
        """Move these counters on, and that of the whole index."""
        with self._locked():
            for slot in dict.fromkeys((INDEX, *slots)):  # the index first: `simple.offered`
                self.words[slot] += 1

    def touch_all(self) -> None:
        """Whatever may have changed: nothing that was prepared is current any more."""
        with self._locked():
            self.words[INDEX] += 1
            self.words[_FIRST:] = memoryview(array("Q", (n + 1 for n in self.words[_FIRST:])))

    def beat(self) -> None:
        """The keeper lives, and has touched whatever changed up to now."""
        self.words[_HEARTBEAT] = time.monotonic_ns()

    def is_kept(self) -> bool:
        """Whether a counter that stands still proves that nothing changed."""
        return 0 <= time.monotonic_ns() - self.words[_HEARTBEAT] < KEPT_NANOSECONDS

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """One writer at a time; the kernel releases the lock of a writer that is killed."""
        with self.path.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def slot_of(name: str) -> int:
    """The counter of a normalized name; some names share one, which costs them a look-up."""
    return _FIRST + crc32(name.encode()) % SLOTS


@functools.cache
def here() -> Markers:
    """The markers of this host.

    The file's name holds the kernel's boot id: the clock of the heartbeat starts anew with each
    boot, and hosts that share a data directory do not share memory.
    """
    boot = _BOOT_ID.read_text().strip() if _BOOT_ID.exists() else "host"
    return Markers(settings.DATA_DIR / "run" / f"markers-{boot}")


def touch(name: str) -> None:
    """The project changed, and the change is committed."""
    here().touch(slot_of(name))


def sweep(folder: Path) -> None:
    """Remove the markers of other boots and hosts that nobody keeps any more.

    The keeper sets the time of his file (`mark_as_used`), so an old one has no keeper, and its
    readers do not rely on it.
    """
    for path in folder.glob("markers-*"):
        if time.time() - path.stat().st_mtime > FORGOTTEN_SECONDS:
            path.unlink(missing_ok=True)


def mark_as_used() -> None:
    """Writing to mapped memory does not set the time of a file."""
    os.utime(here().path)


def _map(path: Path) -> mmap.mmap:
    """Shared memory in the file; memory of this process alone where that cannot be had."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        logger.warning("No change markers (%s): every read asks the database now and then.", error)
        return mmap.mmap(-1, _SIZE)
    try:
        os.ftruncate(descriptor, _SIZE)  # grows with zeros; what is there stays
        return mmap.mmap(descriptor, _SIZE)
    finally:
        os.close(descriptor)
