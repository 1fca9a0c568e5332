"""Verbs on projects: register, archive, deprecate, activate, hide, quarantine, delete and back."""

from __future__ import annotations

import re
from collections.abc import Iterable

from django.conf import settings
from django.db import IntegrityError, transaction

from accounts import audit
from accounts.actors import Actor
from accounts.models import User
from packages import access, events, files, journal, names, pending_publishers, reach
from packages.marks import valid_reason
from packages.models import File, Project, ProjectStatus, Role
from packages.models.project import SUCCESSOR_LENGTH
from pypi_site.lib import sql
from pypi_site.lib.problems import Conflict, Problem

_ADDRESS = re.compile(r"https?://[^\s<>\"']+")
STATUS = ["status", "status_reason", "status_before", "status_reason_before", "successor"]
LIMITS = ["max_file_size", "max_project_size", "max_members", "max_metadata_size"]
_LOCKED = "where it.normalized_name = %(name)s for update"


class InvalidName(Problem):
    """No project may be called so (NAM-3, NAM-8)."""

    code, title = "invalid-name", "Invalid name"


class ReservedName(Problem):
    """A name that this index or an operating system keeps for itself (NAM-9)."""

    code, title = "reserved-name", "Reserved name"


class NameTaken(Conflict):
    """The name is, or was, another project's."""

    code, title = "name-taken", "Name taken"


class InvalidSuccessor(Problem):
    """What is to be used instead of a project is a name or an address."""

    code, title = "invalid-successor", "Invalid successor"


class NotConfirmed(Problem):
    """Whoever deletes a project writes its name, so that it is the one he means."""

    code, title = "not-confirmed", "Not confirmed"


class NoChange(Conflict):
    """The project has this status already."""

    code, title = "no-change", "Nothing to change"


def claim(actor: Actor, name: str) -> Project:
    """Find or reserve the project that `actor` uploads to, and lock it until commit.

    The lock makes uploads to one project queue up; of two first uploads of a new name one
    becomes its owner and the other is refused.
    """
    access.require_uploader(actor)
    require_free_to_all(name)
    normalized = names.normalize(name)
    project = _find_or_reserve(actor, normalized, name)
    if access.is_claimed(project):
        access.authorize_upload(actor, project)
    else:
        reach.require_unlimited(actor, name)
        access.require_accepting(project)
        _register(actor, project, name)
    return project


def _find_or_reserve(actor: Actor, normalized: str, name: str) -> Project:
    """The project under lock; its row is made where there is none.

    While we wait for the lock, or for the name, the project may get another name.
    """
    if project := _locked(normalized):
        return project
    access.require_never_used(actor, normalized)
    try:
        with transaction.atomic():  # a row of ours is locked as long as nobody else sees it
            return Project.objects.create(normalized_name=normalized, name=name)
    except IntegrityError:
        if project := _locked(normalized):
            return project
        access.require_never_used(actor, normalized)
        raise NameTaken(f"The name {normalized} was taken this moment; try again.") from None


def _locked(normalized: str) -> Project | None:
    return sql.first(Project, _LOCKED, {"name": normalized})


def require_free_to_all(name: str) -> None:
    """Refuse what is no name, or one that nobody may have."""
    if not names.is_valid(name):
        raise InvalidName(
            f"The name {name[:64]!r} cannot be used: begin and end with an ASCII letter or digit,"
            " use only letters, digits, '.', '_' and '-' between, at most 128 in all."
        )
    if names.is_reserved(name):
        raise ReservedName(f"The name {names.normalize(name)} is reserved; choose another name.")


def _register(actor: Actor, project: Project, name: str) -> None:
    """A name that was reserved and given up keeps its row, but not its owner or spelling."""
    private = settings.NEW_PROJECTS_PRIVATE
    if (project.name, project.private) != (name, private):
        project.name, project.private = name, private
        project.save(update_fields=["name", "private"])
    owner = pending_publishers.fulfil(actor, project)
    Role.objects.create(project=project, user=owner, kind=Role.Kind.OWNER)
    audit.record(actor, "project.register", project)
    events.project_registered.send(Project, project=project, actor=actor)


def release_name(project: Project, *, actor: Actor) -> None:
    """Give up the reservation of a name under which nothing was published or is prepared."""
    if project.published_at is None and not project.stages.active().exists():
        project.roles.all().delete()
        pending_publishers.wait_again(project)
        project.team_roles.all().delete()
        audit.record(actor, "project.release_name", project)


