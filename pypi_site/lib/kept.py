"""Bytes that are dear to make and asked for again, kept in memory while there is room."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable

LARGEST = 4  # what takes more than this part of the room is not kept
FLIGHTS = 64


class Kept:
    """At most `room` bytes; the least lately used go first.

    A key names everything that the bytes depend on.
    """

    def __init__(self, room: int) -> None:
        self.room = room
        self.size = 0
        self._bodies: OrderedDict[Hashable, bytes] = OrderedDict()
        self._lock = threading.Lock()
        self._flights = [threading.Lock() for _ in range(FLIGHTS)]

    def get(self, key: Hashable, make: Callable[[], bytes]) -> bytes:
        """What is kept under `key`; else one thread makes it, while others who want it wait."""
        if (body := self._find(key)) is not None:
            return body
        with self._flights[hash(key) % FLIGHTS]:
            if (body := self._find(key)) is not None:
                return body
            body = make()
            self._keep(key, body)
            return body

    def clear(self) -> None:
        """Start as a process starts."""
        with self._lock:
            self._bodies.clear()
            self.size = 0

    def _find(self, key: Hashable) -> bytes | None:
        with self._lock:
            if key in self._bodies:
                self._bodies.move_to_end(key)
            return self._bodies.get(key)

    def _keep(self, key: Hashable, body: bytes) -> None:
        if len(body) > self.room // LARGEST:
            return
        with self._lock:
            self._bodies[key] = body
            self.size += len(body)
            while self.size > self.room:
                self.size -= len(self._bodies.popitem(last=False)[1])
