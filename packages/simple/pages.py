"""What the simple API says, as plain values (PEP 503, 592, 658, 691, 700, 714, 792)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple

from django.db.models import OuterRef, Subquery

from packages import journal
from packages.models import File, JournalEntry, Project, ProjectStatus, Reader
from packages.models.reader import MEMBER

API_VERSION = "1.4"


class State(NamedTuple):
    """A change that a page tells of.

    A serial alone does not tell: a database that is restored, or a replica that takes over without
    the last changes, gives serials anew.
    """

    serial: int
    at: datetime | None


@dataclass(frozen=True)
class FileLink:
    """One file of a project page.  `yanked` is PEP 592's reason, True, or False."""

    filename: str
    url: str
    sha256: str
    size: int
    upload_time: datetime
    requires_python: str
    metadata_sha256: str | None
    yanked: str | bool


@dataclass(frozen=True)
class ProjectPage:
    """Everything that installers may know of a project."""

    name: str
    status: str
    status_reason: str
    versions: tuple[str, ...]
    files: tuple[FileLink, ...]
    serial: int


@dataclass(frozen=True)
class ProjectLink:
    """One line of the root page."""

    name: str
    normalized_name: str
    serial: int


def project_page_of(name: str) -> ProjectPage | None:
    """The page of a normalized name, None if it has none; a private one is not prepared."""
    project = Project.objects.known(MEMBER).filter(normalized_name=name).first()
    return project_page(project) if project else None


def project_page(project: Project) -> ProjectPage:
    """The page of a known project; a quarantined one shows its status and no files (STA-3)."""
    files = File.objects.standing().filter(release__project=project).in_order()
    releases = project.releases.standing().order_by("sort_key").values_list("version", flat=True)
    return ProjectPage(
        name=project.normalized_name,
        status=project.status,
        status_reason=project.status_text,
        versions=tuple(releases),
        files=tuple(_link(file, project) for file in files.select_related("release")),
        serial=project.serial,
    )


def _link(file: File, project: Project) -> FileLink:
    file.release.project = project  # no query for the address of each
    return FileLink(
        filename=file.filename,
        url=file.get_absolute_url(),
        sha256=file.sha256,
        size=file.size,
        upload_time=file.uploaded_at.astimezone(UTC),
        requires_python=file.requires_python,
        metadata_sha256=file.metadata_sha256 if file.offers_metadata else None,
        yanked=file.yank,
    )


def root_links(to: Reader = MEMBER) -> Iterator[ProjectLink]:
    """Every project that has a page, by name; read in batches, never all at once."""
    known = Project.objects.known(to).order_by("normalized_name")
    rows = known.values_list("name", "normalized_name", "serial")
    return (ProjectLink(*row) for row in rows.iterator(chunk_size=5000))


def state_of(name: str) -> State | None:
    """The newest change of a project, None if it has no page; without a name, of all."""
    if not name:
        return State(*journal.last_change())
    at = JournalEntry.objects.filter(serial=OuterRef("serial")).values("at")
    found = Project.objects.known(MEMBER).filter(normalized_name=name)
    state = found.values_list("serial", Subquery(at)).first()
    return State(*state) if state else None


def says_status(page: ProjectPage) -> bool:
    """HTML omits the marker of an active project, JSON has it always (STA-6)."""
    return page.status != ProjectStatus.ACTIVE
