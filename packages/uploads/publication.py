"""From stage to public: conflicts, policies, then published or held; and what a moderator decides.

Every function here expects the project's row to be locked by the transaction that calls it, but
for `approve` and `reject`, which lock it themselves.  A stage and its files are given as values: a
plain upload has no rows of them unless it is held (docs/decisions/0010-plain-uploads.md).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from accounts import audit
from accounts.actors import Actor
from packages import access, events, journal, names, projects, storage
from packages.models import (
    Artifact,
    File,
    FileStatus,
    Project,
    Release,
    Stage,
    StagedFile,
    StageStatus,
)
from packages.models.file import FileType
from packages.uploads import limits, policies
from packages.uploads.findings import Level
from packages.uploads.looks import Looks
from packages.uploads.policies import Submission, Verdict
from packages.uploads.signals import Signal
from pypi_site.lib import sql
from pypi_site.lib.problems import Conflict

Stages = QuerySet[Stage]
CHECKS = "packages.uploads.checks"  # where a hold comes from that no policy asked for


# Asked for every upload, and almost always to be told no.
_USED = """
    select exists (select from packages_file where identity = any(%(identities)s))
    or exists (select from packages_stagedfile where reserved and identity = any(%(identities)s))
"""
_SAME_VERSION = "where it.project_id = %(project)s and it.sort_key = %(key)s"


class FileExists(Conflict):
    """A filename is used once, ever.  Clients know the phrase "File already exists" (UPL-3)."""

    code, title = "file-exists", "File already exists"


class NotHeld(Conflict):
    """Somebody has decided this already."""

    code, title = "not-held", "Not waiting for review"


# -- may it be published? -------------------------------------------------------------------------


def in_use(identities: Iterable[str]) -> dict[str, Artifact]:
    """Whatever uses one of these names already, by identity: published, deleted, or held."""
    wanted = list(identities)
    if not sql.scalar(_USED, {"identities": wanted}):
        return {}
    held = StagedFile.objects.filter(reserved=True, identity__in=wanted).select_related("stage")
    published = File.objects.filter(identity__in=wanted)
    return {artifact.identity: artifact for artifact in (*held, *published)}


def judge(
    stage: Stage,
    files: Sequence[StagedFile],
    used: Mapping[str, Artifact],
    *,
    actor: Actor,
    looks: Looks | None = None,
) -> list[Verdict]:
    """Everything that could be said against publishing `files` as `stage` now.

    `used` is what `in_use` says of them, `looks` what was seen of their archives already.  Returns
    the verdicts that hold the stage, and those that only want to be known; raises `FileExists`,
    `TooLarge` or `RefusedByPolicy`.
    """
    for file in files:
        if known := used.get(file.identity):
            refuse_used(known, file.filename)
    _require_one_sdist(stage, files)
    limits.require_room(stage.project, sum(file.size for file in files))
    subjects: Sequence[StagedFile | None] = files or [None]
    return [
        *_findings_that_hold(files),
        *_review(actor, stage.project, subjects, stage.version, looks),
    ]


def _findings_that_hold(files: Iterable[StagedFile]) -> list[Verdict]:
    """What the checks leave to a moderator, such as a module that hides a standard one."""
    return [
        Verdict(policies.Outcome.HOLD, remark["code"], remark["message"], CHECKS)
        for file in files
        for remark in file.remarks
        if remark["level"] == Level.HOLD
    ]


def require_acceptable_name(actor: Actor, project: Project) -> None:
    """Ask the policies about the name alone, before there is a file (U2-34)."""
    _review(actor, project, [None], "")


def is_deleted(known: Artifact) -> bool:
    return isinstance(known, File) and known.deleted_at is not None


def refuse_used(known: Artifact, filename: str) -> None:
    """Say why `filename` cannot be used: it was deleted, is spelt otherwise, or is another file."""
    if is_deleted(known):
        why = f"{filename} was used by a file that has been deleted, and no filename is used twice"
    elif known.filename != filename:
        why = f"{filename} means the same as {known.filename}, which is here"
    else:
        why = f"{filename} is here with other content, and files never change"
    raise FileExists(f"File already exists: {why}; upload a new version.")


def _require_one_sdist(stage: Stage, files: Iterable[StagedFile]) -> None:
    """PEP 527: a release has one sdist."""
    ours = [file for file in files if file.filetype == FileType.SDIST]
    if not ours:
        return
    published = File.objects.filter(release__project=stage.project, deleted_at=None)
    reserved = StagedFile.objects.filter(stage__project=stage.project, reserved=True)
    rivals = [
        *published.filter(release__sort_key=stage.sort_key, filetype=FileType.SDIST),
        *reserved.filter(stage__sort_key=stage.sort_key, filetype=FileType.SDIST),
    ]
    if len(ours) + len(rivals) > 1:
        raise FileExists(
            f"{stage} has a source distribution, and a release has only one (PEP 527); upload a new"
            " version."
        )


def _review(
    actor: Actor,
    project: Project,
    subjects: Iterable[StagedFile | None],
    version: str,
    looks: Looks | None = None,
) -> list[Verdict]:
    registers, looks = project.published_at is None, looks or Looks()
    actor = replace(actor, user=access.answerable(actor, project))
    submissions = [Submission(actor, project, registers, version, file, looks) for file in subjects]
    verdicts = [verdict for item in submissions for verdict in policies.review(item)]
    policies.refuse_if_refused(verdicts)
    return gathered(verdicts)


def gathered(verdicts: Iterable[Verdict]) -> list[Verdict]:
    """Each answer once: where several files get the same, with the places in all of them."""
    found: dict[Verdict, list[Signal]] = {}
    for verdict in verdicts:
        found.setdefault(replace(verdict, signals=()), []).extend(verdict.signals)
    return [
        replace(verdict, signals=tuple(dict.fromkeys(signals)))
        for verdict, signals in found.items()
    ]


# -- what becomes of it ---------------------------------------------------------------------------


def settle(
    stage: Stage, files: Sequence[StagedFile], verdicts: Sequence[Verdict], *, actor: Actor
) -> None:
    """Publish the files, or hold them if a policy wants that; tell what was only observed."""
    holding = [each for each in verdicts if each.outcome is policies.Outcome.HOLD]
    if holding:
        hold(stage, files, holding)
        return
    publish(stage, files, actor=actor)
    if verdicts:
        events.concerns_observed.send(Project, project=stage.project, verdicts=verdicts)


def hold(stage: Stage, files: Sequence[StagedFile], verdicts: Sequence[Verdict]) -> None:
    """Keep a stage for a moderator, and its filenames for nobody else."""
    stage.status = StageStatus.PROCESSING
    stage.holds = [verdict.as_dict() for verdict in verdicts]
    stage.notices = [f"Held for review: {verdict.reason}" for verdict in verdicts]
    stage.save()
    for file in files:
        file.stage, file.reserved = stage, True
    StagedFile.objects.bulk_create(file for file in files if file.pk is None)
    stage.files.update(reserved=True)
    events.stage_held.send(Stage, stage=stage)


def uploader_of(stage: Stage) -> Actor:
    """Whoever began it, a person or a CI job."""
    job = stage.created_by_ci
    return Actor(ci=job) if job else Actor(user=stage.created_by)


@transaction.atomic
def approve(stage: Stage, *, actor: Actor, reason: str) -> Stage:
    """Publish what was held.  Raises `NotHeld` when it is decided already."""
    stage = lock_held(stage)
    if not stage.project.accepts_uploads:
        first = "clear it" if stage.project.quarantined else "activate it"
        raise Conflict(
            f"{stage.project} is {stage.project.status} and takes no files; {first} first."
        )
    stage.files.update(reserved=False)
    publish(stage, files_of(stage), actor=uploader_of(stage))
    audit.record(actor, "stage.approve", stage, reason=reason, after={"status": stage.status})
    return stage


@transaction.atomic
def reject(stage: Stage, *, actor: Actor, reason: str) -> Stage:
    """Turn away what was held; its filenames are free again.

    A publishing session goes to ``error`` and can be mended (PEP 694); a plain upload is over,
    and so is the reservation of a name under which nothing was ever published.  Either keeps its
    bytes for `settings.BIN_DAYS`, so that the rejection can be taken back.
    """
    stage = lock_held(stage)
    stage.files.update(reserved=False)
    stage.notices = [*stage.notices, f"Rejected by a moderator: {reason}"]
    if stage.is_session:
        # However long it waited for us: its own time may be over.
        stage.status, stage.expires_at = StageStatus.ERROR, stage.mendable_until()
        stage.save(update_fields=["status", "notices", "expires_at"])
    else:
        close(stage, StageStatus.CANCELED)
        projects.release_name(stage.project, actor=actor)
    audit.record(actor, "stage.reject", stage, reason=reason, after={"status": stage.status})
    events.stage_rejected.send(Stage, stage=stage, reason=reason)
    return stage


@transaction.atomic
def hold_again(
    stage: Stage, *, roles: Iterable[tuple[int | None, str]], actor: Actor, reason: str
) -> Stage:
    """Take a rejection back: the stage waits as before, with its filenames and name reserved.

    `roles` are those on the project when it was rejected, as user and kind.  Raises `Conflict` in
    one of its kinds when the uploader has changed the session, somebody uses a filename or the
    name meanwhile, or the sweep has taken the bytes.
    """
    stage = Stage.objects.lock(stage)
    files = files_of(stage)
    _require_as_rejected(stage, files)
    for file in files:
        if known := in_use([file.identity]).get(file.identity):
            refuse_used(known, file.filename)
    projects.reserve_again(stage.project, roles, actor=actor)
    before = {"status": stage.status}
    stage.status, stage.closed_at = StageStatus.PROCESSING, None
    stage.notices = [f"Held for review: {hold['reason']}" for hold in stage.holds]
    stage.save(update_fields=["status", "closed_at", "notices"])
    stage.files.update(reserved=True)
    after = {"status": stage.status}
    audit.record(actor, "stage.hold_again", stage, reason=reason, before=before, after=after)
    return stage


def _require_as_rejected(stage: Stage, files: Sequence[StagedFile]) -> None:
    """Refuse unless the stage is as its rejection left it, bytes included."""
    left = StageStatus.ERROR if stage.is_session else StageStatus.CANCELED
    unfinished = stage.file_sessions.live().exclude(status=FileStatus.COMPLETED)
    if stage.status != left or unfinished.exists():
        raise NotHeld(f"{stage} is {stage.status} and not as it was when it was rejected.")
    if gone := next((file for file in files if not storage.exists(file.sha256)), None):
        raise Conflict(f"The bytes of {gone} are deleted; it has to be uploaded anew.")


def lock_held(stage: Stage) -> Stage:
    """The stage under lock; `NotHeld` unless it waits."""
    stage = Stage.objects.lock(stage)
    if stage.status != StageStatus.PROCESSING:
        raise NotHeld(f"{stage} does not wait for review any more: it is {stage.status}.")
    return stage


def files_of(stage: Stage) -> list[StagedFile]:
    """The files of a stage that has rows, in the order in which they become public."""
    return list(stage.files.order_by("filename"))


def publish(stage: Stage, staged: Sequence[StagedFile], *, actor: Actor) -> None:
    """Make a stage public, all its files at once; `actor` is who wanted that."""
    now, project = timezone.now(), stage.project
    version = {"project": project.pk, "key": stage.sort_key}
    known = sql.first(Release, _SAME_VERSION, version)
    access.require_no_quarantine(project, known)
    release = known or (_new_release(stage, staged, now, actor) if staged else None)
    files = _publish_files(staged, release, now) if release else []
    entries = ["new release"] if release and not known else []
    if project.published_at is None:
        project.published_at = now
        project.save(update_fields=["published_at"])
        # A name published for itself (U2-33) is a public change, too.
        entries += [] if staged else ["create"]
    stage.notices = []  # what waited or was wrong is over
    close(stage, StageStatus.PUBLISHED)
    _announce(stage, files, entries, actor)


def _new_release(
    stage: Stage, staged: Sequence[StagedFile], now: datetime, actor: Actor
) -> Release:
    """The release of this version; its metadata is the first file's (MET-15)."""
    metadata = staged[0].metadata
    release = Release(
        project=stage.project,
        version=stage.version,
        sort_key=stage.sort_key,
        is_prerelease=names.parse_version(stage.version).is_prerelease,
        summary=metadata.get("summary") or "",
        requires_python=metadata.get("requires_python") or "",
        metadata=metadata,
        published_at=now,
        published_by=actor.user,
        published_by_ci=actor.ci,
    )
    return sql.insert(release)


def _publish_files(staged: Sequence[StagedFile], release: Release, now: datetime) -> list[File]:
    names_of_facts = [field.attname for field in Artifact._meta.concrete_fields]
    facts = [{name: getattr(file, name) for name in names_of_facts} for file in staged]
    return [sql.insert(File(release=release, published_at=now, **each)) for each in facts]


def close(stage: Stage, status: StageStatus) -> None:
    """The end of a stage; that of a plain upload that nobody held leaves no row."""
    stage.status, stage.closed_at = status, timezone.now()
    if stage.pk:
        stage.save(update_fields=["status", "closed_at", "notices"])


def _announce(stage: Stage, files: Sequence[File], entries: Sequence[str], actor: Actor) -> None:
    """Record and tell what became public; the journal last but for the events' jobs."""
    for file in files:
        audit.record(actor, "file.publish", file, after={"sha256": file.sha256})
    added = [f"add {file.python_tag} file {file.filename}" for file in files]
    person = Actor(
        user=actor.user, ci=actor.ci
    )  # the journal is public, the names of tokens are not
    journal.record(person, stage.project, *entries, *added, version=stage.version)
    for file in files:
        events.file_published.send(File, file=file)
    events.stage_published.send(Stage, stage=stage)
