"""How fast one address may ask.

A `Window` counts in memory, each web process for itself: asking costs no look-up, and a site with
two processes lets twice as much pass.  It keeps one client from taking all the time there is.
Where keys are given out or tried, count with `accounts.limits.SharedWindow`, for all processes.
"""

from __future__ import annotations

import ipaddress
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

    def left(self) -> float:
        """Seconds until the window ends."""
        return self._ends - time.monotonic()

    def require(self, request: HttpRequest, limit: int) -> None:
        """Refuse what is above the limit; 0 is no limit."""
        self.require_of(source_of(request.META.get("REMOTE_ADDR", "")), limit)

    def require_of(self, source: str, limit: int) -> None:
        """The same where somebody else counts than an address: a person, say."""
        if limit and self.count(source) > limit:
            wait = max(1, round(self.left()))
            raise TooManyRequests(
                f"You have asked more than {limit} times in {self.seconds} seconds; wait {wait}"
                " seconds.",
                headers={"Retry-After": str(wait)},
            )


def source_of(address: str) -> str:
    """Who counts as one: a client of IPv6 has a whole /64 of addresses."""
    try:
        network = ipaddress.ip_network((address.partition("%")[0], 64), strict=False)
    except ValueError:  # IPv4, or a unix socket
        return address
    return str(network.network_address)
