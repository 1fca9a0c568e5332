"""No search holds up the database: whatever takes too long is given up."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from django.conf import settings
from django.db import OperationalError, connection, transaction
from django.db.backends.postgresql.base import Cursor  # binds on our side
from psycopg.errors import QueryCanceled

from pypi_site.lib.problems import Problem

# The planner knows nothing of what it costs to unpack a vector, and would read all of them, even
# with several processes at once.
_PLANNED: Final = {"enable_seqscan": "off", "max_parallel_workers_per_gather": "0", "jit": "off"}


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
            _set(statement_timeout=str(settings.SEARCH_TIMEOUT), **_PLANNED)
            yield
            if nested:
                _reset("statement_timeout", *_PLANNED)
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


def _set(**values: str) -> None:
    with connection.cursor() as cursor:
        each = ", ".join(["set_config(%s, %s, true)"] * len(values))
        cursor.execute(f"select {each}", [text for pair in values.items() for text in pair])


def _reset(*settings: str) -> None:
    with connection.cursor() as cursor:
        every = "select set_config(name, reset_val, true) from pg_settings where name = any(%s)"
        cursor.execute(every, [list(settings)])
