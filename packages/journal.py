"""Serials: the one source of feeds and changelog."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from accounts.actors import Actor
from packages import markers, purges
from packages.models import JournalEntry, Project
from pypi_site.lib import sql

CHANNEL = "gatehouse_journal"  # what the trigger notifies (migration 0008)
_LOCK = 0x6A6F7572  # "jour": the advisory lock that puts commits in the order of their serials
# Serials are drawn row by row, after the lock is had: rows of `lock` come first.
_RECORD = f"""
    with lock as materialized (select pg_advisory_xact_lock({_LOCK})),
    entries as (
        insert into packages_journalentry (at, project, version, action, actor)
        select %(at)s, %(project)s, %(version)s, action, %(actor)s
        from lock, unnest(%(actions)s::text[]) with ordinality as given (action, place)
        order by place
        returning serial
    )
"""  # noqa: S608 - a constant of ours
_LAST = f"{_RECORD} select max(serial) from entries"  # noqa: S608
_STAMP = f"""{_RECORD}
    update packages_project set serial = (select max(serial) from entries)
    where id = %(key)s returning serial
"""  # noqa: S608


def record(
    actor: Actor, project: Project, *actions: str, version: str = "", name: str = ""
) -> list[JournalEntry]:
    """Add an entry for each action and stamp the project with the serial of the last.

    `name` is a former name of the project that the entry is about.  The project has another one
    now, and its pages say what they said: so it is not stamped.

    Call it last in a transaction: from here to the commit no other change gets a serial, so
    whoever has read up to serial n will never meet a smaller one later.

    After the commit the change marker of the name moves, and every process of this host sees
    the change.  Other hosts are told by the database: a trigger on the journal notifies
    `CHANNEL` with the normalized name of each entry.  Caches in front of us are told by a job.
    """
    if not actions:
        return []
    facts: dict[str, Any] = {
        "project": name or project.normalized_name,
        "version": version,
        "actor": actor.label[:200],
        "at": timezone.now(),
    }
    entries = [JournalEntry(action=action, **facts) for action in actions]
    last = _write({**facts, "actions": [*actions], "key": project.pk}, stamps=not name)
    project.serial = project.serial if name else last
    for serial, entry in enumerate(entries, last - len(entries) + 1):
        entry.serial = serial
    purges.request(facts["project"])
    transaction.on_commit(lambda: markers.touch(facts["project"]), robust=True)
    return entries


def _write(facts: dict[str, Any], *, stamps: bool) -> int:
    """The serial of the last entry."""
    serial: int = sql.scalar(_STAMP if stamps else _LAST, facts)
    return serial


def last_serial() -> int:
    """The serial of the newest change, 0 for an empty index."""
    return last_change()[0]


def last_change() -> tuple[int, datetime | None]:
    """The serial of the newest change, and when it was made."""
    newest = JournalEntry.objects.order_by("-serial").values_list("serial", "at").first()
    return newest or (0, None)
