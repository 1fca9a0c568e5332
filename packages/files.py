"""Verbs on files: yank, unyank, quarantine, clear, delete, restore, empty the bin.

A deleted file lies in the bin for some days; its name stays used for ever (UPL-5).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from accounts import audit
from accounts.actors import SYSTEM, Actor
from packages import access, events, journal, marks
from packages.marks import clear, quarantine, unyank, yank
from packages.models import File, FileSession, Project, Stage, StagedFile
from packages.models.file import FileType
from pypi_site.lib.problems import Conflict, Refused

__all__ = [
    "AlreadyDeleted",
    "NotInBin",
    "RemovedByModerators",
    "TooLateToDelete",
    "clear",
    "delete",
    "empty_bin",
    "may_delete",
    "named",
    "put_into_bin",
    "quarantine",
    "require_own_deletion",
    "restore",
    "take_out_of_bin",
    "unyank",
    "yank",
]
BATCH = 500
DELETION = ["deleted_at", "deleted_reason", "deleted_by"]


class AlreadyDeleted(Conflict):
    """The file is gone already, and its name with it."""

    code, title = "already-deleted", "Already deleted"


class NotInBin(Conflict):
    """The file was not deleted, or its time in the bin is over."""

    code, title = "not-in-bin", "Not in the bin"


class RemovedByModerators(Refused):
    """What moderators took away comes back when they say so; you may appeal."""

    code, title = "removed-by-moderators", "Removed by moderators"


class TooLateToDelete(Refused):
    """This site lets owners delete only what is new; yanking works at any time."""

    code, title = "too-late-to-delete", "Too late to delete"


def may_delete(actor: Actor, file: File) -> bool:
    """Whether the site's policy lets an owner delete the file now (administrators always may)."""
    young = timezone.now() - file.uploaded_at < timedelta(hours=settings.DELETION_HOURS)
    powerful = actor is SYSTEM or actor.may(access.DELETE_FILE)
    return young or file.release.is_prerelease or powerful


@transaction.atomic
def delete(file: File, *, actor: Actor, reason: str) -> File:
    """Stop offering a file, and put it in the bin.

    Raises `TooLateToDelete` for an owner whose file is older than the site allows.
    """
    file, project = marks.lock(file)
    access.authorize_removal(actor, project, about=file)
    if file.deleted_at:
        raise AlreadyDeleted(f"{file} was deleted on {file.deleted_at:%d %B %Y}.")
    put_into_bin([file], actor=actor, reason=reason)
    _record(actor, file, "file.delete", f"remove file {file.filename}", reason)
    return file


@transaction.atomic
def restore(file: File, *, actor: Actor, reason: str = "") -> File:
    """Take a file out of the bin: the same bytes are offered again at the same address."""
    file, project = marks.lock(file)
    access.authorize_management(actor, project, about=file)
    if file.deleted_at is None or file.purged_at:
        raise NotInBin(f"{file} is not in the bin; only a file deleted lately can be restored.")
    require_own_deletion(actor, project, [file])
    take_out_of_bin([file], project)
    _record(actor, file, "file.restore", f"restore file {file.filename}", reason)
    return file


def put_into_bin(files: Iterable[File], *, actor: Actor, reason: str) -> datetime:
    """All at one moment, which is returned; the caller holds the project's lock and records it.

    Raises `TooLateToDelete` unless every one of them may go.
    """
    files, now = list(files), timezone.now()
    if old := next((file for file in files if not may_delete(actor, file)), None):
        raise TooLateToDelete(
            f"{old} is older than {settings.DELETION_HOURS} hours and may stand in lock files;"
            " yank it, or ask an administrator to delete it."
        )
    _change(files, deleted_at=now, deleted_reason=reason, deleted_by=actor.user)
    return now


def require_own_deletion(actor: Actor, project: Project, gone: Iterable[File | Project]) -> None:
    """Refuse owners what somebody without a role on the project took away: a moderator.

    Raises `RemovedByModerators`.
    """
    if actor is SYSTEM or actor.may(access.DELETE_FILE):
        return
    deleters = {each.deleted_by_id for each in gone} - {None}
    if not all(access.is_insider(deleter, project) for deleter in deleters):
        raise RemovedByModerators(
            f"Moderators removed this from {project}; appeal from the message that told you so."
        )


def take_out_of_bin(files: Sequence[File], project: Project) -> None:
    """The same bytes are offered again; the caller holds the project's lock and records it."""
    if project.deleted_at:
        raise Conflict(f"{project} was deleted as a whole; restore the project.")
    for file in files:
        _require_no_other_sdist(file)
    _change(files, deleted_at=None, deleted_reason="", deleted_by=None)


def _change(files: Sequence[File], **facts: Any) -> None:
    """All in one statement, and the same in memory."""
    File.objects.filter(pk__in=[file.pk for file in files]).update(**facts)
    for file in files:
        for name, value in facts.items():
            setattr(file, name, value)


def empty_bin() -> int:
    """Give up the bytes of files whose time in the bin is over; returns how many."""
    before = timezone.now() - timedelta(days=settings.BIN_DAYS)
    evidence = Q(quarantined_at__isnull=False) | Q(release__quarantined_at__isnull=False)
    overdue = File.objects.in_bin().filter(deleted_at__lt=before).exclude(evidence).order_by("pk")
    return sum(_purge(file) for file in overdue[:BATCH])


@transaction.atomic
def _purge(file: File) -> bool:
    """The row stays, with the name; the sweep takes the blob if no other row names it."""
    file, _ = marks.lock(file)
    if file.deleted_at is None or file.purged_at:
        return False
    file.purged_at = timezone.now()
    file.save(update_fields=["purged_at"])
    return True


def named(digests: list[str]) -> set[str]:
    """Those of the blobs that some row still needs; all others are orphans."""
    kept = File.objects.filter(sha256__in=digests, purged_at=None)
    staged = StagedFile.objects.filter(sha256__in=digests, stage__in=Stage.objects.with_bytes())
    active = Stage.objects.active()
    arriving = FileSession.objects.live().filter(received__in=digests, stage__in=active)
    return {
        *kept.values_list("sha256", flat=True),
        *staged.values_list("sha256", flat=True),
        *arriving.values_list("received", flat=True),
    }


def _require_no_other_sdist(file: File) -> None:
    sdists = file.release.files.filter(filetype=FileType.SDIST, deleted_at=None)
    if file.filetype == FileType.SDIST and sdists.exists():
        raise Conflict(f"{file.release} has another source distribution now; delete that first.")


def _record(actor: Actor, file: File, action: str, entry: str, reason: str) -> None:
    event = audit.record(actor, action, file, reason=reason)
    journal.record(actor, file.release.project, entry, version=file.release.version)
    signal = events.file_deleted if file.deleted_at else events.file_restored
    signal.send(File, file=file, event=event)
