"""Which file an address under ``/files/`` names, remembered as long as that is true.

An entry stays true while the change marker of its project stands still (`packages.markers`), so
that a file that is asked for again costs no query, and a file that is deleted or quarantined is
gone with the commit.
"""

from __future__ import annotations

import time
from typing import NamedTuple

from django.db import InterfaceError, OperationalError, close_old_connections, connection

from packages import markers
from packages.models import File, Reader
from packages.models.reader import MEMBER

ENTRIES = 50_000  # some 700 bytes each
RECHECK_SECONDS = 1.0  # where no keeper says that the markers can be relied upon


class Offered(NamedTuple):
    """A file that may be downloaded; `project` is the normalized name, `size` is in bytes."""

    file_id: int
    project_id: int
    project: str
    sha256: str
    size: int
    metadata_sha256: str


_FIELDS = (
    "pk",
    "release__project_id",
    "release__project__normalized_name",
    "sha256",
    "size",
    "metadata_sha256",
)


def find(sha256: str, filename: str, to: Reader = MEMBER) -> Offered | None:
    """Ask the database."""
    rows = File.objects.offered(to).filter(sha256=sha256, filename=filename)
    row = rows.values_list(*_FIELDS).first()
    return Offered(*row) if row else None


class _Entry(NamedTuple):
    offered: Offered
    slot: int
    mark: int  # what the counter in this slot was before the database was asked
    asked: float


class Memory:
    """Files that were offered when they were last asked for; bounded, of one process."""

    def __init__(self, entries: int = ENTRIES) -> None:
        self._size = entries
        self._entries: dict[str, _Entry] = {}

    def find(self, sha256: str, filename: str) -> Offered | None:
        """The file, or None if it is not offered.

        With the database away a file that did not change since is served still; any other raises
        Django's `OperationalError` or `InterfaceError`.
        """
        key = f"{sha256}/{filename}"
        entry = self._entries.get(key)
        if entry is None:
            return self._ask(key)
        unchanged = markers.here().words[entry.slot] == entry.mark
        if unchanged and self._is_fresh(entry):
            return entry.offered
        try:
            return self._ask(key)
        except (OperationalError, InterfaceError):
            if not unchanged:
                raise
            self._entries[key] = entry._replace(asked=time.monotonic())
            return entry.offered

    def _is_fresh(self, entry: _Entry) -> bool:
        young = time.monotonic() - entry.asked < RECHECK_SECONDS
        return young or markers.here().is_kept()

    def _ask(self, key: str) -> Offered | None:
        """The project's name comes with the answer, so the whole index must stand still."""
        words, asked = markers.here().words, time.monotonic()
        before = words[markers.INDEX]
        if not connection.in_atomic_block:  # as it is in tests
            close_old_connections()  # no request of Django's does it for us
        sha256, _, filename = key.partition("/")
        offered = find(sha256, filename)
        self._entries.pop(key, None)
        if offered is None:
            return None
        slot = markers.slot_of(offered.project)
        mark = words[slot]
        if words[markers.INDEX] == before:
            self._keep(key, _Entry(offered, slot, mark, asked))
        return offered

    def _keep(self, key: str, entry: _Entry) -> None:
        """Make room by forgetting what was asked longest ago."""
        while len(self._entries) >= self._size:
            oldest = next(iter(self._entries), "")
            self._entries.pop(oldest, None)
        self._entries[key] = entry
