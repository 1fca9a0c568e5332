"""Verbs on what teams may do to projects: grant a role, take an offered one, change, remove.

Every verb locks the team first and the project then, as those on teams do.
"""

from __future__ import annotations

from django.db import transaction

from accounts import audit
from accounts.actors import Actor
from accounts.models import AuditEvent
from packages import access, events, invitations, role_ledger, roles, team_access
from packages.invitations import RoleExists
from packages.models import Invitation, Project, Role, Team, TeamRole
from packages.models.invitation import TEAM_SIGN
from pypi_site.lib.problems import NotFound


@transaction.atomic
def grant(project: Project, name: str, kind: str, *, actor: Actor) -> TeamRole | Invitation:
    """Give a team a role: at once if `actor` belongs to it, else its owners are asked.

    Of a team that he does not belong to nobody learns here whether it exists.
    """
    name, kind = invitations.valid_team(name), roles.valid_kind(kind)
    mine = Team.objects.of(actor.user.pk if actor.user else None).filter(name=name).first()
    team = Team.objects.lock(mine.pk) if mine else None
    project = Project.objects.lock(project.pk)
    access.authorize_management(actor, project)
    require_no_role(project, name)
    if team:
        return put(team, project, kind, actor)
    invitation = invitations.offer(project, f"{TEAM_SIGN}{name}", kind, actor=actor)
    after = {"recipient": invitation.recipient, "kind": kind}
    audit.record(actor, "role.invite", project, after=after)
    return invitation


def require_no_role(project: Project, name: str) -> None:
    """Which teams have a role on a project is no secret to its people."""
    if project.team_roles.filter(team__name=name).exists():
        raise RoleExists(f"The team {name} has a role on {project} already; change it instead.")


def put(team: Team, project: Project, kind: str, actor: Actor) -> TeamRole:
    """Note a team's role; both are locked, and what it has is less."""
    with role_ledger.settled(actor, [project], f"The team {team} became {kind}."):
        role, _ = TeamRole.objects.update_or_create(
            team=team, project=project, defaults={"kind": kind}
        )
    _record(actor, "team.grant", role)
    return role


@transaction.atomic
def accept(invitation: Invitation, *, actor: Actor) -> TeamRole:
    """Take the role that a project's owner offers the team.  It never loses a greater one."""
    invitations.person(actor)
    team = invitations.lock_invited_team(invitation, actor)
    invitation = invitations.lock_open(invitation)
    invitations.answer(invitation, Invitation.Answer.ACCEPTED)
    project = invitation.project
    assert project
    held = project.team_roles.filter(team=team).first()
    if held and _place(held.kind) <= _place(invitation.kind):
        return held
    return put(team, project, invitation.kind, actor)


def _place(kind: str) -> int:
    return access.EVERY_KIND.index(Role.Kind(kind))


@transaction.atomic
def change(role: TeamRole, kind: str, *, actor: Actor, reason: str = "") -> TeamRole:
    """Give a team that has a role another."""
    role, kind = _lock(role), roles.valid_kind(kind)
    access.authorize_management(actor, role.project)
    if role.kind == kind:
        raise RoleExists(f"The team {role.team} is {kind} of {role.project} already.")
    before = role.kind
    with role_ledger.settled(actor, [role.project], f"The team {role.team} became {kind}."):
        role.kind = kind
        role.save(update_fields=["kind"])
    _record(actor, "team.change_role", role, reason=reason, before=before)
    return role


@transaction.atomic
def remove(role: TeamRole, *, actor: Actor, reason: str = "") -> None:
    """Take a team's role away, as the project's owner; its own owners may give it up."""
    role = _lock(role)
    if actor.token or not team_access.is_owner(actor, role.team):
        access.authorize_management(actor, role.project)
    members = set(role.team.members.values_list("user", flat=True))
    with role_ledger.settled(actor, [role.project], f"The team {role.team} lost its role."):
        TeamRole.objects.get(pk=role.pk).delete()
    event = _record(actor, "team.revoke", role, reason=reason)
    events.team_changed.send(Team, team=role.team, event=event, people=sorted(members))


def _lock(role: TeamRole) -> TeamRole:
    team, project = Team.objects.lock(role.team_id), Project.objects.lock(role.project_id)
    now = TeamRole.objects.select_for_update().filter(pk=role.pk).first()
    if now is None:
        raise NotFound(f"This role of the team {team} is gone; load the page again.")
    now.team, now.project = team, project
    return now


def _record(
    actor: Actor, action: str, role: TeamRole, *, reason: str = "", before: str = ""
) -> AuditEvent:
    event = audit.record(
        actor,
        action,
        role.project,
        reason=reason,
        before={"kind": before} if before else None,
        after={"team": role.team.name, "kind": role.kind},
    )
    events.role_changed.send(Project, project=role.project, event=event)
    return event
