"""A cache table whose rows are not crowded out: what limits count must not be forgotten early.

Django's makes room by deleting whatever comes first, so whoever could fill it would end the limit
on his own tries.  This one forgets what is over, and nothing else; its rows live for a day at most.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.core.cache.backends.db import DatabaseCache
from django.db import connections


class KeptCache(DatabaseCache):
    """Rows stay until they expire; with more than ``MAX_ENTRIES`` it looks for those that have."""

    def _cull(self, db: str, cursor: Any, now: datetime, num: int) -> None:
        operations = connections[db].ops
        table = operations.quote_name(self._table)  # type: ignore[attr-defined]
        over = operations.adapt_datetimefield_value(now)
        cursor.execute(f"delete from {table} where expires < %s", [over])  # noqa: S608
