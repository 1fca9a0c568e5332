"""How fast one address may ask.

Every web process counts for itself, in memory: asking costs no look-up, and a site with two
processes lets twice as much pass.  It is for keeping one client from taking all the time there
is, not for accounts.
"""

from __future__ import annotations

import threading
import time
from collections import Counter

from django.http import HttpRequest

from pypi_site.lib.problems import Problem


class TooManyRequests(Problem):
    """More requests in a short time than this index answers to one address."""

    status, code, title = 429, "too-many-requests", "Too many requests"


class Window:
    """Counts requests by address, anew every `seconds`."""

    def __init__(self, seconds: int) -> None:
        self.seconds = seconds
        self._lock = threading.Lock()
        self._counts: Counter[str] = Counter()
        self._ends = 0.0

    def count(self, address: str) -> int:
        """How many requests the address has sent in this window, this one included."""
        with self._lock:
            if time.monotonic() >= self._ends:
                self._counts.clear()
                self._ends = time.monotonic() + self.seconds
            self._counts[address] += 1
            return self._counts[address]

    def require(self, request: HttpRequest, limit: int) -> None:
        """Refuse what is above the limit; 0 is no limit."""
        if limit and self.count(request.META.get("REMOTE_ADDR", "")) > limit:
            wait = max(1, round(self._ends - time.monotonic()))
            raise TooManyRequests(
                f"You have asked more than {limit} times in {self.seconds} seconds; wait {wait}"
                " seconds.",
                headers={"Retry-After": str(wait)},
            )
