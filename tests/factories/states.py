"""Projects in every state that there is, arranged all at once.

Rows come straight from the tables, as publication leaves them; states are brought about by the
verbs.  Each project has a release 1.0 with two files, the wheel that is looked at and an sdist
beside it, and perhaps something of 2.0 that is staged, held or published.
"""

from __future__ import annotations

import hashlib
import itertools
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.utils import timezone

from accounts.actors import SYSTEM
from accounts.models import User
from packages import files, names, projects, releases, storage
from packages.models import File, FileSession, Project, Release, Role, Stage, StagedFile
from packages.models.project import ProjectStatus

STATUSES = [str(status) for status in ProjectStatus.values]
REMOVED = "removed"  # the project, with all that it had
RELEASES = ["offered", "yanked", "quarantined", "all files deleted"]
FILES = ["offered", "yanked", "quarantined", "deleted", "purged"]
STAGES = ["none", "pending", "held", "published"]
ENDS = ["rejected", "taken back"]  # what a moderator turned away, or approved and undid
UNBORN = "no release"  # nothing of the project was ever published
CONTENT = b"the bytes of every file"
SHA256 = hashlib.sha256(CONTENT).hexdigest()
METADATA = b"Metadata-Version: 2.1\nName: shiny\nVersion: 1.0\n"
DIGEST = hashlib.sha256(METADATA).hexdigest()
KEEPER = "keeper"  # who owns all of them
SUMMARY = "An uncommonly shiny widget"
STATUS_VERBS = {
    "archived": projects.archive,
    "deprecated": projects.deprecate,
    "quarantined": projects.quarantine,
    REMOVED: projects.delete,
}


@dataclass(frozen=True)
class State:
    """One combination, and the project that is in it."""

    name: str
    status: str
    release: str
    file: str
    stage: str
    files: dict[str, str] = field(compare=False, hash=False)  # which file has which filename

    def __str__(self) -> str:
        return f"{self.status}, {self.release}, {self.file}, {self.stage}"


def every_state() -> list[State]:
    """All combinations that are different, each under a name of its own."""
    born = itertools.product(STATUSES, RELEASES, FILES, STAGES)
    unborn = itertools.product(STATUSES, [UNBORN], ["none"], ["pending", "held", "rejected"])
    removed = itertools.product([REMOVED], RELEASES, FILES, ["none", "published"])
    ended = itertools.product([*STATUSES, REMOVED], RELEASES, ["offered"], ENDS)
    facts = itertools.chain(born, unborn, removed, ended)
    return [_state(f"w{number:04}", *each) for number, each in enumerate(facts)]


def _state(name: str, *facts: str) -> State:
    filenames = {
        "wheel": f"{name}-1.0-py3-none-any.whl",
        "sdist": f"{name}-1.0.tar.gz",
        "other": f"{name}-2.0-py3-none-any.whl",
    }
    return State(name, *facts, files=filenames)


def arrange(states: list[State]) -> None:
    """Bring all of them about.  Call it in a transaction."""
    with tempfile.NamedTemporaryFile() as blob:
        Path(blob.name).write_bytes(CONTENT)
        storage.put(Path(blob.name), SHA256, METADATA)
    found = Project.objects.bulk_create(map(_project, states))
    keeper = User.objects.create(username=KEEPER)
    Role.objects.bulk_create(Role(project=each, user=keeper, kind="owner") for each in found)
    pairs = list(zip(states, found, strict=True))
    _publish(pairs)
    for state, project in pairs:
        _bring_about(state, project)


def _project(state: State) -> Project:
    published_at = None if state.release == UNBORN else timezone.now()
    return Project(name=state.name.upper(), normalized_name=state.name, published_at=published_at)


def _publish(pairs: list[tuple[State, Project]]) -> None:
    """Every release with its files, before anything is done about it."""
    planned = [
        (_release(project, version), [state.files[kind] for kind in kinds])
        for state, project in pairs
        for version, kinds in _versions(state)
    ]
    Release.objects.bulk_create(release for release, _ in planned)
    now = timezone.now()
    File.objects.bulk_create(
        File(release=release, published_at=now, **_artifact(filename))
        for release, filenames in planned
        for filename in filenames
    )


