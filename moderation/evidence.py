"""What a moderator sees of what a case is about: files, what changed, signals, the look-alike."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from accounts.models import User
from moderation import comparisons, inspections, members, trees
from moderation.comparisons import Comparison, Limits
from moderation.models import Case, PopularNames
from moderation.texts import visible
from packages import access, downloads, insiders, names
from packages.models import File, Project, Release, Stage, StagedFile
from packages.models.file import FileType
from packages.uploads.archives.contents import Member

Artifact = StagedFile | File
Place = dict[str, Any]
# What a page may cost; the page of one file shows more.
AT_A_GLANCE = Limits(seconds=2.0, diffs=30, lines=120)
IN_DETAIL = 3  # files that the page of a case opens
LONGEST_VALUE = 4000  # characters of a field of the metadata
GONE = "The file is missing from the storage."


@dataclass(frozen=True)
class FileEvidence:
    """A file, what is inside its archive, what the checks say of it, and what changed."""

    file: Artifact
    members: tuple[Member, ...]
    remarks: tuple[str, ...]
    description: str
    comparison: Comparison | None
    places: tuple[Place, ...]
    complete: bool = True

    @property
    def key(self) -> str:
        return key_of(self.file)

    @property
    def metadata(self) -> list[tuple[str, str]]:
        """Core metadata as rows of label and text, the description apart."""
        rows = self.file.metadata.items()
        return [
            (_label(key), _shortened(_text(value)))
            for key, value in rows
            if value and key != "description"
        ]

    @cached_property
    def tree(self) -> trees.Folder:
        sdist = self.file.filetype == FileType.SDIST
        marks = defaultdict(list)
        for change in self.comparison.changes if self.comparison else ():
            if change.kind != "removed":
                marks[change.path].append(change.kind)
        for member in self.members:
            if members.is_startup_hook(member.name, sdist=sdist):
                marks[member.name].append("runs at start")
            if members.is_native(member.name):
                marks[member.name].append("native code")
        for place in self.places:
            marks[place["member"]].append(place["rule"])
        found = {path: list(dict.fromkeys(each)) for path, each in marks.items()}
        return trees.plant(((member.name, member.size) for member in self.members), found)

    @property
    def hidden_members(self) -> int:
        return max(0, len(self.members) - trees.MOST)


def key_of(file: Artifact) -> str:
    """How an address names a file: staged or published, and its number."""
    return f"{'staged' if isinstance(file, StagedFile) else 'file'}-{file.pk}"


# -- files -----------------------------------------------------------------------------------------


def files_of(case: Case) -> list[Artifact]:
    """The files that the case is about; of a project, those of its newest release."""
    subject = case.subject
    if isinstance(subject, Stage):
        return list(subject.files.select_related("stage__project").order_by("filename"))
    if isinstance(subject, File):
        return [subject]
    release = subject if isinstance(subject, Release) else _newest(case.subject_project)
    if release is None or isinstance(subject, User):
        return []
    files = release.files.filter(purged_at=None).select_related("release__project")
    return list(files.order_by("filename"))


def _newest(project: Project | None) -> Release | None:
    return project.releases.newest_first().first() if project else None


def file_of(case: Case, key: str) -> Artifact | None:
    """The file of this name in an address, if it belongs to the case's project or upload."""
    kind, _, number = key.partition("-")
    if not number.isascii() or not number.isdecimal() or len(number) > 18:
        return None
    project, pk = case.subject_project, int(number)
    if project is None:
        return None
    if kind == "staged":
        staged = StagedFile.objects.filter(stage__project=project, stage=case.stage)
        return staged.select_related("stage__project").filter(pk=pk).first()
    published = File.objects.filter(release__project=project, purged_at=None)
    return published.select_related("release__project").filter(pk=pk).first()


def of_case(case: Case) -> list[FileEvidence]:
    """Of its first files, read from the stored bytes, so what is shown is what is installed."""
    files = files_of(case)[:IN_DETAIL]
    return [of_file(file, places_in(case, file), whole=False) for file in files]


