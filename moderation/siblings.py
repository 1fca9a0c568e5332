"""Held uploads of one release: a client sends each file by itself, so each is a case of its own.

They are named by their files, shown together, decided together and told of in one letter.
"""

from __future__ import annotations

from collections.abc import Iterable

from moderation.models import Case, Subject
from moderation.models.cases import CaseQuerySet
from packages.models import Stage, StageStatus

GATHERING = 120  # seconds until a letter goes, so that it is about all that came meanwhile


def title_of(subject: Subject) -> str:
    """What a case is called: with the file, unless its uploader prepared a whole release."""
    if not isinstance(subject, Stage) or subject.is_session:
        return str(subject)
    filename = subject.files.order_by("filename").values_list("filename", flat=True).first()
    return f"{subject} ({filename})" if filename else str(subject)


def held_with(stage: Stage) -> CaseQuerySet:
    """The live cases of every upload of the same release that is held, this one among them."""
    held = {"stage__sort_key": stage.sort_key, "stage__status": StageStatus.PROCESSING}
    together = Case.objects.live().filter(stage__project=stage.project_id, **held)
    return together.with_subjects().oldest_first()


def of(case: Case) -> CaseQuerySet:
    """The others that wait beside it."""
    if case.stage is None or not case.is_live:
        return Case.objects.none()
    return held_with(case.stage).exclude(pk=case.pk)


def untold(stage: Stage, kind: str) -> list[Case]:
    """Those of them of which no such letter went yet."""
    return [case for case in held_with(stage) if kind not in case.told]


def note_told(together: Iterable[Case], kind: str) -> None:
    """Remember that a letter about them went."""
    for case in together:
        case.told = [*case.told, kind]
        case.save(update_fields=["told"])
