"""Verbs on publishing sessions: open, extend, publish, cancel (PEP 694).

A session is a `Stage` with a token.  Every verb locks the project first, then the stage, and looks
at the state again under the lock: two clients, or a client and a moderator, never both win.
"""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from accounts import audit
from accounts.actors import SYSTEM, Actor
from packages import access, names, projects
from packages.models import FileStatus, Project, Stage, StageStatus
from packages.uploads import limits, publication
from pypi_site.lib.problems import Conflict, NotFound, Problem


class InvalidSession(Problem):
    """What was asked of a publishing session makes no sense; the sentence names the field."""

    code, title = "invalid-session-request", "Invalid request"


class SessionExists(Conflict):
    """Somebody prepares this version already; ``Location`` leads to his session."""

    code, title = "session-exists", "A session for this version exists"


class SessionClosed(Conflict):
    """The session was published or cancelled, or waits for a moderator."""

    code, title = "session-closed", "The session takes no changes"


class FilesIncomplete(Conflict):
    """A session is published when every file of it is complete."""

    code, title = "files-incomplete", "Files are not complete"


class TooManySessions(Problem):
    """Stages are no free storage; publish or cancel what is open."""

    status, code, title = 429, "too-many-sessions", "Too many open sessions"


# -- sessions -------------------------------------------------------------------------------------


@transaction.atomic
def open_session(actor: Actor, name: str, version: str) -> Stage:
    """Begin to prepare a release, and reserve its name if it is new (U2-1, U2-8).

    Raises `SessionExists` if somebody who may upload here prepares the version already.
    """
    limits.require_open()
    key = _sort_key(version)
    project = projects.claim(actor, name)
    limits.require_pace_of_names(actor, project)
    publication.require_acceptable_name(actor, project)
    if existing := _live_sessions(project).filter(sort_key=key).first():
        raise SessionExists(
            f"{project.name} {existing.version} is being prepared; use that session or cancel it.",
            headers={"Location": session_path(existing)},
        )
    return _open(actor, project, version)


def _open(actor: Actor, project: Project, version: str) -> Stage:
    _require_room_for_session(actor, project)
    stage = Stage.objects.create(
        project=project,
        version=str(names.parse_version(version)),
        sort_key=names.version_sort_key(version),
        created_by=access.answerable(actor, project),
        created_by_ci=actor.ci,
        session_token=secrets.token_urlsafe(32),
        expires_at=_whole_second(settings.UPLOAD_SESSION_SECONDS),
    )
    audit.record(actor, "stage.open", stage)
    return stage


def session_of_version(actor: Actor, project: Project, version: str) -> Stage:
    """The live session that takes plain uploads of `version`, opened where there is none.

    The caller holds the project's lock.  Raises `SessionClosed` while a moderator looks at it.
    """
    stage = _live_sessions(project).filter(sort_key=names.version_sort_key(version)).first()
    if stage is None:
        return _open(actor, project, version)
    stage = Stage.objects.select_for_update().get(pk=stage.pk)
    stage.project = project
    if not stage.editable:
        raise SessionClosed(f"{stage} waits for a moderator and takes no more files meanwhile.")
    return stage


def session_path(stage: Stage) -> str:
    """Where the session answers; absolute in the path only."""
    return f"/upload/2.0/sessions/{stage.identifier}/"


def _sort_key(version: str) -> str:
    try:
        parsed = names.parse_version(version)
    except names.InvalidVersion as error:
        raise InvalidSession(f"{error}; send a version by PEP 440.") from None
    if parsed.local and not settings.UPLOAD_ALLOW_LOCAL_VERSIONS:
        raise InvalidSession(
            f"This index takes no local versions; publish {parsed.public} instead."
        )
    return names.version_sort_key(version)


def _live_sessions(project: Project) -> publication.Stages:
    return project.stages.sessions().active()


def _require_room_for_session(actor: Actor, project: Project) -> None:
    limit = settings.UPLOAD_MAX_OPEN_SESSIONS
    theirs = _live_sessions(project)
    mine = Stage.objects.sessions().active().filter(created_by=actor.user)
    if theirs.count() >= limit or (actor.user and mine.count() >= limit):
        raise TooManySessions(
            f"You or {project.name} have {limit} open sessions; publish or cancel one.",
            headers={"Retry-After": "3600"},
        )


def _whole_second(seconds: int) -> datetime:
    """PEP 694 wants whole seconds in ``expires-at``."""
    return (timezone.now() + timedelta(seconds=seconds)).replace(microsecond=0)


