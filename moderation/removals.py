"""Write and read the public log of removals.

An entry is written in the transaction of the change, while the journal is locked: whoever has read
up to a serial never meets a smaller one later.  Owners who delete what is theirs are not told of.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import Q
from django.utils import timezone

from accounts.models import AuditEvent
from moderation.models import Case, CaseKind, Decision, Removal
from moderation.models.removals import (
    TAKES_BACK,
    Category,
    RemovalAction,
    RemovalQuerySet,
    Scope,
)
from moderation.models.subjects import kind_of
from packages import access, journal
from packages.models import File, Project, ProjectStatus, Release

Published = File | Release | Project
_VERBS = {
    "quarantine": RemovalAction.QUARANTINED,
    "clear": RemovalAction.CLEARED,
    "delete": RemovalAction.REMOVED,
    "restore": RemovalAction.RESTORED,
}


@dataclass(frozen=True)
class _Facts:
    """A thing as the log names it."""

    project: Project
    version: str = ""
    filename: str = ""


def write(subject: Published, event: AuditEvent) -> Removal | None:
    """Add what `event` of the trail did to `subject`, if the public is told of such things."""
    action = _action(event)
    project = _facts(subject).project
    if action is None or project.published_at is None:
        return None
    takes_back = _standing(subject, TAKES_BACK[action]) if action in TAKES_BACK else None
    if action == RemovalAction.REMOVED and _is_insider(event, project):
        return None
    if action == RemovalAction.RESTORED and not (takes_back or _lies_in_what_was_removed(subject)):
        return None
    return _add(subject, action, event.reason, _files(subject, event), takes_back)


def _action(event: AuditEvent) -> RemovalAction | None:
    """What was done; None if it is nothing for the log.

    A status of a project is chosen by its name; one that follows a quarantine clears it.
    """
    kind, _, verb = event.action.partition(".")
    if kind != Scope.PROJECT or verb in ("delete", "restore"):
        return _VERBS.get(verb)
    if verb == ProjectStatus.QUARANTINED:
        return RemovalAction.QUARANTINED
    was = (event.before or {}).get("status")
    return RemovalAction.CLEARED if was == ProjectStatus.QUARANTINED else None


def _is_insider(event: AuditEvent, project: Project) -> bool:
    """Whether somebody of the project did it himself (or the index by itself)."""
    if event.user_id is None:
        return True
    return access.is_insider(event.user_id, project)


def _facts(subject: Published) -> _Facts:
    if isinstance(subject, File):
        return _Facts(subject.project, subject.release.version, subject.filename)
    if isinstance(subject, Release):
        return _Facts(subject.project, subject.version)
    return _Facts(subject)


def _standing(subject: Published, action: str) -> Removal | None:
    """The newest entry about exactly this that nothing has taken back."""
    facts = _facts(subject)
    about = Removal.objects.standing(action).filter(
        scope=kind_of(subject),
        project=facts.project,
        version=facts.version,
        filename=facts.filename,
    )
    return about.order_by("-serial").first()


def _lies_in_what_was_removed(subject: Published) -> bool:
    """Whether it comes back alone out of a release or project that was removed."""
    facts = _facts(subject)
    wider = Q(scope=Scope.PROJECT) | Q(scope=Scope.RELEASE, version=facts.version)
    removed = Removal.objects.standing(RemovalAction.REMOVED).filter(wider, project=facts.project)
    return removed.exists()


def _add(
    subject: Published,
    action: str,
    reason: str,
    files: Iterable[File],
    takes_back: Removal | None = None,
) -> Removal:
    facts = _facts(subject)
    serial, at = journal.last_change()
    return Removal.objects.create(
        serial=serial,
        at=at or timezone.now(),
        action=action,
        scope=kind_of(subject),
        project=facts.project,
        name=facts.project.name,
        version=facts.version,
        filename=facts.filename,
        files=[_described(file) for file in files],
        category=takes_back.category if takes_back else Category.OTHER,
        reason=reason,
        takes_back=takes_back,
    )


def _files(subject: Published, event: AuditEvent) -> Iterable[File]:
    """What was touched, in order."""
    if isinstance(subject, File):
        return [subject]
    chosen = File.objects.select_related("release").without_metadata().in_order()
    if isinstance(subject, Release):
        chosen = chosen.filter(release=subject)
        named = (event.after or {}).get("files")
        return (
            chosen.filter(deleted_at=None) if named is None else chosen.filter(filename__in=named)
        )
    gone = subject.deleted_at
    return chosen.filter(release__project=subject, deleted_at=gone)


def _described(file: File) -> dict[str, Any]:
    return {
        "filename": file.filename,
        "version": file.release.version,
        "size": file.size,
        "hashes": {"sha256": file.sha256, "blake2b_256": file.blake2b_256},
    }


# -- what the desk adds ----------------------------------------------------------------------------


def explain(case: Case, decision: Decision) -> None:
    """Say in a word why, and name the decision; write the entry if a moderating owner decided."""
    subject = decision.subject
    action = _OF_DECISION.get(decision.kind)
    if action is None or not isinstance(subject, File | Release | Project):
        return
    entry = _standing(subject, action)
    if entry is None and action == RemovalAction.REMOVED:
        gone = File.objects.filter(filename__in=decision.details.get("files", ()))
        files = gone.select_related("release").without_metadata().in_order()
        entry = _add(subject, action, decision.reason, files)
    if entry is not None and entry.decision_id is None:
        entry.decision = decision
        if entry.takes_back_id is None:
            entry.category = category_of(case)
        entry.save(update_fields=["decision", "category"])


_OF_DECISION: dict[str, RemovalAction] = {
    "quarantined": RemovalAction.QUARANTINED,
    "cleared": RemovalAction.CLEARED,
    "removed": RemovalAction.REMOVED,
}


def category_of(case: Case) -> Category:
    """The kind of the case; what a policy held is against the policy of this index."""
    return Category.POLICY if case.kind == CaseKind.HELD else Category(case.kind)


# -- read ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Page:
    """Some entries, and the serial from which the next page goes on (None: this is the last)."""

    entries: list[Removal]
    goes_on: int | None


def following(serial: int, size: int, name: str = "") -> Page:
    """What came after `serial`, the oldest first: as mirrors follow."""
    return _page(_about(name).after(serial), size)


def newest(before: int | None, size: int, name: str = "") -> Page:
    """What came before `before`, the newest first: as people read."""
    found = _about(name).newest_first()
    return _page(found if before is None else found.filter(serial__lt=before), size)


def _about(name: str) -> RemovalQuerySet:
    """Of one project, by the normalized name that it has now, or of all."""
    every = Removal.objects.public().select_related("project", "takes_back")
    return every.filter(project__normalized_name=name) if name else every


def _page(entries: RemovalQuerySet, size: int) -> Page:
    rows = list(entries[: size + 1])
    more = len(rows) > size
    return Page(rows[:size], rows[size - 1].serial if more else None)
