"""A database with every table, of which each test run and each of its workers gets a copy.

Migrating an empty one takes longer than most runs; it is done once, and anew when a migration
has changed.  What migrations put into tables is brought back after a test that emptied them, so
tests may run in any order.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
from collections.abc import Iterator

from django.conf import settings
from django.core.management import call_command
from django.db import connection, connections, transaction

from pypi_site.run import ROOT, data_directory

PREFIX = "migrated_"
kept: dict[str, bytes] = {}  # by table: what a copy of the database begins with
_OTHERS = "select datname from pg_database where starts_with(datname, %s) and datname <> %s"


def template() -> str:
    """The name of the database that may be copied; made if there is none of these migrations."""
    name = PREFIX + _fingerprint()
    with _alone(), connections["default"]._nodb_cursor() as cursor:
        cursor.execute("select from pg_database where datname = %s", [name])
        if not cursor.fetchall():
            _remove_others(cursor, name)
            _make(cursor, name)
    return name


def _fingerprint() -> str:
    """Of our migrations, and of whatever else brings some."""
    files = [*ROOT.glob("*/migrations/*.py"), ROOT / "requirements.txt"]
    digest = hashlib.sha256()
    for path in sorted(files):
        digest.update(f"{path.relative_to(ROOT)}\0".encode() + path.read_bytes())
    return digest.hexdigest()[:12]


@contextlib.contextmanager
def _alone() -> Iterator[None]:
    with (data_directory() / "migrated.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _remove_others(cursor, name: str) -> None:
    cursor.execute(_OTHERS, [PREFIX, name])
    for (other,) in cursor.fetchall():
        cursor.execute(f'drop database "{other}" with (force)')


def _make(cursor, name: str) -> None:
    """Under another name until it is whole."""
    unfinished = f"{PREFIX}unfinished"
    cursor.execute(f'create database "{unfinished}"')
    with _connected_to(unfinished):
        call_command("migrate", verbosity=0)
    cursor.execute(f'alter database "{unfinished}" rename to "{name}"')


@contextlib.contextmanager
def _connected_to(name: str) -> Iterator[None]:
    connection = connections["default"]
    before = connection.settings_dict["NAME"]
    connection.close()
    connection.settings_dict["NAME"] = settings.DATABASES["default"]["NAME"] = name
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict["NAME"] = settings.DATABASES["default"]["NAME"] = before


def keep() -> None:
    """Remember what is in the tables before the first test."""
    with connection.cursor() as cursor:
        for table in connection.introspection.django_table_names(only_existing=True):
            with cursor.copy(f'copy "{table}" to stdout') as copy:
                kept[table] = b"".join(copy)


def bring_back(*_: object) -> None:
    """Empty the tables, and fill them as before the first test."""
    call_command(
        "flush",
        verbosity=0,
        interactive=False,
        reset_sequences=False,
        inhibit_post_migrate=True,
    )
    with transaction.atomic(), connection.cursor() as cursor:  # foreign keys are checked at its end
        for table, rows in kept.items():
            if rows:
                with cursor.copy(f'copy "{table}" from stdin') as copy:
                    copy.write(rows)
