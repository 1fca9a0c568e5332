"""What is laid upon a release or a file, and taken off again: a yank, a quarantine.

Both kinds of things know the same verbs; `releases` and `files` offer them under their own names.
"""

from __future__ import annotations

from typing import Any, TypeVar

from django.db import transaction
from django.db.models import Model, QuerySet
from django.dispatch import Signal
from django.utils import timezone

from accounts import audit
from accounts.actors import Actor
from accounts.models import TokenAction
from packages import access, events, journal
from packages.models import File, Project, Release
from packages.models.release import YANK_REASON_LENGTH
from pypi_site.lib.problems import Conflict, Problem

Item = TypeVar("Item", Release, File)
YANK, QUARANTINE = ("yanked_at", "yanked_reason"), ("quarantined_at", "quarantined_reason")


class AlreadyYanked(Conflict):
    """It is yanked; unyank it first to yank it for another reason."""

    code, title = "already-yanked", "Already yanked"


class NotYanked(Conflict):
    """Only what is yanked itself can be unyanked."""

    code, title = "not-yanked", "Not yanked"


class AlreadyInQuarantine(Conflict):
    """Somebody has put it into quarantine before."""

    code, title = "already-in-quarantine", "Already in quarantine"


class NotInQuarantine(Conflict):
    """Only what is in quarantine itself can be cleared."""

    code, title = "not-in-quarantine", "Not in quarantine"


class InvalidReason(Problem):
    """Installers print the reason as it is: one line of plain text (YNK-5)."""

    code, title = "invalid-reason", "Invalid reason"


@transaction.atomic
def yank(item: Item, *, actor: Actor, reason: str = "") -> Item:
    """Stop offering a release or a file to new installs, while pinned installs keep working.

    Installers skip what is yanked unless a requirement names the version exactly (PEP 592), so
    yanking, unlike deletion, breaks no lock file.
    """
    item, project = _lock_to_yank(item, actor)
    if item.yanked_at:
        raise AlreadyYanked(f"{item} was yanked on {item.yanked_at:%d %B %Y}.")
    _set(item, YANK, valid_reason(reason))
    _record(actor, item, project, "yank", reason)
    return item


@transaction.atomic
def unyank(item: Item, *, actor: Actor, reason: str = "") -> Item:
    """Offer what was yanked to new installs again."""
    item, project = _lock_to_yank(item, actor)
    if item.yanked_at is None:
        raise NotYanked(f"{item} is not yanked.")
    before = _unset(item, YANK)
    _record(actor, item, project, "unyank", reason, before)
    return item


@transaction.atomic
def quarantine(
    item: Item, *, actor: Actor, reason: str, permission: str = access.CHANGE_PROJECT
) -> Item:
    """Hide a release or a file from everybody until a moderator clears it; all else stays.

    `permission` is what the actor must hold: whoever approved an upload may hide it again.
    """
    access.authorize_moderation(actor, permission)
    item, project = lock(item)
    if item.quarantined_at:
        raise AlreadyInQuarantine(f"{item} is in quarantine since {item.quarantined_at:%d %B %Y}.")
    _set(item, QUARANTINE, valid_reason(reason))
    _record(actor, item, project, "quarantine", reason)
    return item


@transaction.atomic
def clear(item: Item, *, actor: Actor, reason: str = "") -> Item:
    """End a quarantine: it is again what it was before, yanked if it was yanked."""
    access.authorize_moderation(actor)
    item, project = lock(item)
    if item.quarantined_at is None:
        raise NotInQuarantine(f"{item} is not in quarantine itself; look at what it belongs to.")
    before = _unset(item, QUARANTINE)
    _record(actor, item, project, "clear", reason, before)
    return item


def lock(item: Item) -> tuple[Item, Project]:
    """The release or file under lock, its project locked first as everywhere."""
    release = item if isinstance(item, Release) else item.release
    project = Project.objects.lock(release.project_id)
    locked = _select(item).select_for_update(of=("self",)).get(pk=item.pk)
    release = locked if isinstance(locked, Release) else locked.release
    release.project = project
    return locked, project


def _select(item: Item) -> QuerySet[Any]:
    if isinstance(item, Release):
        return Release.objects.all()
    return File.objects.select_related("release")


def valid_reason(reason: str) -> str:
    """One line of at most 1,000 printable characters, shown verbatim by pip and uv."""
    reason = " ".join(reason.split())
    if len(reason) > YANK_REASON_LENGTH or not reason.isprintable():
        raise InvalidReason(
            f"Give the reason in at most {YANK_REASON_LENGTH} characters of plain text."
        )
    return reason


def _lock_to_yank(item: Item, actor: Actor) -> tuple[Item, Project]:
    item, project = lock(item)
    access.authorize_management(
        actor,
        project,
        kinds=access.UPLOADERS,
        permission=access.CHANGE_RELEASE,
        about=item,
        action=TokenAction.YANK,
    )
    return item, project


def _set(item: Model, fields: tuple[str, str], reason: str) -> None:
    at, why = fields
    setattr(item, at, timezone.now())
    setattr(item, why, reason)
    item.save(update_fields=fields)


def _unset(item: Model, fields: tuple[str, str]) -> dict[str, Any]:
    """Take the mark off; returns what it was, for the trail."""
    at, why = fields
    before = {at: getattr(item, at).isoformat(), "reason": getattr(item, why)}
    setattr(item, at, None)
    setattr(item, why, "")
    item.save(update_fields=fields)
    return before


def _record(
    actor: Actor,
    item: Release | File,
    project: Project,
    verb: str,
    reason: str,
    before: dict[str, Any] | None = None,
) -> None:
    kind, release = ("file", item.release) if isinstance(item, File) else ("release", item)
    event = audit.record(actor, f"{kind}.{verb}", item, reason=reason, before=before)
    journal.record(actor, project, _entry(kind, verb, item), version=release.version)
    _SIGNALS[kind, verb].send(type(item), **{kind: item}, event=event)


def _entry(kind: str, verb: str, item: Release | File) -> str:
    """The public index's words where it has some."""
    if isinstance(item, File):
        return f"{verb} file {item.filename}"
    words = {"quarantine": "release quarantined", "clear": "release quarantine cleared"}
    return words.get(verb, f"{verb} {kind}")


_SIGNALS: dict[tuple[str, str], Signal] = {
    ("release", "yank"): events.release_yanked,
    ("release", "unyank"): events.release_unyanked,
    ("release", "quarantine"): events.release_quarantined,
    ("release", "clear"): events.release_cleared,
    ("file", "yank"): events.file_yanked,
    ("file", "unyank"): events.file_unyanked,
    ("file", "quarantine"): events.file_quarantined,
    ("file", "clear"): events.file_cleared,
}
