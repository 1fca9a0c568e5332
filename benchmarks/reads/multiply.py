"""Many projects and files from the few that were uploaded, by copying their rows.

The gate takes every wheel by itself, which for 600,000 projects would last hours.  The copies have
other names, versions and digests; their bytes are nowhere, which pages do not mind.  Whatever
columns the tables get are copied along.
"""

from __future__ import annotations

from collections.abc import Mapping

import psycopg
from psycopg import sql

from benchmarks.reads import corpus
from packages import names

ORIGINAL = corpus.project_name(0)
_VERSIONS = "create temp table wanted (version text, key text) on commit drop"
_NAMES = """
create temp table wanted on commit drop as
select left(md5(n::text), 12) as name, newest.serial + n as serial
from generate_series(1, %s) n, (select max(serial) as serial from packages_journalentry) newest
"""
_OF_PROJECT = "join packages_project own on own.id = t.project_id and own.normalized_name = %s"
_OF_RELEASE = """
join packages_release own_release on own_release.id = t.release_id and own_release.version = '1.0'
join packages_project own on own.id = own_release.project_id and own.normalized_name = %s
"""
_NEW_VERSION = """
cross join wanted
join packages_release copied on copied.project_id = own.id and copied.version = wanted.version
"""
_NEW_PROJECT = """
cross join wanted join packages_project copied on copied.normalized_name = wanted.name
"""
_ITS_RELEASE = "join packages_release its_release on its_release.project_id = copied.id"
_NEWEST = """
join wanted on t.serial = (select max(serial) from packages_journalentry where project = %s)
"""
_NEXT_SERIAL = """
select setval(pg_get_serial_sequence('packages_journalentry', 'serial'), max(serial))
from packages_journalentry
"""


def multiply(connection: psycopg.Connection, projects: int, files: Mapping[str, int]) -> None:
    """Give each project of `files` its number of files, and the index its number of projects.

    Of every project in `files`, and of `ORIGINAL`, version 1.0 must be there.
    """
    for name, count in files.items():
        _add_versions(connection, name, count)
    _add_projects(connection, projects - len(files) - 1)
    connection.execute("analyze")


def _add_versions(connection: psycopg.Connection, name: str, count: int) -> None:
    connection.execute(_VERSIONS)
    with connection.cursor().copy("copy wanted from stdin") as copy:
        for version in corpus.versions(count)[1:]:
            copy.write_row((version, names.version_sort_key(version)))
    release = {"version": "wanted.version", "sort_key": "wanted.key"}
    _copy(connection, "release", release, f"{_OF_PROJECT} cross join wanted", name)
    file = {
        "filename": "replace(t.filename, '-1.0-', '-' || wanted.version || '-')",
        # An identity has the canonical version (PEP 440).
        "identity": "replace(t.identity, '-1-', '-' || wanted.version || '-')",
        "release_id": "copied.id",
        "sha256": "encode(sha256((t.filename || wanted.version)::bytea), 'hex')",
    }
    _copy(connection, "file", file, _OF_RELEASE + _NEW_VERSION, name)
    connection.execute("drop table wanted")


def _add_projects(connection: psycopg.Connection, count: int) -> None:
    """Each with the journal entry that brought it, a release and a wheel."""
    connection.execute(_NAMES, [count])
    project = dict.fromkeys(("name", "normalized_name"), "wanted.name")
    project["serial"] = "wanted.serial"
    # A trigger takes a lock for each new name, and there are not so many locks.
    connection.execute("alter table packages_project disable trigger user")
    _copy(connection, "project", project, "join wanted on t.normalized_name = %s", ORIGINAL)
    connection.execute("set constraints all immediate")  # or the table may not be altered
    connection.execute("alter table packages_project enable trigger user")
    journal = {"serial": "wanted.serial", "project": "wanted.name"}
    _copy(connection, "journalentry", journal, _NEWEST, ORIGINAL)
    connection.execute(_NEXT_SERIAL)
    release = {"project_id": "copied.id"}
    _copy(connection, "release", release, _OF_PROJECT + _NEW_PROJECT, ORIGINAL)
    file = {
        "filename": f"replace(t.filename, '{ORIGINAL}', wanted.name)",
        "identity": f"replace(t.identity, '{ORIGINAL}', wanted.name)",
        "release_id": "its_release.id",
        "sha256": "encode(sha256(wanted.name::bytea), 'hex')",
    }
    _copy(connection, "file", file, _OF_RELEASE + _NEW_PROJECT + _ITS_RELEASE, ORIGINAL)
    connection.execute("drop table wanted")


def _copy(
    connection: psycopg.Connection, table: str, changed: Mapping[str, str], joins: str, name: str
) -> None:
    """Copy rows `t` of the table with some columns changed, as often as `joins` yields them."""
    columns = _columns(connection, table)
    values = [sql.SQL(changed.get(column, f't."{column}"')) for column in columns]
    statement = sql.SQL("insert into {table} ({columns}) select {values} from {table} t {joins}")
    filled = statement.format(
        table=sql.Identifier(f"packages_{table}"),
        columns=sql.SQL(", ").join(map(sql.Identifier, columns)),
        values=sql.SQL(", ").join(values),
        joins=sql.SQL(joins),
    )
    connection.execute(filled, [name])


def _columns(connection: psycopg.Connection, table: str) -> list[str]:
    """All that are not made by the database."""
    asked = """
        select column_name from information_schema.columns
        where table_name = %s and is_generated = 'NEVER' and column_name <> 'id'
    """
    return [name for (name,) in connection.execute(asked, [f"packages_{table}"])]
