"""The one door to projects: it finds, authorizes, or refuses."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.conf import settings
from django.db.models import Q
from django.urls import reverse

from accounts import powers, second_factors
from accounts.actors import SYSTEM, Actor
from accounts.models import TokenAction, User
from packages import insiders, names, reach
from packages.models import (
    File,
    FormerName,
    Project,
    Publisher,
    Reader,
    Release,
    Role,
)
from packages.models.reader import ANYBODY, held_by
from packages.models.release import ReleaseQuerySet
from pypi_site.lib import sql
from pypi_site.lib.problems import Moved, NotFound, Refused

DELETE_FILE = "packages.delete_file"
CHANGE_PROJECT = "packages.change_project"
CHANGE_RELEASE = "packages.change_release"
OWNERS = (Role.Kind.OWNER,)
UPLOADERS = insiders.KEEPERS
# The greater part of an upload is statements: these are written once (`pypi_site.lib.sql`).
_HAS_ROLE = """(
    exists (select from packages_role as own where own.project_id = {project}
        and own.user_id = %(user)s and own.kind = any(%(kinds)s))
    or exists (select from packages_teamrole as theirs
        join packages_teammember as member using (team_id) where theirs.project_id = {project}
        and member.user_id = %(user)s and theirs.kind = any(%(kinds)s)))
"""
_HELD = "where it.normalized_name = %(name)s and " + _HAS_ROLE.format(project="it.id")
_HOLDS = "select " + _HAS_ROLE.format(project="%(project)s")
EVERY_KIND = insiders.EVERY_KIND


class NotYours(Refused):
    """The project belongs to others; whether it is public yet is not told."""

    code, title = "not-your-project", "Not your project"


class NotAccepting(Refused):
    """PEP 792: archived and quarantined projects take no uploads (STA-1, STA-2)."""

    code, title = "project-takes-no-uploads", "Project takes no uploads"


class Renamed(Refused):
    """The project has another name now, and its new files carry that."""

    code, title = "project-renamed", "The project has another name now"


class InQuarantine(Refused):
    """Nothing about it changes while moderators look at it, but by them."""

    code, title = "in-quarantine", "In quarantine"


class EmailNotVerified(Refused):
    """Nobody publishes whom we cannot write to."""

    code, title = "email-not-verified", "E-mail address not verified"


@dataclass(frozen=True)
class Held:
    """The greatest role that somebody has on a project, his own or a team's."""

    project: Project
    kind: str


def project_to_upload(actor: Actor, name: str) -> Project | None:
    """The project that `actor` may upload to, or whose free name he may register.

    None if there is no such project at all.  Raises `Refused` in one of its kinds.
    """
    require_uploader(actor)
    normalized = names.normalize(name)
    if found := _uploaders_project(actor, normalized):
        _require_open_door(actor, found)
        return found
    project = Project.objects.filter(normalized_name=normalized).first()
    if project and is_claimed(project):
        raise _somebody_elses(normalized)
    if project is None:
        require_never_used(actor, normalized)
    reach.require_unlimited(actor, name)
    if project:
        require_accepting(project)
    return project


def _uploaders_project(actor: Actor, normalized: str) -> Project | None:
    """The project of this name that a person has a role on, or a publisher is trusted with.

    Raises `TokenTooNarrow` or `OtherNameAwaited` for a name that no publisher of a minted token
    has to do with.
    """
    if actor.ci is None:
        reach.require(actor, normalized)
        return _held(actor, normalized, UPLOADERS)
    trusted = Publisher.objects.trusted_by_token(actor.token)
    publisher = trusted.filter(project__normalized_name=normalized).select_related("project")
    if found := publisher.first():
        return found.project
    reach.require_awaited(actor, normalized)
    return None


def answerable(actor: Actor, project: Project) -> User | None:
    """The person who answers for an upload: of a CI job's new name whoever prepared its publisher.

    The project is registered already, and locked.
    """
    if actor.ci is None or project.published_at is not None:
        return actor.user
    return insiders.people_of(project, OWNERS).order_by("pk").first()


def authorize_upload(actor: Actor, project: Project) -> None:
    """Refuse unless `actor` may add files to `project` now."""
    if not _may_upload(actor, project):
        reach.require(actor, project.normalized_name)
        raise _somebody_elses(project.normalized_name)
    _require_open_door(actor, project)


