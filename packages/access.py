"""The one door to projects: it finds, authorizes, or refuses."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import QuerySet

from accounts.actors import SYSTEM, Actor
from accounts.models import ApiToken
from packages import names
from packages.models import Project, Release, Role, TokenProject
from pypi_site.lib.problems import NotFound, Refused

DELETE_FILE = "packages.delete_file"
UPLOADERS = (Role.Kind.OWNER, Role.Kind.MAINTAINER)


class NotYours(Refused):
    """The project belongs to others; whether it is public yet is not told."""

    code, title = "not-your-project", "Not your project"


class TokenTooNarrow(Refused):
    """The token does not reach this project."""

    code, title = "token-too-narrow", "Token not valid for this project"


class NotAccepting(Refused):
    """PEP 792: archived and quarantined projects take no uploads (STA-1, STA-2)."""

    code, title = "project-takes-no-uploads", "Project takes no uploads"


class EmailNotVerified(Refused):
    """Nobody publishes whom we cannot write to."""

    code, title = "email-not-verified", "E-mail address not verified"


def project_to_upload(actor: Actor, name: str) -> Project | None:
    """The project that `actor` may upload to, or whose free name he may register.

    None if there is no such project at all.  Raises `Refused` in one of its kinds.
    """
    require_uploader(actor)
    project = Project.objects.filter(normalized_name=names.normalize(name)).first()
    if project and is_claimed(project):
        authorize_upload(actor, project)
        return project
    require_unlimited(actor, name)
    if project:
        require_accepting(project)
    return project


def authorize_upload(actor: Actor, project: Project) -> None:
    """Refuse unless `actor` may add files to `project` now."""
    if not _has_role(actor, project, UPLOADERS):
        raise NotYours(
            f"The name {project.normalized_name} belongs to somebody else; choose another name, or"
            " ask its owner to make you a maintainer."
        )
    _require_reach(actor, project)
    require_accepting(project)


def role_on(actor: Actor, name: str) -> Role:
    """The role that lets `actor` see what is staged of a project, public or not (role.project).

    Raises `NotFound` for everybody else, whether the project exists or not.
    """
    mine = Role.objects.filter(user=actor.user, project__normalized_name=names.normalize(name))
    role = mine.filter(kind__in=UPLOADERS).select_related("project").first()
    if role is None:
        raise NotFound("There is no such project among yours; check the spelling of its name.")
    _require_reach(actor, role.project)
    return role


def require_accepting(project: Project) -> None:
    """Refuse for archived and quarantined projects, a quarantined free name included."""
    if not project.accepts_uploads:
        reason = f" ({project.status_reason})" if project.status_reason else ""
        raise NotAccepting(
            f"{project.normalized_name} is {project.status}{reason} and takes no uploads; ask its"
            " owner or a moderator to activate it."
        )


def authorize_management(actor: Actor, project: Project) -> None:
    """Refuse unless `actor` owns `project`, or administers this index (by the admin, no token)."""
    if actor is SYSTEM or actor.may(DELETE_FILE):
        return
    if not _has_role(actor, project, [Role.Kind.OWNER]):
        raise NotYours(f"Only owners of {project.name} may do this; ask one of them.")
    _require_reach(actor, project)


def require_uploader(actor: Actor) -> None:
    """Whoever uploads is somebody whom we can write to."""
    if actor.user is None:
        raise Refused("Only people with an account upload; use an API token.")
    if actor.user.verified_email is None:
        raise EmailNotVerified(
            f"Verify the e-mail address of {actor.user.username} first, then upload again."
        )


def require_unlimited(actor: Actor, name: str) -> None:
    """A token made for some projects never registers another."""
    if actor.token and actor.token.limited:
        raise TokenTooNarrow(
            f"This token is limited to certain projects and {names.normalize(name)} is none of"
            " them; a new project takes a token without that limit."
        )


def is_claimed(project: Project) -> bool:
    """Whether the name is taken: it has been published, or somebody prepares it."""
    if project.published_at is not None or project.roles.exists():
        return True
    return project.stages.active().exists()


def known_project(name: str) -> Project:
    """The project with this normalized name that has a page, or `NotFound` (SIM-13)."""
    return _found(Project.objects.known().filter(normalized_name=name))


def offered_release(project: Project, version: str) -> Release:
    """The release that equals `version` by PEP 440, or `NotFound`."""
    try:
        key = names.version_sort_key(version)
    except names.InvalidVersion:
        raise NotFound(f"{project.name} has no release {version[:64]!r}.") from None
    release = project.releases.offered().filter(sort_key=key).first()
    if release is None:
        raise NotFound(f"{project.name} has no release {version}.")
    return release


def limit_token(token: ApiToken, projects: Iterable[Project]) -> None:
    """Say which projects a limited token may touch."""
    rows = [TokenProject(token=token, project=project) for project in projects]
    TokenProject.objects.bulk_create(rows, ignore_conflicts=True)


def _found(projects: QuerySet[Project]) -> Project:
    project = projects.first()
    if project is None:
        raise NotFound("There is no such project here; check the spelling of its name.")
    return project


def _has_role(actor: Actor, project: Project, kinds: Iterable[str]) -> bool:
    return project.roles.filter(user=actor.user, kind__in=list(kinds)).exists()


def _require_reach(actor: Actor, project: Project) -> None:
    """A token made for some projects opens no other."""
    if not actor.token or not actor.token.limited:
        return
    if not TokenProject.objects.filter(token=actor.token, project=project).exists():
        raise TokenTooNarrow(
            f"This token is not valid for {project.normalized_name}; use one that is made for it."
        )
