"""gunicorn's threaded worker with patience that ends: slow clients hold no thread for ever.

A request may keep us waiting `GATEHOUSE_REQUEST_GRACE` seconds in all, and a second more for each
`GATEHOUSE_SLOWEST_UPLOAD` bytes that have come. Only time spent waiting counts. Who is slower in
the headers is cut off; in the body the view hears of it and answers 408 (RFC 9110, 15.5.9).
"""

from __future__ import annotations

import contextlib
import os
import socket
import time
from typing import Any

from gunicorn.http.errors import NoMoreData
from gunicorn.workers.gthread import TConn, ThreadWorker

GRACE_SECONDS = float(os.environ.get("GATEHOUSE_REQUEST_GRACE", "20"))
SLOWEST = int(os.environ.get("GATEHOUSE_SLOWEST_UPLOAD", "2048"))  # bytes a second
STALLED_SECONDS = 60  # who takes nothing of an answer for so long is gone
# How long a worker waits for another to take a new connection, for each that it has itself.
DEFER_SECONDS, MOST_DEFERRED = 0.0001, 10


class TooSlow(NoMoreData, TimeoutError):
    """The client did not send its request in time."""


class PacedSocket:
    """The reading side of a connection, with a limit to how long one request may take to come."""

    def __init__(self, connection: socket.socket) -> None:
        self._socket = connection
        self.begin()

    def begin(self) -> None:
        """Another request starts."""
        self._waited, self._received = 0.0, 0

    def recv(self, size: int) -> bytes:
        """As a socket's.  Raises `TooSlow`."""
        started = time.monotonic()
        self._socket.settimeout(self._patience())
        try:
            data = self._socket.recv(size)
        except TimeoutError:
            raise TooSlow from None
        finally:
            self._waited += time.monotonic() - started
            self._socket.settimeout(None)
        self._received += len(data)
        return data

    def _patience(self) -> float:
        left = GRACE_SECONDS + self._received / SLOWEST - self._waited
        if left <= 0:
            raise TooSlow
        return left

    def __getattr__(self, name: str) -> Any:
        return getattr(self._socket, name)


class PacedConnection(TConn):
    """A connection whose requests are read at a pace."""

    def init(self) -> None:
        super().init()
        reader = getattr(self.parser, "unreader", None)
        if reader is None:
            return
        if not isinstance(reader.sock, PacedSocket):
            reader.sock = PacedSocket(reader.sock)
        reader.sock.begin()


class PacedWorker(ThreadWorker):
    """gthread, for clients of every kind, and with connections spread over the workers.

    All workers wait at one socket, and whoever is awake takes what comes: often one takes all
    connections of a burst, and his threads wait for each other while the other cores idle.
    """

    def accept(self, listener: socket.socket) -> None:
        """Leave the connection to a worker who has fewer; if none took it, take it."""
        time.sleep(min(self.nr_conns, MOST_DEFERRED) * DEFER_SECONDS)
        super().accept(listener)

    def enqueue_req(self, conn: TConn) -> None:
        """A new connection becomes a paced one; one that comes back is one already."""
        if not isinstance(conn, PacedConnection):
            self._pace(conn)
        super().enqueue_req(conn)

    def _pace(self, conn: TConn) -> None:
        conn.__class__ = PacedConnection
        with contextlib.suppress(AttributeError, OSError):
            milliseconds = STALLED_SECONDS * 1000
            conn.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, milliseconds)
