"""Prepared pages in the memory of this process: which are current, and how many are kept."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime, timedelta
from typing import Protocol

from django.conf import settings

from packages import markers
from packages.markers import Markers
from packages.simple.answers import Answer, Body, Kind, Variant, Version
from packages.simple.codings import Coding
from packages.simple.pages import State

SECOND = 1_000_000_000  # nanoseconds
NEVER = 1 << 63
# Times are sent in whole seconds: until another change can no longer fall into the same one, and
# be committed, a page has no Last-Modified.
SETTLED = timedelta(seconds=5)
OVERHEAD = 2_000  # bytes of an answer beside its body


class Source(Protocol):
    """Where the bytes are: a file, or memory when there is no room on the disk."""

    @property
    def version(self) -> Version: ...

    def read(self, coding: Coding) -> Body | None: ...


class Document:
    """One page in HTML or JSON, of one version, with its answers in whatever was asked for.

    `mark` is the change marker that was read before the database was asked for the version.
    """

    def __init__(self, name: str, source: Source) -> None:
        self.name, self.source = name, source
        self.slot = markers.slot_of(name) if name else markers.INDEX
        self.mark, self.trusted_until = -1, 0
        self.settles = _settles(source.version)
        self.answers: dict[Variant, Answer] = {}
        self.used = False

    @property
    def serial(self) -> int:
        return self.source.version.serial

    @property
    def state(self) -> State:
        version = self.source.version
        return State(version.serial, version.modified)

    def is_current(self, here: Markers) -> bool:
        """Whether nothing changed since the database was asked: a comparison, for each request."""
        now = time.monotonic_ns()
        if here.words[self.slot] != self.mark or now >= self.settles:
            return False
        return now < self.trusted_until or here.is_kept()

    def was_checked(self, mark: int) -> None:
        """The database still says this version; `mark` was read before it was asked."""
        now = time.monotonic_ns()
        if now >= self.settles:
            self.settles, self.answers = NEVER, {}
        self.mark = mark
        self.trusted_until = now + int(settings.PAGES_RECHECK_SECONDS * SECOND)

    def answer(self, variant: Variant) -> Answer | None:
        """None when the page was replaced on the disk, so that this document is of no use."""
        if found := self.answers.get(variant):
            return found
        body = self._body(variant)
        if body is None:
            return None
        settled, version = self.settles == NEVER, self.source.version
        answer = Answer(self.name, version, variant, body, dated=settled)
        self.answers[variant] = answer
        return answer

    def _body(self, variant: Variant) -> Body | None:
        """Both HTML representations share their bytes."""
        for known, answer in self.answers.items():
            if known.coding == variant.coding:
                return answer.body
        return self.source.read(variant.coding)

    @property
    def size(self) -> int:
        bodies = {id(answer.body): answer.memory for answer in self.answers.values()}
        return sum(bodies.values()) + OVERHEAD * (1 + len(self.answers))


class Documents:
    """The pages of this process, within `settings.PAGES_MEMORY` bytes.

    Those that were used since they were last looked at get a second chance when room is made;
    so a hit costs no lock.
    """

    def __init__(self) -> None:
        self._documents: dict[tuple[str, Kind], Document] = {}
        self._sizes: dict[tuple[str, Kind], int] = {}
        self._size = 0
        self._lock = threading.Lock()
        self.get = self._documents.get

    def keep(self, name: str, kind: Kind, document: Document) -> None:
        """Keep it, or note that it grew; and make room."""
        with self._lock:
            self._drop((name, kind))
            self._documents[name, kind] = document
            self._sizes[name, kind] = document.size
            self._size += document.size
            if self._size > settings.PAGES_MEMORY:
                self._make_room()

    def forget(self, name: str) -> None:
        with self._lock:
            for kind in Kind:
                self._drop((name, kind))

    def clear(self) -> None:
        with self._lock:
            for key in [*self._documents]:
                self._drop(key)

    def _make_room(self) -> None:
        """Down to nine tenths, the oldest first, so that this happens seldom."""
        for key in [*self._documents, *self._documents]:
            if self._size <= settings.PAGES_MEMORY * 0.9:
                return
            document = self._documents.get(key)
            if document and document.used:
                document.used = False
            else:
                self._drop(key)

    def _drop(self, key: tuple[str, Kind]) -> None:
        self._documents.pop(key, None)
        self._size -= self._sizes.pop(key, 0)


def _settles(version: Version) -> int:
    """When the time of its change may be told: now (`NEVER` again), or a moment to come."""
    if version.modified is None:
        return NEVER
    left = version.modified + SETTLED - datetime.now(UTC)
    if left <= timedelta():
        return NEVER
    return time.monotonic_ns() + int(left.total_seconds() * SECOND)
