"""Serials: the one source of feeds and changelog."""

from __future__ import annotations

from django.db import connection

from accounts.actors import Actor
from packages.models import JournalEntry, Project

_LOCK = 0x6A6F7572  # "jour": the advisory lock that puts commits in the order of their serials


def record(actor: Actor, project: Project, action: str, version: str = "") -> JournalEntry:
    """Add an entry and stamp the project with its serial.

    Call it last in a transaction: from here to the commit no other change gets a serial, so
    whoever has read up to serial n will never meet a smaller one later.
    """
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(%s)", [_LOCK])
    entry = JournalEntry.objects.create(
        project=project.normalized_name, version=version, action=action, actor=actor.label[:200]
    )
    project.serial = entry.serial
    project.save(update_fields=["serial"])
    return entry


def last_serial() -> int:
    """The serial of the newest change, 0 for an empty index."""
    newest = JournalEntry.objects.order_by("-serial").values_list("serial", flat=True).first()
    return newest or 0
