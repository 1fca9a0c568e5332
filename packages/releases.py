"""Verbs on releases: yank, unyank."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from accounts import audit
from accounts.actors import Actor
from packages import events, journal
from packages.models import Project, Release
from packages.models.release import YANK_REASON_LENGTH
from pypi_site.lib.problems import Conflict, Problem


class AlreadyYanked(Conflict):
    """The release is yanked; unyank it first to yank it for another reason."""

    code, title = "already-yanked", "Already yanked"


class NotYanked(Conflict):
    """Only a yanked release can be unyanked."""

    code, title = "not-yanked", "Not yanked"


class InvalidReason(Problem):
    """Installers print the reason as it is: one line of plain text (YNK-5)."""

    code, title = "invalid-reason", "Invalid reason"


@transaction.atomic
def yank(release: Release, *, actor: Actor, reason: str = "") -> Release:
    """Stop offering a release to new installs, while pinned installs keep working.

    Installers skip a yanked release unless a requirement names it exactly (PEP 592), so
    yanking, unlike deletion, breaks no lock file.
    """
    release = _lock(release)
    if release.yanked_at:
        raise AlreadyYanked(f"{release} was yanked on {release.yanked_at:%d %B %Y}.")
    release.yanked_at, release.yanked_reason = timezone.now(), valid_reason(reason)
    release.save(update_fields=["yanked_at", "yanked_reason"])
    audit.record(actor, "release.yank", release, reason=reason)
    journal.record(actor, release.project, "yank release", version=release.version)
    events.release_yanked.send(Release, release=release)
    return release


@transaction.atomic
def unyank(release: Release, *, actor: Actor, reason: str = "") -> Release:
    """Offer a yanked release to new installs again."""
    release = _lock(release)
    if release.yanked_at is None:
        raise NotYanked(f"{release} is not yanked.")
    before = {"yanked_at": release.yanked_at.isoformat(), "reason": release.yanked_reason}
    release.yanked_at, release.yanked_reason = None, ""
    release.save(update_fields=["yanked_at", "yanked_reason"])
    audit.record(actor, "release.unyank", release, reason=reason, before=before)
    journal.record(actor, release.project, "unyank release", version=release.version)
    events.release_unyanked.send(Release, release=release)
    return release


def _lock(release: Release) -> Release:
    """The release under lock, its project locked first as everywhere."""
    project = Project.objects.lock(release.project_id)
    release = Release.objects.select_for_update().get(pk=release.pk)
    release.project = project
    return release


def valid_reason(reason: str) -> str:
    """One line of at most 1,000 printable characters, shown verbatim by pip and uv."""
    reason = " ".join(reason.split())
    if len(reason) > YANK_REASON_LENGTH or not reason.isprintable():
        raise InvalidReason(
            f"Give the reason in at most {YANK_REASON_LENGTH} characters of plain text."
        )
    return reason
