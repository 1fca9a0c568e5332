"""Verbs on releases: yank, unyank, quarantine, clear, delete, restore."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from django.db import transaction

from accounts import audit
from accounts.actors import Actor
from packages import access, events, files, journal, marks
from packages.marks import (
    AlreadyYanked,
    InvalidReason,
    NotYanked,
    clear,
    quarantine,
    unyank,
    valid_reason,
    yank,
)
from packages.models import File, Release

__all__ = [
    "AlreadyYanked",
    "InvalidReason",
    "NotYanked",
    "clear",
    "delete",
    "quarantine",
    "restore",
    "unyank",
    "valid_reason",
    "yank",
]


@transaction.atomic
def delete(release: Release, *, actor: Actor, reason: str) -> Release:
    """Put all files of a release into the bin; its version and filenames stay used.

    Raises `TooLateToDelete` for an owner one of whose files is older than the site allows.
    """
    release, project = marks.lock(release)
    access.authorize_removal(actor, project, about=release)
    left = list(release.files.filter(deleted_at=None).order_by("filename"))
    if not left:
        raise files.AlreadyDeleted(f"{release} has no files left to delete.")
    files.put_into_bin(left, actor=actor, reason=reason)
    _record(actor, release, "delete", reason, left)
    return release


@transaction.atomic
def restore(
    release: Release, *, actor: Actor, reason: str = "", only: Collection[str] | None = None
) -> Release:
    """Take every file of a release that lies in the bin out of it, or `only` these filenames."""
    release, project = marks.lock(release)
    access.authorize_management(actor, project, about=release)
    binned = list(release.files.in_bin().order_by("filename"))
    wanted = [file for file in binned if only is None or file.filename in only]
    if not wanted:
        raise files.NotInBin(f"{release} has no files in the bin; only what was deleted lately is.")
    files.require_own_deletion(actor, project, wanted)
    files.take_out_of_bin(wanted, project)
    _record(actor, release, "restore", reason, wanted)
    return release


def _record(
    actor: Actor, release: Release, verb: str, reason: str, touched: Sequence[File]
) -> None:
    after = {"files": [file.filename for file in touched]}
    event = audit.record(actor, f"release.{verb}", release, reason=reason, after=after)
    entry = "remove release" if verb == "delete" else "restore release"
    journal.record(actor, release.project, entry, version=release.version)
    signal = events.release_deleted if verb == "delete" else events.release_restored
    signal.send(Release, release=release, event=event)
