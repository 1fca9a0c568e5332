"""Verbs on the files of a publishing session: announce, receive, complete, remove (PEP 694)."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from uuid import UUID

from django.db import transaction
from django.db.models import Sum

from accounts.actors import Actor
from packages import names, storage
from packages.models import File, FileSession, FileStatus, Stage, StagedFile
from packages.uploads import inspection, limits, publication
from packages.uploads.incoming import Incoming
from packages.uploads.staging import InvalidSession, lock_editable
from pypi_site.lib.problems import Conflict, NotFound, Problem, TooLarge

MECHANISM = "http-post-bytes"
# As hashlib yields them; shake has no length.  MD5 and SHA-1 are broken: only beside another.
WEAK = frozenset({"md5", "sha1"})
ALGORITHMS = frozenset(
    name for name in hashlib.algorithms_guaranteed if not name.startswith("shake")
)


class FileStateConflict(Conflict):
    """The file is not in a state that allows it."""

    code, title = "file-state", "The file's state does not allow it"


class UnknownMechanism(Problem):
    """Only ``http-post-bytes`` is offered."""

    status, code, title = 422, "unknown-mechanism", "Unknown upload mechanism"


class CannotProceed(Conflict):
    """The file would break a limit of this site or project (U2-13)."""

    code, title = "cannot-proceed", "The upload cannot proceed"


class UploadMismatch(Problem):
    """What arrived is not what was announced; delete the file and send it again."""

    code, title = "upload-mismatch", "Upload does not match its announcement"


def staged_twin(stage: Stage, identity: str) -> StagedFile | None:
    """The same artifact, if the session has it already."""
    return stage.files.filter(identity=identity).first()


def add_complete(stage: Stage, staged: StagedFile) -> FileSession:
    """A file that came complete, by the legacy API, as the session shows its files."""
    stage.file_sessions.live().filter(identity=staged.identity).update(status=FileStatus.CANCELED)
    return stage.file_sessions.create(
        filename=staged.filename,
        identity=staged.identity,
        size=staged.size,
        hashes={"sha256": staged.sha256},
        status=FileStatus.COMPLETED,
        received=staged.sha256,
        received_size=staged.size,
        staged_file=staged,
    )


@transaction.atomic
def announce_file(stage: Stage, filename: str, size: int, hashes: Mapping[str, str]) -> FileSession:
    """Say which file will come (U2-10 to U2-15).  Checks what can be known before the bytes."""
    stage = lock_editable(stage)
    distribution = _distribution(stage, filename)
    limits.require_open()
    _require_room(stage, size)
    _require_unused(distribution)
    if rival := stage.file_sessions.live().filter(identity=distribution.identity).first():
        raise FileStateConflict(
            f"{rival.filename} is {rival.status} in this session; delete it before sending it anew."
        )
    return FileSession.objects.create(
        stage=stage,
        filename=filename,
        identity=distribution.identity,
        size=size,
        hashes=dict(hashes),
    )


def _distribution(stage: Stage, filename: str) -> names.Distribution:
    try:
        distribution = names.parse_filename(filename)
    except names.InvalidFilename as error:
        raise InvalidSession(str(error)) from None
    ours = (stage.project.normalized_name, stage.sort_key)
    if (distribution.normalized_name, names.version_sort_key(distribution.version)) != ours:
        raise InvalidSession(
            f"{filename!r} is not a file of {stage}; correct its name or open a session for it."
        )
    return distribution


def _require_room(stage: Stage, size: int) -> None:
    """What is announced and staged counts, too: stages are no free storage (U2-36)."""
    project = stage.project
    staged = FileSession.objects.live().filter(stage__in=project.stages.active())
    total = staged.aggregate(sum=Sum("size"))["sum"] or 0
    try:
        if size > (most := limits.rules(project).file_size):
            raise inspection.file_too_large(most)
        limits.require_room(project, total + size)
        limits.require_staging_room(stage, size)
    except TooLarge as problem:  # 413 would be about the request, which is small
        raise CannotProceed(problem.detail) from None


def _require_unused(distribution: names.Distribution) -> None:
    if File.objects.filter(identity=distribution.identity).exists():
        raise publication.FileExists(
            f"File already exists: {distribution.filename} was published before, and no filename is"
            " used twice; upload a new version."
        )
    if StagedFile.objects.filter(reserved=True, identity=distribution.identity).exists():
        raise publication.FileExists(
            f"File already exists: {distribution.filename} waits for a moderator; upload a new"
            " version, or wait for his decision."
        )


def find_file(stage: Stage, identifier: UUID) -> FileSession:
    """A file session of this stage; another stage's is not found (U2, 64)."""
    found = stage.file_sessions.filter(identifier=identifier).first()
    if found is None:
        raise NotFound("There is no such file in this session; announce it first.")
    return found


