"""What feeds tell: newest releases and projects, of the site, of a project, of a person.

Filters look at the newest 2,000 only, so that what a feed costs does not grow with the index.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from django.conf import settings
from django.db.models import Count, Max, OuterRef, Subquery

from packages import insiders, journal
from packages.models import JournalEntry, Project, Reader, Release
from packages.models.project import ProjectQuerySet
from packages.models.release import ReleaseQuerySet

RELEASES, PROJECTS = 100, 40  # entries, as PyPI's
WINDOW = 2_000


@dataclass(frozen=True)
class Filters:
    """Which releases are wanted: with all of the classifiers and keywords."""

    classifiers: Sequence[str] = ()
    keywords: Sequence[str] = ()
    prereleases: bool = True


@dataclass(frozen=True)
class Version:
    """Which state of the index a feed tells of: what it tells is the same while this is."""

    tag: str
    at: datetime | None


@dataclass(frozen=True)
class Entry:
    """One release or project.  `id` stays, whatever the project is called."""

    id: str
    title: str
    path: str
    summary: str
    author: str
    at: datetime
    categories: tuple[str, ...] = ()


# -- versions: one or two look-ups, before anything is written -----------------------------------


def version_of_site() -> Version:
    """Of feeds about everything."""
    return _version(journal.last_serial())


def version_of_project(project: Project) -> Version:
    """Of a project's feed."""
    return _version(project.serial)


def version_of_person(username: str, to: Reader) -> Version | None:
    """Of the feeds of what somebody keeps; None if that is nothing."""
    found = _kept_by(username, to).aggregate(serial=Max("serial"), count=Count("pk"))
    return _version(found["serial"], f".{found['count']}") if found["count"] else None


def _version(serial: int, rest: str = "") -> Version:
    entry = JournalEntry.objects.filter(serial=serial).values_list("at", flat=True).first()
    return Version(f"{serial}{rest}", entry)


# -- entries -------------------------------------------------------------------------------------


def releases_of_site(to: Reader, filters: Filters) -> list[Entry]:
    """The newest releases."""
    return _releases(Release.objects.offered(to), filters)


def releases_of_project(project: Project, filters: Filters) -> list[Entry]:
    """The newest releases of a project."""
    return _releases(project.releases.standing(), filters)


def releases_of_person(username: str, to: Reader, filters: Filters) -> list[Entry]:
    """The newest releases of all projects that somebody keeps."""
    kept = _kept_by(username, to)
    return _releases(Release.objects.offered(to).filter(project__in=kept), filters)


def projects_of_site(to: Reader) -> list[Entry]:
    """The newest projects."""
    return _projects(Project.objects.listed(to))


def projects_of_person(username: str, to: Reader) -> list[Entry]:
    """The newest projects that somebody keeps."""
    return _projects(_kept_by(username, to))


def _kept_by(username: str, to: Reader) -> ProjectQuerySet:
    return Project.objects.listed(to).filter(insiders.kept(username))


def _releases(releases: ReleaseQuerySet, filters: Filters) -> list[Entry]:
    newest = releases.with_files().order_by("-published_at", "-pk")
    if filters != Filters():
        recent = newest.values("pk")[:WINDOW]
        newest = _filtered(newest, filters).filter(pk__in=recent)
    rows = newest.select_related("project", "published_by", "published_by_ci").defer("metadata")
    return [_of_release(release) for release in rows[:RELEASES]]


def _filtered(releases: ReleaseQuerySet, filters: Filters) -> ReleaseQuerySet:
    if filters.classifiers:
        releases = releases.with_classifiers(filters.classifiers)
    if filters.keywords:
        releases = releases.filter(metadata__keywords__contains=list(filters.keywords))
    return releases if filters.prereleases else releases.filter(is_prerelease=False)


def _of_release(release: Release) -> Entry:
    marks = {"pre-release": release.is_prerelease, "yanked": release.yanked_at is not None}
    return Entry(
        id=_id("release", release.pk),
        title=f"{release.project.name} {release.version}",
        path=release.get_absolute_url(),
        summary=release.summary,
        author=str(release.published_by_ci or release.published_by or ""),
        at=release.published_at,
        categories=tuple(mark for mark, applies in marks.items() if applies),
    )


def _projects(projects: ProjectQuerySet) -> list[Entry]:
    """With the summary of the newest release."""
    newest = Release.objects.standing().filter(project=OuterRef("pk")).order_by("-published_at")
    shown = projects.annotate(summary=Subquery(newest.values("summary")[:1]))
    return [_of_project(project) for project in shown.order_by("-published_at", "-pk")[:PROJECTS]]


def _of_project(project: Project) -> Entry:
    return Entry(
        id=_id("project", project.pk),
        title=project.name,
        path=project.get_absolute_url(),
        summary=getattr(project, "summary", "") or "",
        author="",
        at=project.published_at or project.created_at,
    )


def _id(kind: str, key: int) -> str:
    """A tag URI (RFC 4151): the same whatever address the feed is read at."""
    return f"tag:{urlsplit(settings.SITE_URL).hostname},2026:{kind}/{key}"