def _require_open_door(actor: Actor, project: Project) -> None:
    """What else an upload by one of the project's people needs."""
    reach.require_allowed(actor, TokenAction.UPLOAD)
    reach.require(actor, project.normalized_name)
    require_accepting(project)


def require_never_used(actor: Actor, normalized: str) -> None:
    """Refuse a former name of a project: to its people with the name that it has now."""
    former = FormerName.objects.filter(normalized_name=normalized).select_related("project").first()
    if former is None:
        return
    if not _may_upload(actor, former.project):
        raise _somebody_elses(normalized)
    raise Renamed(
        f"{former.name} is called {former.project.name} now: give your distribution that name,"
        " build it anew and upload that."
    )


def _somebody_elses(normalized: str) -> NotYours:
    return NotYours(
        f"The name {normalized} belongs to somebody else; choose another name, or ask its owner to"
        " make you a maintainer."
    )


def role_on(actor: Actor, name: str) -> Held:
    """The role that lets `actor` see what is staged of a project, public or not (held.project).

    Raises `NotFound` for everybody else, whether the project exists or not.
    """
    normalized = names.normalize(name)
    project = _held(actor, normalized, UPLOADERS)
    reach.require(actor, normalized)
    if project is None:
        raise NotFound("There is no such project among yours; check the spelling of its name.")
    return Held(project, min(_kinds_held(actor, project), key=EVERY_KIND.index))


def _held(actor: Actor, normalized: str, kinds: Iterable[str]) -> Project | None:
    """The project of this name that the actor has a role on."""
    user = actor.user and actor.user.pk
    return sql.first(Project, _HELD, {"user": user, "name": normalized, "kinds": _values(kinds)})


def require_accepting(project: Project) -> None:
    """Refuse for archived, quarantined and deleted projects, a quarantined free name included."""
    if project.deleted_at:
        raise NotAccepting(
            f"{project.normalized_name} was deleted on {project.deleted_at:%d %B %Y}; restore it"
            " in its settings, then upload again."
        )
    if not project.accepts_uploads:
        reason = f" ({project.status_reason})" if project.status_reason else ""
        raise NotAccepting(
            f"{project.normalized_name} is {project.status}{reason} and takes no uploads; ask its"
            " owner or a moderator to activate it."
        )


def authorize_management(
    actor: Actor,
    project: Project,
    *,
    kinds: Iterable[str] = OWNERS,
    permission: str = DELETE_FILE,
    about: File | Release | None = None,
    action: TokenAction = TokenAction.MANAGE,
) -> None:
    """Refuse unless `actor` owns `project`, or administers this index (in person, by no token).

    `kinds` widens it to other roles, `permission` is the administrator's, `action` what a token
    must be made for.  Owners change nothing that is in quarantine: the project, and the release
    or file that it is `about`.
    """
    if actor is SYSTEM or actor.may(permission):
        return
    if not _has_role(actor, project, kinds):
        who = "owners and maintainers" if Role.Kind.MAINTAINER in kinds else "owners"
        raise NotYours(f"Only {who} of {project.name} may do this; ask one of them.")
    reach.require_allowed(actor, action)
    reach.require(actor, project.normalized_name)
    require_no_quarantine(project, about)


def authorize_removal(
    actor: Actor, project: Project, *, about: File | Release | None = None
) -> None:
    """The same for what takes something away: by the power of a moderator, where the site wants
    two, only what another has proposed on the desk.
    """
    authorize_management(actor, project, about=about)
    if actor is not SYSTEM and not _has_role(actor, project, OWNERS):
        powers.require_second(actor, about or project)


def authorize_moderation(actor: Actor, permission: str = CHANGE_PROJECT) -> None:
    """Refuse unless `actor` is a moderator in person: no token carries that power."""
    if actor is not SYSTEM and not actor.may(permission):
        raise Refused("Only moderators put things into quarantine and clear it; report it to one.")


def require_no_quarantine(project: Project, about: File | Release | None = None) -> None:
    """Refuse what touches a quarantined project, release or file."""
    places: list[Project | Release | File | None] = [project, about]
    if isinstance(about, File):
        places.append(about.release)
    if held := next((place for place in places if place and place.quarantined), None):
        raise InQuarantine(
            f"{held} is in quarantine and stays as it is until a moderator has looked at it; if you"
            f" think that is wrong, {_recourse()}."
        )


def _recourse() -> str:
    """Where owners turn against a quarantine."""
    contact = settings.MODERATORS_CONTACT
    appeal = f"appeal at {settings.SITE_URL}{reverse('decisions')}"
    return f"{appeal} or write to {contact}" if contact else appeal


