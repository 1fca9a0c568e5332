"""No search holds up the database: whatever takes too long is given up."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.db import OperationalError, connection, transaction
from django.db.backends.postgresql.base import Cursor  # binds on our side
from psycopg.errors import QueryCanceled

from pypi_site.lib.problems import Problem


class TookTooLong(Problem):
    """The statement timeout of searches ran out."""

    status, code, title = 503, "search-took-too-long", "Search took too long"


@contextmanager
def limited() -> Iterator[None]:
    """Run searches in one transaction, each statement within `settings.SEARCH_TIMEOUT` (ms).

    Raises `TookTooLong`.
    """
    nested = connection.in_atomic_block  # then the limits would outlive us
    try:
        with transaction.atomic(), _planned_for_their_values():
            _limit(settings.SEARCH_TIMEOUT, "off")
            yield
            if nested:
                _limit(0, "on")
    except OperationalError as error:
        if not isinstance(error.__cause__, QueryCanceled):
            raise
        raise TookTooLong("That search takes too long; use fewer or rarer words.") from None


@contextmanager
def _planned_for_their_values() -> Iterator[None]:
    """A plan fits one word and one tier: prepared for any, it would use none of our indexes."""
    connection.ensure_connection()
    before = connection.connection.cursor_factory
    connection.connection.cursor_factory = Cursor
    try:
        yield
    finally:
        connection.connection.cursor_factory = before


def _limit(milliseconds: int, whole_tables: str) -> None:
    """The planner knows nothing of what it costs to unpack a vector, and would read them all."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select set_config('statement_timeout', %s, true),"
            " set_config('enable_seqscan', %s, true)",
            [str(milliseconds), whole_tables],
        )
