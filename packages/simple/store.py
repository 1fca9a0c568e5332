"""Prepared pages: rendered and encoded once for each change, however many processes serve them.

A page in memory is sent without asking anybody while its change marker stands still
(`packages.markers`).  When that has moved, one thread asks the database for the serial of the
project, and prepares the page anew if that has moved, too; the others wait for him.  With the
database away, what is prepared is sent as it is, and the database is tried once a second.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import TypeVar
from zlib import crc32

from django.db import InterfaceError, OperationalError

from packages import markers
from packages.simple import pages, preparing
from packages.simple.answers import Answer, Kind, Variant
from packages.simple.documents import SECOND, Document, Documents

logger = logging.getLogger(__name__)

DATABASE_AWAY = (OperationalError, InterfaceError)
T = TypeVar("T")
TRIES = 3
INDEX = ""  # the name of the root page
documents = Documents()
_flights = [threading.Lock() for _ in range(64)]


class Database:
    """Whether it answered the last time; of all threads one tries a second later."""

    def __init__(self) -> None:
        self._try_again = 0
        self._said = False

    def is_away(self) -> bool:
        return time.monotonic_ns() < self._try_again

    def went(self, error: Exception) -> None:
        self._try_again = time.monotonic_ns() + SECOND
        if not self._said:
            logger.error("The database is away; prepared pages are served as they are: %s", error)
        self._said = True

    def answered(self) -> None:
        if self._said:
            logger.warning("The database is back.")
        self._try_again, self._said = 0, False

    def ask(self, question: Callable[[], T], without: Callable[[], T]) -> T:
        """What the database says to `question`; while it is away, what is to be had `without`."""
        if self.is_away():
            return without()
        try:
            found = question()
        except DATABASE_AWAY as error:
            self.went(error)
            return without()
        self.answered()
        return found


database = Database()


def answer(name: str, variant: Variant) -> Answer | None:
    """The page of a normalized name in this variant; None when there is no such project.

    Raises `OperationalError` when the page is not prepared and the database is away.
    """
    for _ in range(TRIES):
        document = find(name, variant.kind)
        if document is None:
            return None
        if found := document.answers.get(variant) or _grown(document, variant):
            return found
        documents.forget(name)  # its file was replaced or is broken: find the new one
    rendered = preparing.render(name, variant.kind)
    return Document(name, rendered).answer(variant) if rendered else None


def _grown(document: Document, variant: Variant) -> Answer | None:
    found = document.answer(variant)
    if found:
        documents.keep(document.name, variant.kind, document)
    return found


def find(name: str, kind: Kind) -> Document | None:
    """The current document, or None when there is no such project."""
    here = markers.here()
    document = documents.get((name, kind))
    if document and document.is_current(here):
        return document
    with _flights[crc32(name.encode()) % len(_flights)]:
        document = documents.get((name, kind))
        if document and document.is_current(here):
            return document
        return _refresh(name, kind, document)


def _refresh(name: str, kind: Kind, document: Document | None) -> Document | None:
    """Ask the database; without it, go on with what there is."""
    return database.ask(
        lambda: _checked(name, kind, document), lambda: _as_it_was(name, kind, document)
    )


def _checked(name: str, kind: Kind, document: Document | None) -> Document | None:
    slot = markers.slot_of(name) if name else markers.INDEX
    mark = markers.here().words[slot]  # before the database is asked: see packages.markers
    if document is None or document.state != pages.state_of(name):
        source = preparing.prepare(name, kind)
        if source is None:
            documents.forget(name)
            return None
        document = Document(name, source)
    document.was_checked(mark)
    documents.keep(name, kind, document)
    return document


def _as_it_was(name: str, kind: Kind, document: Document | None) -> Document:
    """The page as it was prepared last, in whichever process.

    It is never current, so the database is tried again.
    """
    source = preparing.stored(name, kind)
    if source and (document is None or document.serial < source.version.serial):
        document = Document(name, source)
        documents.keep(name, kind, document)
    if document and source is None and document.mark != markers.here().words[document.slot]:
        document = None  # taken off the disk since, as what is made private is: `withdrawing`
    if document is None:
        raise OperationalError("The database is away, and the page is not prepared.")
    return document


def forget() -> None:
    """Start as a process starts: knowing nothing."""
    documents.clear()
    database.answered()
