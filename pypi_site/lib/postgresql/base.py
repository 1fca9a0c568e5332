"""Connections that are in use all the time are not asked at each request whether they live.

``CONN_HEALTH_CHECKS`` asks the server before the first statement of each request.  A server that
went away has closed the connection, so its socket has something to read: then, and once a second,
it is asked; in between the silent socket is the answer.
"""

from __future__ import annotations

import select
import time

from django.db.backends.postgresql.base import DatabaseWrapper as PostgresqlWrapper

SECONDS = 1.0


class DatabaseWrapper(PostgresqlWrapper):
    """See above; the name is the one that Django looks for."""

    _asked_at = -SECONDS

    def is_usable(self) -> bool:
        """Whether the connection can be used; within a transaction only the server knows."""
        lately = time.monotonic() - self._asked_at < SECONDS
        if lately and not self.in_atomic_block and self._is_silent():
            return True
        usable: bool = super().is_usable()
        if usable:
            self._asked_at = time.monotonic()
        return usable

    def connect(self) -> None:
        """A new connection is asked, too."""
        self._asked_at = -SECONDS
        super().connect()

    def _is_silent(self) -> bool:
        connection = self.connection
        if connection is None or connection.closed:
            return False
        poll = select.poll()
        poll.register(connection.fileno(), select.POLLIN | select.POLLRDHUP)
        return not poll.poll(0)