def require_uploader(actor: Actor) -> None:
    """Whoever uploads is somebody whom we can write to, or a CI job that a project trusts."""
    if actor.ci:
        reach.require_allowed(actor, TokenAction.UPLOAD)
        return
    if actor.user is None:
        raise Refused("Only people with an account upload; use an API token.")
    if actor.user.verified_email is None:
        raise EmailNotVerified(
            f"Verify the e-mail address of {actor.user.username} first, then upload again."
        )
    second_factors.require_to_upload(actor.user)
    reach.require_allowed(actor, TokenAction.UPLOAD)


def is_claimed(project: Project) -> bool:
    """Whether the name is taken: it has been published, or somebody prepares it."""
    taken = project.published_at is not None or project.roles.exists()
    if taken or project.team_roles.exists():
        return True
    return project.stages.active().exists()


def known_project(name: str, to: Reader = ANYBODY) -> Project:
    """The project with this normalized name that has a page: where every door looks it up.

    Raises `Moved` for a former name that leads on, else `NotFound` (SIM-13).  Whoever lets
    `Moved` pass has it answered by a redirect to the same address under the new name.
    """
    project = Project.objects.known(to).filter(normalized_name=name).first()
    if project is None:
        raise moved_from(name, to) or NotFound(
            "There is no such project here; check the spelling of its name."
        )
    return project


def moved_from(name: str, to: Reader = ANYBODY) -> Moved | None:
    """What to raise for a former name that leads on; None for any other name."""
    former = FormerName.objects.redirecting(to).filter(normalized_name=name)
    found = former.select_related("project").first()
    if found is None:
        return None
    new = found.project.normalized_name
    return Moved(f"{found.name} is called {found.project.name} now.", name=new, pk=new)


def project_of(actor: Actor, name: str, kinds: Iterable[str] = OWNERS) -> Project:
    """The project that `actor` has a role on or administers, by any name, be it deleted.

    Raises `NotFound` for everybody else: they learn nothing.
    """
    normalized = names.normalize(name)
    mine = Q(normalized_name=normalized) | Q(former_names__normalized_name=normalized)
    projects = Project.objects.filter(mine, published_at__isnull=False).distinct()
    if not actor.may(DELETE_FILE):
        projects = projects.held_by(actor.user.pk if actor.user else None, kinds)
    project = projects.first()
    reach.require(actor, project.normalized_name if project else normalized)
    if project is None:
        raise NotFound("There is no such project among yours; check the spelling of its name.")
    return project


def offered_release(project: Project, version: str) -> Release:
    """The release that equals `version` by PEP 440 and may be seen, or `NotFound`.

    By whoever was let in to the project.
    """
    return _release(project, project.releases.standing(), version)


def any_release(project: Project, version: str) -> Release:
    """The same, be it in quarantine: for those who manage it."""
    return _release(project, project.releases.all(), version)


def _release(project: Project, releases: ReleaseQuerySet, version: str) -> Release:
    try:
        key = names.version_sort_key(version)
    except names.InvalidVersion:
        raise NotFound(f"{project.name} has no release {version[:64]!r}.") from None
    release = releases.filter(sort_key=key).first()
    if release is None:
        raise NotFound(f"{project.name} has no release {version}.")
    return release


def _may_upload(actor: Actor, project: Project) -> bool:
    """By a role, or because the project trusts the publisher."""
    if actor.ci:
        return Publisher.objects.trusted_by_token(actor.token).filter(project=project).exists()
    return _has_role(actor, project, UPLOADERS)


def _kinds_held(actor: Actor, project: Project) -> list[str]:
    own = project.roles.filter(user=actor.user).values_list("kind")
    teams = project.team_roles.filter(team__members__user=actor.user).values_list("kind")
    return [kind for (kind,) in own.union(teams)]


def is_insider(user: int | None, project: Project) -> bool:
    """Whether the account has a role on the project, whichever: its own, or a team's."""
    return Project.objects.filter(held_by(user), pk=project.pk).exists()


def _has_role(actor: Actor, project: Project, kinds: Iterable[str]) -> bool:
    facts = {"user": actor.user and actor.user.pk, "kinds": _values(kinds), "project": project.pk}
    return bool(sql.scalar(_HOLDS, facts))


def _values(kinds: Iterable[str]) -> list[str]:
    return [str(kind) for kind in kinds]
