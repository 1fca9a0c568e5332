"""Which published file a new one follows: the same kind of the release before."""

from __future__ import annotations

from datetime import datetime

from django.db.models import QuerySet

from packages.models import Artifact, File, Project, StagedFile
from packages.models.file import FileType


def previous_of(artifact: StagedFile | File) -> File | None:
    """The file to compare it with, or None if the project has nothing like it.

    An sdist follows an sdist, a wheel the wheel that shares most tags with it.  The nearest
    version below counts; for what is below everything, the nearest above.
    """
    project, sort_key = place_of(artifact)
    below = _published(project, artifact).filter(release__sort_key__lt=sort_key)
    above = _published(project, artifact).filter(release__sort_key__gt=sort_key)
    same = _published(project, artifact).filter(release__sort_key=sort_key)
    for nearest in (
        below.order_by("-release__sort_key"),
        same,
        above.order_by("release__sort_key"),
    ):
        if found := _likest(nearest, artifact):
            return found
    return None


def known_of(artifact: StagedFile | File, at: datetime | None = None) -> list[File]:
    """The files that a moderator may be taken to know: the likest of the same release, and the
    likest of the release before.  `at` counts only what was published before."""
    project, sort_key = place_of(artifact)
    files = _published(project, artifact)
    files = files.filter(published_at__lt=at) if at else files
    below = files.filter(release__sort_key__lt=sort_key).order_by("-release__sort_key")
    same = files.filter(release__sort_key=sort_key)
    found = [_likest(nearest, artifact) for nearest in (same, below)]
    return [file for file in found if file]


def elsewhere_of(artifact: StagedFile | File, at: datetime | None = None) -> list[File]:
    """Of each kind the likest file of the newest release that has one, be it above or below: what
    the project is like, where `known_of` knows nothing."""
    project, _ = place_of(artifact)
    files = _sound(project, artifact).order_by("-release__sort_key")
    files = files.filter(published_at__lt=at) if at else files
    found = [_likest(files.filter(filetype=kind), artifact) for kind in FileType]
    return [file for file in found if file]


def place_of(artifact: StagedFile | File) -> tuple[Project, str]:
    """Its project, and where its version stands in the order of versions."""
    if isinstance(artifact, StagedFile):
        return artifact.stage.project, artifact.stage.sort_key
    return artifact.release.project, artifact.release.sort_key


def _published(project: Project, artifact: Artifact) -> QuerySet[File]:
    """Files of the same kind."""
    return _sound(project, artifact).filter(filetype=artifact.filetype)


def _sound(project: Project, artifact: Artifact) -> QuerySet[File]:
    """Files that are sound, as far as anybody knows; itself apart."""
    sound = File.objects.filter(
        release__project=project,
        release__quarantined_at=None,
        quarantined_at=None,
        deleted_at=None,
    )
    return sound.exclude(sha256=artifact.sha256).select_related("release")


def _likest(nearest: QuerySet[File], artifact: Artifact) -> File | None:
    """Of the first release that has any, the file that shares most tags."""
    first = nearest.values_list("release_id", flat=True).first()
    if first is None:
        return None
    rivals = nearest.filter(release_id=first).order_by("filename")
    if artifact.filetype == FileType.SDIST:
        return rivals.first()
    wanted = set(artifact.tags)
    return max(rivals, key=lambda file: len(wanted.intersection(file.tags)), default=None)
