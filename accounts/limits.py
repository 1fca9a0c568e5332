"""Limits that hold across worker processes and hosts: one row is counted up by all of them."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

from django.db import connection
from django.utils import timezone

from accounts.models import RequestCount
from pypi_site.lib.ratelimit import Window

# One statement: of two at once none is lost.
_COUNT = """
    insert into accounts_requestcount as it (name, source, begins, count)
    values (%(name)s, %(source)s, %(begins)s, 1)
    on conflict (name, source, begins) do update set count = it.count + 1
    returning count
"""


class SharedWindow(Window):
    """Counts by source, anew every `seconds` of the clock, in the database."""

    def __init__(self, name: str, seconds: int) -> None:
        super().__init__(seconds)
        self.name = name

    def count(self, address: str) -> int:
        begins = datetime.fromtimestamp(time.time() // self.seconds * self.seconds, UTC)
        with connection.cursor() as cursor:
            cursor.execute(_COUNT, {"name": self.name, "source": address, "begins": begins})
            return int(cursor.fetchone()[0])

    def left(self) -> float:
        return self.seconds - time.time() % self.seconds


def forget() -> int:
    """Forget windows that are over; returns how many rows."""
    over = RequestCount.objects.filter(begins__lt=timezone.now() - timedelta(days=1))
    return over.delete()[0]
