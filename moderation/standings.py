"""How a thing stands: what the trail keeps as before and after of each decision."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import Any

from accounts.models import User
from moderation.models import ProhibitedName, Subject
from moderation.models.subjects import kind_of
from packages.models import File, Project, ProjectStatus, Release, Stage

Standing = dict[str, Any]


def of(subject: Subject) -> Standing:
    """Read anew from the database: verbs change rows of their own."""
    model, read = _READERS[kind_of(subject)]
    return read(model.objects.get(pk=subject.pk))


def _of_stage(stage: Stage) -> Standing:
    uploader = stage.created_by
    trusted = bool(uploader and uploader.trusted_at)
    return {"status": str(stage.status), "uploader_trusted": trusted}


def _of_file(file: File) -> Standing:
    return {
        "yanked_at": _iso(file.yanked_at),
        "yanked_reason": file.yanked_reason,
        "quarantined_at": _iso(file.quarantined_at),
        "quarantined_reason": file.quarantined_reason,
        "deleted_at": _iso(file.deleted_at),
    }


def _of_release(release: Release) -> Standing:
    left = release.files.filter(deleted_at=None).order_by("filename")
    return {
        "yanked_at": _iso(release.yanked_at),
        "yanked_reason": release.yanked_reason,
        "quarantined_at": _iso(release.quarantined_at),
        "quarantined_reason": release.quarantined_reason,
        "files": list(left.values_list("filename", flat=True)),
    }


def _of_project(project: Project) -> Standing:
    prohibited = ProhibitedName.objects.filter(name=project.normalized_name)
    return {
        "status": str(project.status),
        "status_reason": project.status_reason,
        "successor": project.successor,
        "deleted_at": _iso(project.deleted_at),
        "name_prohibited": prohibited.exists(),
    }


def _of_person(user: User) -> Standing:
    return {"is_active": user.is_active, "trusted_at": _iso(user.trusted_at)}


def in_words(things: Iterable[Subject], parts: Iterable[Release | File] = ()) -> list[str]:
    """What keeps things from being used as usual, for whoever decides about them.

    Of `parts` of them that were just read only which are in quarantine.
    """
    near = list(things)
    hidden = [part for part in parts if part.quarantined and part not in near]
    return [
        *(f"{thing} is {word}." for thing in near for word in _words(of(thing))),
        *(f"{part} is in quarantine ({part.quarantined_reason})." for part in hidden),
    ]


def _words(standing: Standing) -> Iterator[str]:
    if standing.get("quarantined_at"):
        yield f"in quarantine ({standing['quarantined_reason']})"
    if standing.get("yanked_at"):
        yield f"yanked ({standing['yanked_reason'] or 'without a reason'})"
    if standing.get("deleted_at") or standing.get("files") == []:
        yield "removed"
    status = standing.get("status")
    if status in ProjectStatus.values and status != ProjectStatus.ACTIVE:
        yield f"{status} ({standing['status_reason'] or 'without a reason'})"
    if standing.get("name_prohibited"):
        yield "a prohibited name"
    if standing.get("is_active") is False:
        yield "frozen"


def _iso(at: datetime | None) -> str | None:
    return at.isoformat() if at else None


_READERS: dict[str, tuple[Any, Callable[[Any], Standing]]] = {
    "stage": (Stage, _of_stage),
    "file": (File, _of_file),
    "release": (Release, _of_release),
    "project": (Project, _of_project),
    "person": (User, _of_person),
}