def find_session(actor: Actor, identifier: UUID) -> Stage:
    """The session, for whoever may upload to its project now (asked at every request: U2-9)."""
    stage = Stage.objects.sessions().select_related("project").filter(identifier=identifier).first()
    if stage is None or _is_forgotten(stage):
        raise NotFound("There is no such session; open one.")
    access.require_uploader(actor)
    if stage.closed_at is None or stage.project.published_at is not None:
        access.authorize_upload(actor, stage.project)
    elif not _began(actor, stage):  # a name that was given up has no roles left
        raise access.NotYours("This session was somebody else's; open one of your own.")
    return stage


def _began(actor: Actor, stage: Stage) -> bool:
    """Whether the session is this person's, or this very CI job's."""
    return actor.ci == stage.created_by_ci if actor.ci else actor.user == stage.created_by


def find_unended_session(actor: Actor, identifier: UUID) -> Stage:
    """The same, unless it was cancelled: then only its own address answers (U2-25)."""
    stage = find_session(actor, identifier)
    if stage.status == StageStatus.CANCELED:
        raise NotFound("The session was cancelled; open another.")
    return stage


def sessions_of(project: Project) -> publication.Stages:
    """The sessions that can still become public, the newest version first."""
    return _live_sessions(project).order_by("-sort_key")


def session_to_change(actor: Actor, name: str, identifier: UUID) -> Stage:
    """The session of this project, for whoever may publish or discard it now.

    Raises `NotFound` for those without a role, and for a session of another project.
    """
    role = access.role_on(actor, name)
    if not role.project.stages.sessions().filter(identifier=identifier).exists():
        raise NotFound(f"{role.project} has no such stage; it may have been discarded.")
    return find_session(actor, identifier)


def _is_forgotten(stage: Stage) -> bool:
    kept = timedelta(seconds=settings.UPLOAD_SESSION_RETENTION_SECONDS)
    return stage.closed_at is not None and stage.closed_at + kept < timezone.now()


def lock_editable(stage: Stage) -> Stage:
    """The stage under lock.  Raises `SessionClosed` unless it takes changes."""
    stage = Stage.objects.lock(stage)
    if not stage.editable:
        raise SessionClosed(f"The session is {stage.status} and takes no changes; open another.")
    return stage


@transaction.atomic
def extend(stage: Stage, seconds: int) -> Stage:
    """Keep a session longer, up to the longest that this site allows; never shorter (U2-27)."""
    stage = lock_editable(stage)
    last = stage.created_at + timedelta(seconds=settings.UPLOAD_SESSION_MAX_SECONDS)
    wished = timezone.now() + timedelta(seconds=min(seconds, settings.UPLOAD_SESSION_MAX_SECONDS))
    until = min(last, wished).replace(microsecond=0)
    assert stage.expires_at
    if until > stage.expires_at:
        stage.expires_at = until
        stage.save(update_fields=["expires_at"])
    return stage


@transaction.atomic
def cancel(stage: Stage, *, actor: Actor, reason: str = "") -> Stage:
    """Give up a session: nothing of it was public, and nothing will be (U2-25)."""
    stage = lock_editable(stage)
    stage.file_sessions.live().update(status=FileStatus.CANCELED)
    stage.files.all().delete()
    publication.close(stage, StageStatus.CANCELED)
    audit.record(actor, "stage.cancel", stage, reason=reason)
    projects.release_name(stage.project, actor=actor)
    return stage


def expire() -> int:
    """Cancel the sessions whose time is over; returns how many."""
    expired = Stage.objects.expired(timezone.now())
    return sum(_expire(stage) for stage in expired.order_by("pk")[:1000])


def _expire(stage: Stage) -> bool:
    try:
        cancel(stage, actor=SYSTEM, reason="Its time was over.")
    except SessionClosed:  # somebody was faster
        return False
    return True


# -- publishing -----------------------------------------------------------------------------------


@transaction.atomic
def publish(stage: Stage, *, actor: Actor, reason: str = "") -> Stage:
    """Make the whole session public at once, or leave it to a moderator (U2-20 to U2-24).

    Raises `FilesIncomplete`, or whatever the gate objects to; the session is then as it was.
    """
    stage = lock_editable(stage)
    access.authorize_upload(actor, stage.project)
    unfinished = stage.file_sessions.live().exclude(status=FileStatus.COMPLETED)
    if rows := [f"{file.filename} is {file.status}" for file in unfinished.order_by("filename")]:
        raise FilesIncomplete(
            f"Complete or delete every file first: {', '.join(rows)}.",
            errors=[{"code": "file-not-completed", "message": row} for row in rows],
        )
    files = publication.files_of(stage)
    used = publication.in_use(file.identity for file in files)
    verdicts = publication.judge(stage, files, used, actor=actor)
    publication.settle(stage, files, verdicts, actor=actor)
    audit.record(actor, "stage.publish", stage, reason=reason, after={"status": stage.status})
    return stage