def _versions(state: State) -> Iterator[tuple[str, list[str]]]:
    if state.release != UNBORN:
        yield "1.0", ["wheel", "sdist"]
    if state.stage in ("published", "taken back"):
        yield "2.0", ["other"]


def _bring_about(state: State, project: Project) -> None:
    if state.release != UNBORN:
        _arrange_release(project.releases.get(version="1.0"), state)
    if state.stage in ("pending", "held", "rejected"):
        _stage(project, state)
    if state.stage == "taken back":
        releases.quarantine(project.releases.get(version="2.0"), actor=SYSTEM, reason="not so fine")
    if verb := STATUS_VERBS.get(state.status):
        verb(project, actor=SYSTEM, reason="so be it")


def _arrange_release(release: Release, state: State) -> None:
    _arrange_file(release.files.get(filename=state.files["wheel"]), state.file)
    if state.release == "yanked":
        releases.yank(release, actor=SYSTEM, reason="wobbles")
    elif state.release == "quarantined":
        releases.quarantine(release, actor=SYSTEM, reason="odd")
    elif state.release == "all files deleted":
        releases.delete(release, actor=SYSTEM, reason="breaks")


def _arrange_file(file: File, wanted: str) -> None:
    if wanted == "yanked":
        files.yank(file, actor=SYSTEM, reason="creaks")
    elif wanted == "quarantined":
        files.quarantine(file, actor=SYSTEM, reason="smells")
    elif wanted in ("deleted", "purged"):
        files.delete(file, actor=SYSTEM, reason="breaks")
    if wanted == "purged":
        File.objects.filter(pk=file.pk).update(purged_at=timezone.now())


def _release(project: Project, version: str) -> Release:
    return Release(
        project=project,
        version=version,
        sort_key=names.version_sort_key(version),
        is_prerelease=False,
        summary=SUMMARY,
        metadata={"metadata_version": "2.1", "summary": SUMMARY, "classifier": ["Shiny :: Yes"]},
        published_at=timezone.now(),
    )


def _stage(project: Project, state: State) -> None:
    """A session that can still be changed, or an upload that a moderator holds or rejected."""
    pending, rejected = state.stage == "pending", state.stage == "rejected"
    stage = Stage.objects.create(
        project=project,
        version="2.0",
        sort_key=names.version_sort_key("2.0"),
        status={"pending": "open", "held": "processing", "rejected": "canceled"}[state.stage],
        closed_at=timezone.now() if rejected else None,
        session_token=f"secret-of-{state.name}".ljust(43, "x") if pending else None,
        expires_at=timezone.now() + timedelta(days=1) if pending else None,
    )
    filename = state.files["other"]
    reserved = state.stage == "held"
    staged = StagedFile.objects.create(stage=stage, reserved=reserved, **_artifact(filename))
    if pending:
        FileSession.objects.create(
            stage=stage,
            filename=filename,
            identity=filename,
            size=len(CONTENT),
            hashes={"sha256": SHA256},
            status="completed",
            received=SHA256,
            staged_file=staged,
        )


def _artifact(filename: str) -> dict[str, Any]:
    wheel = filename.endswith(".whl")
    return {
        "filename": filename,
        "identity": names.parse_filename(filename).identity,
        "filetype": "bdist_wheel" if wheel else "sdist",
        "python_tag": "py3" if wheel else "source",
        "tags": ["py3-none-any"] if wheel else [],
        "size": len(CONTENT),
        "sha256": SHA256,
        "blake2b_256": SHA256,
        "md5": SHA256[:32],
        "metadata_sha256": DIGEST,
        "metadata": {"metadata_version": "2.2"},
        "uploaded_at": timezone.now(),
    }


def filenames_in(state: State, text: str) -> frozenset[str]:
    """Which of the project's files a text names."""
    return frozenset(kind for kind, filename in state.files.items() if filename in text)
