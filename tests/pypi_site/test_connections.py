"""A connection to the database is asked whether it lives, but not at each request."""

from __future__ import annotations

import psycopg
import pytest
from django.db import DatabaseError, connection, connections, transaction

from pypi_site.lib.postgresql import base

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def asked(monkeypatch):
    """How often the server was asked."""
    times: list[bool] = []
    ask = base.PostgresqlWrapper.is_usable

    def asking(self):
        times.append(True)
        return ask(self)

    monkeypatch.setattr(base.PostgresqlWrapper, "is_usable", asking)
    connection.close()
    connection.ensure_connection()
    return times


def test_it_is_asked_once_a_second(asked, monkeypatch):
    assert [connection.is_usable() for _ in range(5)] == [True] * 5
    assert len(asked) == 1
    monkeypatch.setattr(base, "SECONDS", 0)
    assert connection.is_usable()
    assert len(asked) == 2


def test_one_that_the_server_closed_is_not_used(asked):
    assert connection.is_usable()
    _end(connection.connection.info.backend_pid)
    assert not connection.is_usable()
    connection.close()


def test_the_next_request_gets_another(asked):
    assert connection.is_usable()
    before = connection.connection.info.backend_pid
    _end(before)
    connections["default"].health_check_enabled = True
    connection.health_check_done = False
    connection.close_if_health_check_failed()
    with connection.cursor() as cursor:
        cursor.execute("select pg_backend_pid()")
        assert cursor.fetchone()[0] != before


def test_in_a_transaction_that_failed_it_is_not_usable(asked):
    assert connection.is_usable()
    with transaction.atomic():
        with pytest.raises(DatabaseError), connection.cursor() as cursor:
            cursor.execute("no statement")
        assert not connection.is_usable()
        transaction.set_rollback(True)
    assert connection.is_usable()


def _end(backend: int) -> None:
    with psycopg.connect(connection.connection.info.dsn, autocommit=True) as other:
        assert other.execute("select pg_terminate_backend(%s, 5000)", [backend]).fetchone() == (
            True,
        )
