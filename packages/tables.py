"""Rows of files and releases as pages show them; one component draws them all."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from packages.choices import Choice
from packages.models import File, Project, Release
from packages.provenance import Provenance


@dataclass(frozen=True)
class Badge:
    """A word about a state; `tone` is good, warn, bad or none."""

    text: str
    tone: str = ""


@dataclass(frozen=True)
class Row:
    """One line of a table.  What is not given has no cell's content; `size` is bytes."""

    title: str
    id: str
    address: str = ""
    facts: tuple[str, ...] = ()
    marks: tuple[Badge, ...] = ()
    size: int | None = None
    amount: str = ""
    at: datetime | None = None
    state: Badge | None = None
    sha256: str = ""
    job: Provenance | None = None
    choices: tuple[Choice, ...] = ()


@dataclass(frozen=True)
class Table:
    """`columns` are the headings after the first, in the order of a row's cells."""

    caption: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    first: str = "File"


def state_of_file(file: File) -> tuple[Badge, str]:
    """What a file is now, in a word and in a sentence with the reason."""
    if file.deleted_at:
        word = "gone" if file.purged_at else "in the bin"
        return Badge(word, "bad"), f"Deleted on {file.deleted_at:%-d %B %Y}: {file.deleted_reason}"
    if file.quarantined or file.release.quarantined:
        return _quarantine(file.quarantined_reason or file.release.quarantined_reason)
    if file.yank:
        return _yank(file.yank)
    return Badge("offered", "good"), ""


def state_of_release(release: Release, *, has_files: bool) -> tuple[Badge, str]:
    """What a release is now, in a word and in a sentence with the reason."""
    if not has_files:
        return Badge("deleted", "bad"), "All its files were deleted."
    if release.quarantined:
        return _quarantine(release.quarantined_reason)
    if release.yanked_at:
        return _yank(release.yanked_reason or True)
    return Badge("offered", "good"), ""


def state_of_project(project: Project) -> Badge:
    """What a project is now, in a word."""
    tones = {"active": "good", "deprecated": "warn", "quarantined": "bad"}
    if project.deleted_at:
        return Badge("deleted", "bad")
    return Badge(project.status, tones.get(project.status, ""))


def _quarantine(reason: str) -> tuple[Badge, str]:
    return Badge("in quarantine", "bad"), f"Moderators look at it: {reason}"


def _yank(reason: str | bool) -> tuple[Badge, str]:
    return Badge("yanked", "warn"), f"Yanked: {reason}" if isinstance(reason, str) else ""