def reserve_again(
    project: Project, roles: Iterable[tuple[int | None, str]], *, actor: Actor
) -> None:
    """Give an unpublished name back to those who had `roles` (user, kind) when it was given up.

    The caller holds the project's lock.  Raises `NameTaken` if somebody else has it meanwhile.
    """
    if project.published_at is not None:
        return
    kinds = {user: kind for user, kind in roles if user}
    if project.roles.exclude(user__in=kinds).exists():
        raise NameTaken(f"The name {project.normalized_name} is somebody else's meanwhile.")
    for user in User.objects.filter(pk__in=kinds):
        defaults = {"kind": kinds[user.pk]}
        _, fresh = Role.objects.get_or_create(project=project, user=user, defaults=defaults)
        if fresh:
            audit.record(
                actor, "project.reserve_again", project, after={user.username: kinds[user.pk]}
            )


def archive(project: Project, *, actor: Actor, reason: str = "") -> Project:
    """No more uploads; files stay (PEP 792)."""
    return _choose_status(project, ProjectStatus.ARCHIVED, actor, reason)


def deprecate(project: Project, *, actor: Actor, reason: str = "", successor: str = "") -> Project:
    """Tell people to move on, perhaps to a `successor`; everything keeps working (PEP 792).

    The successor is the name of a project, here or elsewhere, or an address.
    """
    successor = valid_successor(project, successor)
    return _choose_status(project, ProjectStatus.DEPRECATED, actor, reason, successor)


def activate(project: Project, *, actor: Actor, reason: str = "") -> Project:
    """The ordinary status again."""
    return _choose_status(project, ProjectStatus.ACTIVE, actor, reason)


@transaction.atomic
def quarantine(
    project: Project,
    *,
    actor: Actor,
    reason: str = "",
    permission: str = access.CHANGE_PROJECT,
) -> Project:
    """Offer nothing of the project and take nothing for it, until somebody clears it (PEP 792)."""
    access.authorize_moderation(actor, permission)
    project = Project.objects.lock(project.pk)
    if project.quarantined:
        raise NoChange(f"{project} is quarantined already.")
    before = _status_of(project)
    project.status_before, project.status_reason_before = project.status, project.status_reason
    project.status, project.status_reason = ProjectStatus.QUARANTINED, valid_reason(reason)
    return _record_status(project, actor, reason, before, "project quarantined")


@transaction.atomic
def clear(project: Project, *, actor: Actor, reason: str = "") -> Project:
    """End a quarantine: the status is the one before, and the same bytes are offered (STA-4)."""
    access.authorize_moderation(actor)
    project = Project.objects.lock(project.pk)
    if not project.quarantined:
        raise NoChange(f"{project} is not in quarantine.")
    before = _status_of(project)
    project.status = project.status_before or ProjectStatus.ACTIVE
    project.status_reason = project.status_reason_before
    _forget_status(project)
    return _record_status(project, actor, reason, before, "project quarantine cleared")


@transaction.atomic
def set_limits(
    project: Project, limits: dict[str, int | None], *, actor: Actor, reason: str
) -> Project:
    """Give a project limits of its own; None is the limit of this site."""
    project = Project.objects.select_for_update().get(pk=project.pk)
    before = {name: getattr(project, name) for name in LIMITS}
    for name in LIMITS:
        setattr(project, name, limits[name])
    project.save(update_fields=LIMITS)
    audit.record(actor, "project.limits", project, reason=reason, before=before, after=limits)
    return project


@transaction.atomic
def set_staging(project: Project, *, actor: Actor, on: bool) -> Project:
    """Say whether plain uploads (twine, uv) wait in a stage until somebody publishes it."""
    project = Project.objects.lock(project.pk)
    access.authorize_management(actor, project)
    if project.stages_uploads == on:
        raise NoChange(f"{project} {'stages every upload' if on else 'publishes uploads'} already.")
    project.stages_uploads = on
    project.save(update_fields=["stages_uploads"])
    before, after = {"stages_uploads": not on}, {"stages_uploads": on}
    audit.record(actor, "project.set_staging", project, before=before, after=after)
    return project


@transaction.atomic
def make_private(project: Project, *, actor: Actor, reason: str = "") -> Project:
    """Show the project to people with a role only, on every door at once."""
    return _set_private(project, actor, reason, on=True)


@transaction.atomic
def make_public(project: Project, *, actor: Actor, reason: str = "") -> Project:
    """Show the project to everybody, with all that was published meanwhile."""
    return _set_private(project, actor, reason, on=False)


def _set_private(project: Project, actor: Actor, reason: str, *, on: bool) -> Project:
    project = Project.objects.lock(project.pk)
    access.authorize_management(actor, project)
    word = "private" if on else "public"
    if project.private == on:
        raise NoChange(f"{project} is {word} already.")
    project.private = on
    project.save(update_fields=["private"])
    before, after = {"private": not on}, {"private": on}
    reason = valid_reason(reason)
    event = audit.record(
        actor, f"project.{word}", project, reason=reason, before=before, after=after
    )
    if project.published_at:
        journal.record(actor, project, f"make {word}")
    events.project_privacy_changed.send(Project, project=project, event=event)
    return project


