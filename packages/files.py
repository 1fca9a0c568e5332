"""Verbs on files: delete."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from accounts import audit
from accounts.actors import Actor
from packages import events, journal
from packages.models import File, Project
from pypi_site.lib.problems import Conflict


class AlreadyDeleted(Conflict):
    """The file is gone already, and its name with it."""

    code, title = "already-deleted", "Already deleted"


@transaction.atomic
def delete(file: File, *, actor: Actor, reason: str) -> File:
    """Stop offering a file, for good: its name stays used for ever (UPL-5)."""
    project = Project.objects.lock(file.release.project_id)
    chosen = File.objects.select_for_update(of=("self",)).select_related("release")
    file = chosen.get(pk=file.pk)
    if file.deleted_at:
        raise AlreadyDeleted(f"{file} was deleted on {file.deleted_at:%d %B %Y}.")
    file.deleted_at, file.deleted_reason = timezone.now(), reason
    file.save(update_fields=["deleted_at", "deleted_reason"])
    audit.record(actor, "file.delete", file, reason=reason)
    journal.record(actor, project, f"remove file {file.filename}", file.release.version)
    events.file_deleted.send(File, file=file)
    return file