def of_file(file: Artifact, places: Iterable[Place] = (), *, whole: bool = True) -> FileEvidence:
    """Of one file, in whole or at a glance; `places` are those of the case that may be in it."""
    description = str(file.metadata.get("description") or "")
    here = tuple(places)
    try:
        look = inspections.of_file(file, whole=whole)
        comparison = comparisons.of_file(file, Limits() if whole else AT_A_GLANCE)
    except FileNotFoundError:
        return FileEvidence(file, (), (GONE,), description, None, here)
    return FileEvidence(
        file, look.members, look.remarks, description, comparison, here, look.complete
    )


def _label(key: str) -> str:
    return key.replace("_", "-").capitalize()


def _shortened(text: str) -> str:
    """A licence in full may have megabytes; what nobody sees in it is written out."""
    if len(text) <= LONGEST_VALUE:
        return visible(text)
    return f"{visible(text[:LONGEST_VALUE])}\n… (cut; it has {len(text)} characters)"


def _text(value: object) -> str:
    if isinstance(value, list):
        return "\n".join(_text(item) for item in value)
    return str(value)


# -- signals ---------------------------------------------------------------------------------------


def places_of(case: Case) -> Iterator[Place]:
    """Where in the files rules fired or reporters point: rule, severity, member, line, excerpt."""
    holds = case.stage.holds if case.stage else []
    for hold in holds:
        for signal in hold.get("signals", ()):
            yield _place(signal, str(signal.get("rule") or hold["code"]), signal.get("file", ""))
    for observation in case.observations.all():
        for line in observation.lines:
            if line.get("member"):
                rule = line.get("rule") or f"reported by {observation.by}"
                yield _place(line, rule, line.get("file", ""))


def places_in(case: Case, file: Artifact) -> list[Place]:
    """Those in this file, and those of which nobody knows in which."""
    return [place for place in places_of(case) if place["file"] in ("", file.filename)]


def _place(found: dict[str, Any], rule: str, filename: str) -> Place:
    return {
        "rule": rule,
        "severity": found.get("severity", ""),
        "member": found.get("member", ""),
        "line": found.get("line"),
        "excerpt": found.get("excerpt", ""),
        "file": filename,
    }


# -- beside each other -----------------------------------------------------------------------------


@dataclass(frozen=True)
class Portrait:
    """What tells one project from another; `popular` is how often the public index's is taken."""

    name: str
    project: Project | None
    summary: str
    owners: tuple[str, ...]
    versions: int
    newest: str
    downloads: int
    popular: int
    home: tuple[str, ...]


def beside(case: Case) -> list[Portrait]:
    """The candidate and each name that it is said to resemble; empty where there is none."""
    targets = dict.fromkeys(
        hold["target"] for hold in (case.stage.holds if case.stage else []) if hold.get("target")
    )
    project = case.subject_project
    if not targets or project is None:
        return []
    popular = {target.name: target.downloads for target in PopularNames.targets()}
    shown = [project.normalized_name, *targets]
    return [_portrait(name, case, popular.get(name, 0)) for name in shown]


def _portrait(name: str, case: Case, popular: int) -> Portrait:
    found = Project.objects.filter(normalized_name=names.normalize(name)).first()
    if found is None:
        return Portrait(name, None, "", (), 0, "", 0, popular, ())
    owners = insiders.people_of(found, access.OWNERS)
    newest = _newest(found)
    metadata = newest.metadata if newest else _staged_metadata(case, found)
    return Portrait(
        name=found.name,
        project=found,
        summary=str(metadata.get("summary") or ""),
        owners=tuple(owner.username for owner in owners),
        versions=found.releases.count(),
        newest=newest.version if newest else (case.stage.version if case.stage else ""),
        downloads=downloads.recent(found).last_month,
        popular=popular,
        home=tuple(metadata.get("project_urls") or ()),
    )


def _staged_metadata(case: Case, project: Project) -> dict[str, Any]:
    """A new project is known by what waits."""
    file = case.stage.files.first() if case.stage and case.stage.project == project else None
    return dict(file.metadata) if file else {}
