"""Verbs on files: delete, restore, empty the bin.

A deleted file lies in the bin for some days; its name stays used for ever (UPL-5).
"""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from accounts import audit
from accounts.actors import Actor
from packages import access, events, journal
from packages.models import File, FileSession, Project, Stage, StagedFile
from packages.models.file import FileType
from pypi_site.lib.problems import Conflict, Refused

BATCH = 500


class AlreadyDeleted(Conflict):
    """The file is gone already, and its name with it."""

    code, title = "already-deleted", "Already deleted"


class NotInBin(Conflict):
    """The file was not deleted, or its time in the bin is over."""

    code, title = "not-in-bin", "Not in the bin"


class TooLateToDelete(Refused):
    """This site lets owners delete only what is new; yanking works at any time."""

    code, title = "too-late-to-delete", "Too late to delete"


def may_delete(actor: Actor, file: File) -> bool:
    """Whether the site's policy lets an owner delete the file now (administrators always may)."""
    young = timezone.now() - file.uploaded_at < timedelta(hours=settings.DELETION_HOURS)
    return young or file.release.is_prerelease or actor.may(access.DELETE_FILE)


@transaction.atomic
def delete(file: File, *, actor: Actor, reason: str) -> File:
    """Stop offering a file, and put it in the bin.

    Raises `TooLateToDelete` for an owner whose file is older than the site allows.
    """
    file = _lock(file)
    access.authorize_management(actor, file.release.project)
    if file.deleted_at:
        raise AlreadyDeleted(f"{file} was deleted on {file.deleted_at:%d %B %Y}.")
    if not may_delete(actor, file):
        raise TooLateToDelete(
            f"{file} is older than {settings.DELETION_HOURS} hours and may stand in lock files;"
            " yank the release, or ask an administrator to delete it."
        )
    file.deleted_at, file.deleted_reason, file.deleted_by = timezone.now(), reason, actor.user
    file.save(update_fields=["deleted_at", "deleted_reason", "deleted_by"])
    _record(actor, file, "file.delete", f"remove file {file.filename}", reason)
    return file


@transaction.atomic
def restore(file: File, *, actor: Actor, reason: str = "") -> File:
    """Take a file out of the bin: the same bytes are offered again at the same address."""
    file = _lock(file)
    access.authorize_management(actor, file.release.project)
    if file.deleted_at is None or file.purged_at:
        raise NotInBin(f"{file} is not in the bin; only a file deleted lately can be restored.")
    _require_no_other_sdist(file)
    file.deleted_at, file.deleted_reason, file.deleted_by = None, "", None
    file.save(update_fields=["deleted_at", "deleted_reason", "deleted_by"])
    _record(actor, file, "file.restore", f"restore file {file.filename}", reason)
    return file


def empty_bin() -> int:
    """Give up the bytes of files whose time in the bin is over; returns how many."""
    before = timezone.now() - timedelta(days=settings.BIN_DAYS)
    overdue = File.objects.in_bin().filter(deleted_at__lt=before).order_by("pk")
    return sum(_purge(file) for file in overdue[:BATCH])


@transaction.atomic
def _purge(file: File) -> bool:
    """The row stays, with the name; the sweep takes the blob if no other row names it."""
    file = _lock(file)
    if file.deleted_at is None or file.purged_at:
        return False
    file.purged_at = timezone.now()
    file.save(update_fields=["purged_at"])
    return True


def named(digests: list[str]) -> set[str]:
    """Those of the blobs that some row still needs; all others are orphans."""
    kept = File.objects.filter(sha256__in=digests, purged_at=None)
    active = Stage.objects.active()
    staged = StagedFile.objects.filter(sha256__in=digests, stage__in=active)
    arriving = FileSession.objects.live().filter(received__in=digests, stage__in=active)
    return {
        *kept.values_list("sha256", flat=True),
        *staged.values_list("sha256", flat=True),
        *arriving.values_list("received", flat=True),
    }


def _lock(file: File) -> File:
    """The file under lock, its project locked first as everywhere."""
    project = Project.objects.lock(file.release.project_id)
    chosen = File.objects.select_for_update(of=("self",)).select_related("release")
    file = chosen.get(pk=file.pk)
    file.release.project = project
    return file


def _require_no_other_sdist(file: File) -> None:
    sdists = file.release.files.filter(filetype=FileType.SDIST, deleted_at=None)
    if file.filetype == FileType.SDIST and sdists.exists():
        raise Conflict(f"{file.release} has another source distribution now; delete that first.")


def _record(actor: Actor, file: File, action: str, entry: str, reason: str) -> None:
    audit.record(actor, action, file, reason=reason)
    journal.record(actor, file.release.project, entry, version=file.release.version)
    event = events.file_deleted if file.deleted_at else events.file_restored
    event.send(File, file=file)
