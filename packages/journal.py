"""Serials: the one source of feeds and changelog."""

from __future__ import annotations

from datetime import datetime

from django.db import connection, transaction

from accounts.actors import Actor
from packages import markers, purges
from packages.models import JournalEntry, Project

CHANNEL = "gatehouse_journal"  # what the trigger notifies (migration 0008)
_LOCK = 0x6A6F7572  # "jour": the advisory lock that puts commits in the order of their serials


def record(
    actor: Actor, project: Project, *actions: str, version: str = "", name: str = ""
) -> list[JournalEntry]:
    """Add an entry for each action and stamp the project with the serial of the last.

    `name` is a former name of the project that the entry is about.

    Call it last in a transaction: from here to the commit no other change gets a serial, so
    whoever has read up to serial n will never meet a smaller one later.

    After the commit the change marker of the name moves, and every process of this host sees
    the change.  Other hosts are told by the database: a trigger on the journal notifies
    `CHANNEL` with the normalized name of each entry.  Caches in front of us are told by a job.
    """
    if not actions:
        return []
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(%s)", [_LOCK])
    facts = {
        "project": name or project.normalized_name,
        "version": version,
        "actor": actor.label[:200],
    }
    entries = [JournalEntry(action=action, **facts) for action in actions]
    JournalEntry.objects.bulk_create(entries)
    project.serial = entries[-1].serial
    project.save(update_fields=["serial"])
    purges.request(facts["project"])
    transaction.on_commit(lambda: markers.touch(facts["project"]), robust=True)
    return entries


def last_serial() -> int:
    """The serial of the newest change, 0 for an empty index."""
    return last_change()[0]


def last_change() -> tuple[int, datetime | None]:
    """The serial of the newest change, and when it was made."""
    newest = JournalEntry.objects.order_by("-serial").values_list("serial", "at").first()
    return newest or (0, None)
