"""The one gate: stage, checks, policies, then published or held.

A legacy upload is a stage with one file that asks to be published at once; a moderator's hold is
a stage whose publication is ``processing`` (PEP 694).  Only what waits has rows of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from django.db import transaction

from accounts.actors import Actor
from packages import access, names, projects, storage
from packages.models import Artifact, Project, Stage, StagedFile, StageStatus
from packages.uploads import inspection, limits, policies, publication, staged_files, staging
from packages.uploads.inspection import Inspected, InvalidDistribution
from packages.uploads.looks import Looks
from packages.uploads.policies import RefusedByPolicy
from packages.uploads.publication import FileExists, NotHeld, approve, hold_again, reject

__all__ = [
    "FileExists",
    "InvalidDistribution",
    "NotHeld",
    "Outcome",
    "RefusedByPolicy",
    "Result",
    "Upload",
    "approve",
    "hold_again",
    "reject",
    "submit",
]


class Result(StrEnum):
    """What became of an upload."""

    PUBLISHED = "published"
    HELD = "held"
    STAGED = "staged"  # complete, and waiting for its uploader to publish it
    PRESENT = "present"  # identical bytes under the same name were here before (UPL-2)


@dataclass(frozen=True)
class Upload:
    """A file that has arrived: on our disk, hashed, and what the client said about it."""

    path: Path
    filename: str
    size: int
    sha256: str
    blake2b_256: str
    md5: str
    name: str
    version: str


@dataclass(frozen=True)
class Outcome:
    """What became of it, why it waits and where, and what is worth a warning."""

    result: Result
    project: Project
    version: str
    holds: tuple[dict[str, Any], ...] = ()
    warnings: tuple[str, ...] = ()
    stage: Stage | None = None


def submit(actor: Actor, upload: Upload) -> Outcome:
    """Take one file through the gate.  Raises `Problem` when it is turned away.

    The archive is read outside the transaction, which then holds the project's lock only
    briefly; whether the actor may upload is asked before (cheaply) and within (finally).
    """
    limits.require_open()
    limits.require_pace(actor)
    projects.require_free_to_all(upload.name)
    rules = limits.rules(access.project_to_upload(actor, upload.name))
    looks = Looks()
    onlooker = looks.begin(upload.filename, upload.sha256, policies.onlookers())
    looked_at = inspection.inspect(
        upload.path, upload.filename, upload.name, upload.version, rules, onlooker
    )
    with transaction.atomic():
        return _Gate(actor, upload, looked_at, looks).pass_through()


class _Gate:
    """One file on its way through the gate, inside one transaction."""

    def __init__(self, actor: Actor, upload: Upload, looked_at: Inspected, looks: Looks) -> None:
        self.actor, self.upload, self.looked_at, self.looks = actor, upload, looked_at, looks
        self.version = str(names.parse_version(looked_at.metadata.version))

    def pass_through(self) -> Outcome:
        self.project = projects.claim(self.actor, self.looked_at.metadata.name)
        limits.require_pace_of_names(self.actor, self.project)
        if known := self._known():
            return known
        if self._is_to_be_staged():
            return self._stage()
        return self._publish_at_once()

    def _known(self) -> Outcome | None:
        """Identical bytes are a success again; other bytes under a used name never are."""
        identity = self.looked_at.distribution.identity
        known = publication.in_use([identity]).get(identity)
        if known is None:
            return None
        self._same_or_refuse(known)
        if isinstance(known, StagedFile):
            return self._outcome(Result.HELD, known.stage)
        return self._outcome(Result.PRESENT)

    def _same_or_refuse(self, known: Artifact) -> None:
        same = known.filename == self.upload.filename and known.sha256 == self.upload.sha256
        if publication.is_deleted(known) or not same:
            publication.refuse_used(known, self.upload.filename)

    def _publish_at_once(self) -> Outcome:
        """Judged before the blob is kept, so that a refusal leaves nothing behind."""
        stage = Stage(
            project=self.project,
            version=self.version,
            sort_key=names.version_sort_key(self.version),
            created_by=access.answerable(self.actor, self.project),
            created_by_ci=self.actor.ci,
        )
        files = [self._staged_file(stage)]
        actor, looks = self.actor, self.looks
        verdicts = publication.judge(stage, files, {}, actor=actor, looks=looks)  # after `_known`
        self._keep_bytes()
        publication.settle(stage, files, verdicts, actor=self.actor)
        held = stage.status == StageStatus.PROCESSING
        return self._outcome(Result.HELD if held else Result.PUBLISHED, stage)

    def _is_to_be_staged(self) -> bool:
        """Whether the token or the project sends plain uploads into a session first."""
        token = self.actor.token
        return self.project.stages_uploads or bool(token and token.stages_uploads)

    def _stage(self) -> Outcome:
        """Add the file to the version's session, opening one if there is none."""
        stage = staging.session_of_version(self.actor, self.project, self.version)
        if staged := staged_files.staged_twin(stage, self.looked_at.distribution.identity):
            self._same_or_refuse(staged)
            return self._outcome(Result.STAGED, stage)
        limits.require_staging_room(stage, self.upload.size)
        publication.require_acceptable_name(self.actor, self.project)
        self._keep_bytes()
        file = self._staged_file(stage)
        file.save()
        staged_files.add_complete(stage, file)
        return self._outcome(Result.STAGED, stage)

    def _keep_bytes(self) -> None:
        storage.put(self.upload.path, self.upload.sha256, self.looked_at.metadata_bytes)

    def _staged_file(self, stage: Stage) -> StagedFile:
        upload = self.upload
        digests = {"sha256": upload.sha256, "blake2b_256": upload.blake2b_256, "md5": upload.md5}
        facts = inspection.facts(self.looked_at, digests, upload.size, self.actor)
        return StagedFile(stage=stage, **facts)

    def _outcome(self, result: Result, stage: Stage | None = None) -> Outcome:
        holds = tuple(stage.holds) if stage and result is Result.HELD else ()
        warnings = self.looked_at.warnings
        return Outcome(result, self.project, self.version, holds, warnings, stage)
