"""Verbs on projects: register, archive, deprecate, quarantine, activate, stage uploads."""

from __future__ import annotations

from django.db import transaction

from accounts import audit
from accounts.actors import Actor
from packages import access, events, journal, names
from packages.models import Project, ProjectStatus, Role
from pypi_site.lib.problems import Conflict, Problem, Refused

LIMITS = ["max_file_size", "max_project_size", "max_members", "max_metadata_size"]


class InvalidName(Problem):
    """No project may be called so (NAM-3, NAM-8)."""

    code, title = "invalid-name", "Invalid name"


class ReservedName(Problem):
    """A name that this index or an operating system keeps for itself (NAM-9)."""

    code, title = "reserved-name", "Reserved name"


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
    project = _find_or_reserve(normalized, name)
    if access.is_claimed(project):
        access.authorize_upload(actor, project)
    else:
        access.require_unlimited(actor, name)
        access.require_accepting(project)
        _register(actor, project, name)
    return project


def _find_or_reserve(normalized: str, name: str) -> Project:
    """The project under lock; its row is made where there is none."""
    locked = Project.objects.select_for_update()
    if project := locked.filter(normalized_name=normalized).first():
        return project
    Project.objects.get_or_create(normalized_name=normalized, defaults={"name": name})
    return locked.get(normalized_name=normalized)


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
    if actor.user is None:
        raise Refused("Only people with an account register projects; use an API token.")
    project.name = name
    project.save(update_fields=["name"])
    Role.objects.create(project=project, user=actor.user, kind=Role.Kind.OWNER)
    audit.record(actor, "project.register", project)
    events.project_registered.send(Project, project=project, actor=actor)


def release_name(project: Project, *, actor: Actor) -> None:
    """Give up the reservation of a name under which nothing was published or is prepared."""
    if project.published_at is None and not project.stages.active().exists():
        project.roles.all().delete()
        audit.record(actor, "project.release_name", project)


def archive(project: Project, *, actor: Actor, reason: str = "") -> Project:
    """No more uploads; files stay (PEP 792)."""
    return _set_status(project, ProjectStatus.ARCHIVED, actor, reason)


def deprecate(project: Project, *, actor: Actor, reason: str = "") -> Project:
    """Tell people to move on; everything keeps working (PEP 792)."""
    return _set_status(project, ProjectStatus.DEPRECATED, actor, reason)


def quarantine(project: Project, *, actor: Actor, reason: str = "") -> Project:
    """Offer nothing of the project and take nothing for it, until somebody clears it (PEP 792)."""
    return _set_status(project, ProjectStatus.QUARANTINED, actor, reason)


def activate(project: Project, *, actor: Actor, reason: str = "") -> Project:
    """Undo any of the above: the same bytes are offered again (STA-4)."""
    return _set_status(project, ProjectStatus.ACTIVE, actor, reason)


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
def _set_status(project: Project, status: ProjectStatus, actor: Actor, reason: str) -> Project:
    project = Project.objects.lock(project.pk)
    if project.status == status:
        raise NoChange(f"{project} is {status} already.")
    before = {"status": project.status, "reason": project.status_reason}
    project.status = status
    project.status_reason = "" if status == ProjectStatus.ACTIVE else reason
    project.save(update_fields=["status", "status_reason"])
    after = {"status": project.status, "reason": project.status_reason}
    action = f"project.{status}"
    audit.record(actor, action, project, reason=reason, before=before, after=after)
    if project.published_at:  # a name that is only reserved is nobody's business
        journal.record(actor, project, f"set status {status}")
    events.project_status_changed.send(Project, project=project)
    return project
