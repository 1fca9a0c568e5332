"""Downloads are counted in the memory of each process and written every few seconds.

Counting costs a dictionary's entry, not a query.  A process that is killed loses what it counted
since the last writing; one that ends in order loses nothing.
"""

from __future__ import annotations

import logging
import os
import threading
from collections import Counter
from multiprocessing.util import Finalize

from django.conf import settings
from django.db import Error, close_old_connections

from packages import downloads
from packages.downloads import Key

logger = logging.getLogger(__name__)


class DownloadCounter:
    """Counts of this process; of several threads."""

    def __init__(self) -> None:
        self._forget()
        self._periodic = False
        os.register_at_fork(after_in_child=self._forget)

    def _forget(self) -> None:
        """A forked child has neither our thread nor our counts."""
        self._counts: Counter[Key] = Counter()
        self._lock = threading.Lock()
        self._writing = threading.Lock()
        self._thread: threading.Thread | None = None

    def write_periodically(self) -> None:
        """From the first download on, write in a thread of its own, and when the process ends."""
        if not self._periodic:
            self._periodic = True
            # Not atexit: granian's workers are children of multiprocessing, which end without it.
            Finalize(None, self.write, exitpriority=1)

    def count(self, project_id: int, file_id: int) -> None:
        """One download, now."""
        if not settings.COUNT_DOWNLOADS:
            return
        with self._lock:
            self._counts[Key(project_id, file_id, downloads.today())] += 1
            if self._periodic and self._thread is None:
                self._thread = threading.Thread(target=self._run, name="downloads", daemon=True)
                self._thread.start()

    def write(self) -> bool:
        """Add what was counted to the tables; keep it for the next time if they are away."""
        with self._writing:
            with self._lock:
                counts, self._counts = self._counts, Counter()
            return not counts or self._write(counts)

    def _write(self, counts: Counter[Key]) -> bool:
        try:
            downloads.add(counts)
        except Error as error:
            with self._lock:
                self._counts.update(counts)
            logger.warning("Downloads are not written now, but kept: %s", error)
            return False
        return True

    def _run(self) -> None:
        pause = threading.Event()
        while not pause.wait(settings.DOWNLOAD_SECONDS):
            close_old_connections()
            self.write()


counter = DownloadCounter()
