"""Deleting an account: for good, and only if it leaves nothing that nobody could manage."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet

from accounts import audit, powers, sessions
from accounts.actors import Actor
from accounts.models import User
from packages import access, insiders, roles, teams
from packages.models import Project, Role, Team, TeamMember, TeamRole
from packages.role_ledger import LastOwner
from pypi_site.lib.problems import Conflict, NotFound, Refused

Owner = TeamMember.Kind.OWNER


@transaction.atomic
def delete(user: User, *, actor: Actor, reason: str) -> None:
    """End an account with its keys, roles and memberships; what it published stays.

    Takes its locks as every verb on roles does, teams before projects; the account comes last,
    since whoever gives it a role holds a project.  Raises `Refused` of whom the actor may not
    touch, and `LastOwner` with the names of what nobody else could manage.
    """
    held = _lock_teams(user), _lock_projects(user)
    user = _lock_account(user)
    _require_administrator(actor, user)
    _require_all_held(user, *held)
    _require_successors(user, *held)
    audit.record(actor, "user.delete", user, reason=reason, before=_facts(user))
    _leave(user, actor, reason)
    sessions.end_every(user)
    user.delete()


# -- locks ----------------------------------------------------------------------------------------


def _lock_teams(user: User) -> list[Team]:
    return list(_teams_of(user).select_for_update(of=("self",)).order_by("pk"))


def _lock_projects(user: User) -> list[Project]:
    return list(_projects_of(user).select_for_update(of=("self",)).order_by("pk"))


def _teams_of(user: User) -> QuerySet[Team]:
    return Team.objects.filter(pk__in=TeamMember.objects.filter(user=user).values("team"))


def _projects_of(user: User) -> QuerySet[Project]:
    own = Role.objects.filter(user=user).values("project")
    theirs = TeamRole.objects.filter(team__members__user=user).values("project")
    return Project.objects.filter(Q(pk__in=own) | Q(pk__in=theirs))


def _lock_account(user: User) -> User:
    """From now on nobody gives it anything: a role that points to it cannot be committed."""
    found = User.objects.select_for_update().filter(pk=user.pk).first()
    if found is None:
        raise NotFound("The account is gone already; load the page again.")
    return found


# -- who may, and what must be left ---------------------------------------------------------------


def _require_administrator(actor: Actor, user: User) -> None:
    powers.require_over(actor, user)
    if not powers.is_administrator(actor):
        raise Refused("Only administrators delete accounts; ask one.")


def _require_all_held(user: User, teams_: list[Team], projects: list[Project]) -> None:
    """Refuse if it got a role or joined a team while we waited for the locks."""
    if set(_teams_of(user)) - set(teams_) or set(_projects_of(user)) - set(projects):
        raise Conflict(f"The roles of {user.username} have just changed; try again.")


def _require_successors(user: User, teams_: list[Team], projects: list[Project]) -> None:
    """Refuse if nobody else who may sign in owns what it owns; say of what."""
    left = [f"the team {team}" for team in teams_ if _is_last(user, _owners_of_team(team))]
    left += [f"the project {project}" for project in _live(projects) if _is_last_of(user, project)]
    if left:
        raise LastOwner(
            f"{user.username} is the last owner of {', '.join(left)}; make somebody else an owner"
            " there first, or delete what nobody needs."
        )


def _live(projects: list[Project]) -> list[Project]:
    """What lies in the bin needs no owner: who restores it names one."""
    return [project for project in projects if project.deleted_at is None]


def _is_last_of(user: User, project: Project) -> bool:
    return _is_last(user, insiders.people_of(project, access.OWNERS))


def _owners_of_team(team: Team) -> QuerySet[User]:
    return User.objects.filter(team_memberships__in=team.members.filter(kind=Owner))


def _is_last(user: User, owners: QuerySet[User]) -> bool:
    """Whether it is one of them, and no other may sign in."""
    found = list(owners)
    return user in found and not any(each.is_active for each in found if each != user)


# -- what is done ---------------------------------------------------------------------------------


def _facts(user: User) -> dict[str, Any]:
    """What the trail keeps of an account that is no more; no address."""
    roles = Role.objects.filter(user=user).select_related("project")
    members = TeamMember.objects.filter(user=user).select_related("team")
    return {
        "name": user.username,
        "rights": powers.of(user),
        "roles": [f"{role.kind} of {role.project}" for role in roles.order_by("pk")],
        "teams": [f"{member.kind} of {member.team}" for member in members.order_by("pk")],
    }


def _leave(user: User, actor: Actor, reason: str) -> None:
    """Give up every role while the account is still there to be told of; others hear of it.

    What lies in the bin has nobody who need hear, and loses its roles with the account.
    """
    why = f"The account {user.username} was deleted."
    live = Role.objects.filter(user=user, project__deleted_at=None)
    for role in live.select_related("project", "user").order_by("project"):
        roles.part(role, why, actor=actor)
    for member in TeamMember.objects.filter(user=user).select_related("team", "user"):
        teams.part(member, why, actor=actor, reason=reason)
