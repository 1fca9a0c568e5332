"""What arrived in the last days, be it published, waiting or rejected, as it was judged then.

What a policy refuses at once is kept nowhere, and so is not among it; nor is what its uploader
discarded.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter
from typing import Any

from django.db.models import Q, QuerySet

from accounts.actors import Actor
from moderation import cases
from packages.models import File, StagedFile, StageStatus
from packages.uploads.policies import Submission

_CHUNK = 25
_WAITS = Q(stage__status=StageStatus.PROCESSING)
# A session that its uploader discarded has no files.
_REJECTED = Q(stage__status__in=(StageStatus.CANCELED, StageStatus.ERROR)) & ~Q(stage__holds=[])


@dataclass(frozen=True)
class Arrival:
    """A file as it arrived, and what became of it: published, waits, rejected."""

    file: File | StagedFile
    became: str

    @property
    def submission(self) -> Submission:
        """As policies were asked: with the project and the people of that moment."""
        file, project = self.file, _project_of(self.file)
        first = project.published_at
        registers = first is None or file.uploaded_at <= first
        actor = _uploader(file, registers=registers)
        return Submission(actor, project, registers, _version(file), file, at=file.uploaded_at)


def count(since: datetime, until: datetime) -> int:
    """How many files arrived between the two moments."""
    return sum(each.count() for each in _files(since, until))


def newest(since: datetime, until: datetime, most: int) -> Iterator[Arrival]:
    """At most so many of them, the newest first."""
    each_kind = [rows[:most].iterator(chunk_size=_CHUNK) for rows in _files(since, until)]
    merged = heapq.merge(*each_kind, key=attrgetter("uploaded_at"), reverse=True)
    return (Arrival(file, _became(file)) for file, _ in zip(merged, range(most), strict=False))


def _files(since: datetime, until: datetime) -> tuple[QuerySet[Any], QuerySet[Any]]:
    """Published ones, and those that are not; of the latter a published one has a row, too."""
    window = {"uploaded_at__gte": since, "uploaded_at__lte": until}
    people = ("uploaded_by", "uploaded_by_ci")
    public = File.objects.filter(**window).select_related("release__project", *people)
    staged = StagedFile.objects.filter(_WAITS | _REJECTED, **window)
    staged = staged.select_related("stage__project", "stage__created_by", *people)
    return public.order_by("-uploaded_at", "-pk"), staged.order_by("-uploaded_at", "-pk")


def _became(file: File | StagedFile) -> str:
    if isinstance(file, File):
        return "published"
    return "waits" if file.stage.status == StageStatus.PROCESSING else "rejected"


def _project_of(file: File | StagedFile) -> Any:
    return file.stage.project if isinstance(file, StagedFile) else file.release.project


def _version(file: File | StagedFile) -> str:
    return file.stage.version if isinstance(file, StagedFile) else file.release.version


def _uploader(file: File | StagedFile, *, registers: bool) -> Actor:
    """A person, or a job; for a new name of a job answers whoever prepared its publisher."""
    if file.uploaded_by_ci is None:
        return Actor(user=file.uploaded_by)
    behind = file.stage if isinstance(file, StagedFile) else file
    return Actor(user=cases.uploader_of(behind) if registers else None, ci=file.uploaded_by_ci)
