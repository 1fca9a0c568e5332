"""Releases and files of a project, each of which can be acted upon by itself; never all at once."""

from __future__ import annotations

from django.db.models import Exists, OuterRef

from moderation.actions import published_release
from moderation.models import Case
from packages.models import File, Project, Release, Stage
from packages.models.file import FileQuerySet
from packages.models.release import ReleaseQuerySet

Part = Release | File
NEWEST = 20  # releases that are offered without being looked for
MOST = 50  # of anything else


def of(project: Project, release: Release | None) -> list[Part]:
    """What a page offers: the newest releases, files of `release`, and what is in quarantine."""
    newest = [*_releases(project)[:NEWEST], *_releases(project).exclude(quarantined_at=None)[:MOST]]
    files = _files(project)
    hidden = files.exclude(quarantined_at=None)[:MOST]
    mine = files.filter(release=release)[:MOST] if release else []
    return list(dict.fromkeys([*newest, *mine, *hidden]))


def found(project: Project, text: str) -> list[Part]:
    """Those whose version or filename has this in it, the newest first."""
    wanted = text.replace("\0", "").strip()
    if not wanted:
        return []
    releases = _releases(project).filter(version__icontains=wanted)[:NEWEST]
    return [*releases, *_files(project).filter(filename__icontains=wanted)[:NEWEST]]


def by_key(project: Project, kind: str, pk: int) -> Part | None:
    """The release or file of this project that an address names."""
    if kind == "release":
        return _releases(project).filter(pk=pk).first()
    return _files(project).filter(pk=pk).first() if kind == "file" else None


def nearest_release(case: Case, chosen: object = None) -> Release | None:
    """Whose files are offered: that of what was chosen, else of the case's subject."""
    for thing in (chosen, case.subject):
        if isinstance(thing, Release | File):
            return thing.release if isinstance(thing, File) else thing
        if isinstance(thing, Stage):
            return published_release(thing)
    project = case.subject_project
    return _releases(project).first() if project else None


def _releases(project: Project) -> ReleaseQuerySet:
    """Those of which there is something left, or which are in quarantine; the newest first."""
    left = File.objects.filter(release=OuterRef("pk"), deleted_at=None)
    rows = project.releases.annotate(has_files=Exists(left)).select_related("project")
    return rows.exclude(has_files=False, quarantined_at=None).defer("metadata").newest_first()


def _files(project: Project) -> FileQuerySet:
    """Those that are not removed; the newest first."""
    rows = File.objects.filter(release__project=project, deleted_at=None)
    rows = rows.select_related("release__project").defer("metadata", "release__metadata")
    return rows.order_by("-release__sort_key", "filename")
