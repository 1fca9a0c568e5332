"""Limits that hold across worker processes and hosts: one row is counted up by all of them."""

from __future__ import annotations

import time
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from django.db import connection
from django.utils import timezone

from accounts.models import RequestCount
from pypi_site.lib.ratelimit import TooManyRequests

# One statement: of two at once none is lost.
_COUNT = """
    insert into accounts_requestcount as it (name, source, begins, count)
    values (%(name)s, %(source)s, %(begins)s, 1)
    on conflict (name, source, begins) do update set count = it.count + 1
    returning count
"""

_TURN = "select pg_advisory_xact_lock(hashtextextended(%s, 0))"


class SharedWindow:
    """Counts by source, anew every `seconds` of the clock, in the database."""

    def __init__(self, name: str, seconds: int) -> None:
        self.name, self.seconds = name, seconds

    def count(self, source: str) -> int:
        """How many requests the source has sent in this window, this one included."""
        begins = datetime.fromtimestamp(time.time() // self.seconds * self.seconds, UTC)
        with connection.cursor() as cursor:
            cursor.execute(_COUNT, {"name": self.name, "source": source, "begins": begins})
            return int(cursor.fetchone()[0])

    def left(self) -> float:
        """Seconds until the window ends."""
        return self.seconds - time.time() % self.seconds

    def require(self, source: str, limit: int) -> None:
        """Refuse what is above the limit; 0 is no limit.

        The source is an address (`ratelimit.source_of`), or a person.
        """
        if limit and self.count(source) > limit:
            wait = max(1, round(self.left()))
            raise TooManyRequests(
                f"You have asked more than {limit} times in {self.seconds} seconds; wait {wait}"
                " seconds.",
                headers={"Retry-After": str(wait)},
            )


def take_turns(name: str, sources: Iterable[str]) -> None:
    """Until commit nobody else of one of these sources passes here, in whichever process: what is
    counted now stays so until one's own row is there."""
    with connection.cursor() as cursor:
        for source in sorted(set(sources)):  # in one order, so that nobody waits for each other
            cursor.execute(_TURN, [f"{name} {source}"])


def forget() -> int:
    """Forget windows that are over; returns how many rows."""
    over = RequestCount.objects.filter(begins__lt=timezone.now() - timedelta(days=1))
    return over.delete()[0]
