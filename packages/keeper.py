"""The keeper of a host: he hears of every change, wherever it was made, and moves the markers.

Readers rely on the change markers (`packages.markers`) while his heart beats.  It beats only after
the database has answered, and after everything that it announced before is done; so whatever
keeps him from listening stops it, and readers ask the database themselves three seconds later.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator

from django.db import DatabaseError, InterfaceError, connection

from packages import journal, markers
from packages.simple import preparing, root, withdrawing

logger = logging.getLogger(__name__)

BEAT_SECONDS = 1.0
RETRY_SECONDS = 1.0
ROOT_SECONDS = 0.5
ROOT_SHARE = 9  # the keeper rests nine times as long as he works
_HOUR = 3600
_changed = threading.Event()


def keep() -> None:
    """Never return.  A database that is away is waited for."""
    threading.Thread(target=_prepare_root, name="root", daemon=True).start()
    said = False
    while True:
        try:
            for _ in listen():
                if said:
                    logger.warning("The keeper listens again.")
                    said = False
        except (DatabaseError, InterfaceError) as error:
            connection.close()
            if not said:
                logger.error("The keeper cannot listen: %s", error)  # noqa: TRY400
                said = True
        time.sleep(RETRY_SECONDS)


def listen() -> Iterator[None]:
    """Listen on a connection, and yield at each heartbeat.

    What happened before he listens he has not heard; so at first everything counts as changed.
    Raises the database's errors when the connection is lost.
    """
    connection.ensure_connection()
    with connection.cursor() as cursor:
        cursor.execute(f"listen {journal.CHANNEL}")
    markers.here().touch_all()
    _changed.set()
    swept = 0.0
    while True:
        _beat()
        yield
        if time.monotonic() - swept > _HOUR:
            swept = time.monotonic()
            markers.mark_as_used()
            markers.sweep(markers.here().path.parent)
        _hear()


def _prepare_root() -> None:
    """Bring the root page of many projects up to date, with a tenth of the time at most."""
    while True:
        _changed.clear()
        started = time.monotonic()
        try:
            if root.is_large():
                root.advance(preparing.edition())
        except (DatabaseError, InterfaceError, OSError) as error:
            connection.close()
            logger.error("The root page cannot be prepared: %s", error)  # noqa: TRY400
            _changed.set()
        time.sleep(max(ROOT_SECONDS, ROOT_SHARE * (time.monotonic() - started)))
        _changed.wait()


def _beat() -> None:
    """Whatever was announced before the database answers is heard before the heart beats."""
    with connection.cursor() as cursor:
        cursor.execute("select 1")
    _touch(_announced(seconds=0))
    markers.here().beat()


def _hear() -> None:
    """Wait for changes until the next heartbeat is due."""
    deadline = time.monotonic() + BEAT_SECONDS
    while (left := deadline - time.monotonic()) > 0:
        _touch(_announced(left))


def _announced(seconds: float) -> list[str]:
    """The names of the first projects that are announced within that time; of one moment."""
    with connection.wrap_database_errors:
        messages = connection.connection.notifies(timeout=seconds, stop_after=1)
        return [message.payload for message in messages]


def _touch(names: list[str]) -> None:
    if names:
        markers.here().touch(*map(markers.slot_of, names))
        withdrawing.withdraw_hidden(names)
        _changed.set()