def valid_successor(project: Project, successor: str) -> str:
    """A project's name or a web address, short enough to be shown; "" for none."""
    successor = successor.strip()
    if names.is_valid(successor) and names.normalize(successor) == project.normalized_name:
        raise InvalidSuccessor(f"{project} cannot be its own successor; name another project.")
    is_address = _ADDRESS.fullmatch(successor) and len(successor) <= SUCCESSOR_LENGTH
    if successor and not is_address and not names.is_valid(successor):
        raise InvalidSuccessor(
            "Give the successor as a project's name, or as an address that begins with https://."
        )
    return successor


@transaction.atomic
def _choose_status(
    project: Project, status: ProjectStatus, actor: Actor, reason: str, successor: str = ""
) -> Project:
    """What owners may choose; a moderator who chooses for them ends a quarantine with it."""
    project = Project.objects.lock(project.pk)
    access.authorize_management(actor, project, permission=access.CHANGE_PROJECT)
    if (project.status, project.successor) == (status, successor):
        raise NoChange(f"{project} is {status} already.")
    before, reason = _status_of(project), valid_reason(reason)
    project.status, project.successor = status, successor
    project.status_reason = "" if status == ProjectStatus.ACTIVE else reason
    _forget_status(project)
    return _record_status(project, actor, reason, before, f"set status {status}")


def _forget_status(project: Project) -> None:
    project.status_before = project.status_reason_before = ""


def _status_of(project: Project) -> dict[str, str]:
    """For the trail."""
    return {
        "status": project.status,
        "reason": project.status_reason,
        "successor": project.successor,
    }


def _record_status(
    project: Project, actor: Actor, reason: str, before: dict[str, str], entry: str
) -> Project:
    project.save(update_fields=STATUS)
    action, after = f"project.{project.status}", _status_of(project)
    event = audit.record(actor, action, project, reason=reason, before=before, after=after)
    if project.published_at:  # a name that is only reserved is nobody's business
        journal.record(actor, project, entry)
    events.project_status_changed.send(Project, project=project, event=event)
    return project


# -- deletion -------------------------------------------------------------------------------------


def require_confirmed(project: Project, typed: str) -> None:
    """Refuse unless the project's name was written, in any spelling."""
    if names.normalize(typed.strip()) != project.normalized_name:
        raise NotConfirmed(
            f"{project} is still here: to delete it write {project.name} as the confirmation."
        )


@transaction.atomic
def delete(project: Project, *, actor: Actor, reason: str) -> Project:
    """Take a whole project away: its files lie in the bin, its names stay reserved.

    Raises `TooLateToDelete` for an owner one of whose files is older than the site allows.
    """
    project = Project.objects.lock(project.pk)
    access.authorize_removal(actor, project)
    if project.deleted_at or project.published_at is None:
        raise files.AlreadyDeleted(f"{project} is not public; there is nothing to delete.")
    offered = File.objects.filter(release__project=project, deleted_at=None)
    moment = files.put_into_bin(offered.select_related("release"), actor=actor, reason=reason)
    project.deleted_at, project.deleted_reason = moment, reason
    project.deleted_by = actor.user
    project.save(update_fields=files.DELETION)
    return _record_deletion(project, actor, "delete", "remove project", reason)


@transaction.atomic
def restore(project: Project, *, actor: Actor, reason: str = "") -> Project:
    """Bring a deleted project back, with the files that went with it and are still in the bin."""
    project = Project.objects.lock(project.pk)
    access.authorize_management(actor, project)
    if project.deleted_at is None:
        raise files.NotInBin(f"{project} was not deleted.")
    files.require_own_deletion(actor, project, [project])
    gone = File.objects.in_bin().filter(release__project=project)
    together = list(gone.filter(deleted_at=project.deleted_at).select_related("release"))
    project.deleted_at, project.deleted_reason, project.deleted_by = None, "", None
    project.save(update_fields=files.DELETION)
    files.take_out_of_bin(together, project)
    return _record_deletion(project, actor, "restore", "restore project", reason)


def _record_deletion(project: Project, actor: Actor, verb: str, entry: str, reason: str) -> Project:
    event = audit.record(actor, f"project.{verb}", project, reason=reason)
    journal.record(actor, project, entry)
    signal = events.project_deleted if verb == "delete" else events.project_restored
    signal.send(Project, project=project, event=event)
    return project
