"""gunicorn's threaded worker with patience that ends: slow clients hold no thread for ever.

It answers prepared pages from its own loop (`pypi_site.at_once`), everything else in its threads.

A request may keep us waiting `GATEHOUSE_REQUEST_GRACE` seconds in all, and a second more for each
`GATEHOUSE_SLOWEST_UPLOAD` bytes that have come. Only time spent waiting counts. Who is slower in
the headers is cut off; in the body the view hears of it and answers 408 (RFC 9110, 15.5.9).
"""

from __future__ import annotations

import contextlib
import functools
import os
import socket
import time
from datetime import timedelta
from typing import Any

from gunicorn.http.errors import NoMoreData
from gunicorn.workers.gthread import TConn, ThreadWorker

from pypi_site import at_once
from pypi_site.lib.wsgi import Lane

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

    # -- answers from the loop ---------------------------------------------------------------

    def on_client_socket_readable(self, conn: TConn, client: socket.socket) -> None:
        """Answer at once what can be, and leave the rest to a thread."""
        left = self._answer_at_once(conn)
        if left is None:
            super().on_client_socket_readable(conn, client)
        elif left:
            self._finish_in_thread(conn, left)

    def _answer_at_once(self, conn: TConn) -> bytes | None:
        """What could not be sent yet of the answer; None: this request is for a thread."""
        if not self.alive or self.nr + 1 >= self.max_requests or self._lane is None:
            return None  # or the connection is to be closed after this request
        try:
            head = conn.sock.recv(at_once.HEAD_LIMIT, socket.MSG_PEEK)
            answer = at_once.answer(self.cfg, self._lane, head, conn.client)
            if answer is None:
                return None
            sent = conn.sock.send(answer.data)
            conn.sock.recv(len(head))  # now it is ours
        except Exception:  # noqa: BLE001 - a thread meets it again and says so; the loop must go on
            return None
        self._note(conn, answer)
        return answer.data[sent:]

    @functools.cached_property
    def _lane(self) -> Lane | None:
        """None where the bytes are not HTTP/1, or the application has no such lane."""
        return None if self.cfg.is_ssl else getattr(self.wsgi, "at_once", None)

    def _note(self, conn: TConn, answer: at_once.Answer) -> None:
        """The connection is in use.  To put it last among those kept is worth doing each second."""
        self.nr += 1
        if self.log.access_log_enabled:
            self.log.access(answer, answer.request, answer.environ, timedelta())
        if time.monotonic() > conn.timeout - self.cfg.keepalive + 1:
            self.keepalived_conns.remove(conn)
            conn.set_timeout()
            self.keepalived_conns.append(conn)

    def _finish_in_thread(self, conn: TConn, rest: bytes) -> None:
        """Somebody who reads slowly must not keep the others waiting."""
        self.poller.unregister(conn.sock)
        self.keepalived_conns.remove(conn)
        sending = self.tpool.submit(_send_all, conn.sock, rest)
        sending.add_done_callback(
            lambda done: self.method_queue.defer(self.finish_request, conn, done)
        )


def _send_all(connection: socket.socket, rest: bytes) -> bool:
    connection.setblocking(True)
    connection.sendall(rest)
    return True  # the connection is kept