def require_awaiting_bytes(file: FileSession) -> None:
    """Bytes are taken once: by a pending file that has none yet (U2-17, U2-39)."""
    if file.status != FileStatus.PENDING:
        raise FileStateConflict(f"{file.filename} is {file.status}; delete it to send it anew.")
    if file.received and file.received_size == file.size:
        raise FileStateConflict(f"{file.filename} has arrived; complete it, or delete it.")


@transaction.atomic
def receive(file: FileSession, content: Incoming) -> FileSession:
    """Keep the bytes that arrived.  Whether they are right is judged when the file is completed."""
    stage = lock_editable(file.stage)
    file = stage.file_sessions.select_for_update().get(pk=file.pk)
    require_awaiting_bytes(file)
    storage.put_file(content.path, content.digest("sha256"))
    file.received, file.received_size = content.digest("sha256"), content.size
    file.received_hashes = content.digests()
    file.save(update_fields=["received", "received_size", "received_hashes"])
    return file


def complete(file: FileSession, *, actor: Actor) -> FileSession:
    """Check a file that has arrived and make it part of the release (U2-16, U2-17).

    Raises `Problem` when it is no good; the file is then in the state ``error`` with the reason
    among its notices, and only deleting it helps.
    """
    if file.status != FileStatus.PENDING:
        raise FileStateConflict(f"{file.filename} is {file.status}; delete it to send it anew.")
    try:
        looked_at = _judge(file)
    except Problem as problem:
        _fail(file, problem)
        raise
    with transaction.atomic():
        stage = lock_editable(file.stage)
        file = stage.file_sessions.select_for_update().get(pk=file.pk)
        if file.status != FileStatus.PENDING:
            raise FileStateConflict(f"{file.filename} is {file.status} already.")
        storage.put_metadata(file.received, looked_at.metadata_bytes)
        facts = inspection.facts(looked_at, file.received_hashes, file.received_size, actor)
        file.staged_file = stage.files.create(**facts)
        file.status, file.notices = FileStatus.COMPLETED, list(looked_at.warnings)
        file.save(update_fields=["staged_file", "status", "notices"])
    return file


def _judge(file: FileSession) -> inspection.Inspected:
    if not file.received:
        raise UploadMismatch(f"Nothing of {file.filename} has arrived; delete it and send it anew.")
    if file.received_size != file.size:
        raise UploadMismatch(
            f"{file.filename} was announced with {file.size} bytes, {file.received_size} arrived;"
            " delete it and send it anew."
        )
    for name, digest in file.hashes.items():
        if not hmac.compare_digest(digest, file.received_hashes[name]):
            raise UploadMismatch(
                f"The {name} of {file.filename} is not the announced one; delete it, send it anew."
            )
    with storage.local_copy(file.received) as path:
        stage = file.stage
        rules = limits.rules(stage.project)
        return inspection.inspect(path, file.filename, stage.project.name, stage.version, rules)


def _fail(file: FileSession, problem: Problem) -> None:
    pending = FileSession.objects.filter(pk=file.pk, status=FileStatus.PENDING)
    texts = [error["message"] for error in problem.errors] or [problem.detail]
    pending.update(status=FileStatus.ERROR, notices=texts)


@transaction.atomic
def remove_file(file: FileSession) -> FileSession:
    """Take a file out of the session; its name may be announced again (U2-18)."""
    stage = lock_editable(file.stage)
    file = stage.file_sessions.select_for_update().get(pk=file.pk)
    if file.status == FileStatus.PROCESSING:
        raise FileStateConflict(f"{file.filename} is being checked; try again in a moment.")
    if file.staged_file:
        file.staged_file.delete()
    file.status, file.staged_file = FileStatus.CANCELED, None
    file.save(update_fields=["status", "staged_file"])
    return file
