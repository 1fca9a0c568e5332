"""Verbs on teams: create, describe, delete; invite, join, change and remove members.

Every verb locks the team first and then its projects, so a team always has an owner and so has
every project that it owns, whoever leaves at the same moment.
"""

from __future__ import annotations

from collections.abc import Iterable

from django.db import IntegrityError, transaction

from accounts import audit, limits, prohibitions
from accounts.actors import Actor
from accounts.models import AuditEvent, TokenAction, User
from packages import access, events, insiders, invitations, names, reach, role_ledger, team_access
from packages.invitations import RoleExists
from packages.marks import valid_reason
from packages.models import Invitation, Project, Team, TeamMember
from packages.models.team import TEAM_NAME_LENGTH
from packages.projects import NotConfirmed
from pypi_site.lib.problems import Conflict, NotFound, Problem, Refused

Kind = TeamMember.Kind
MOST_OWNED = 50  # teams of one person
MOST_ATTEMPTS = 20  # of one person to found a team, in an hour
attempts = limits.SharedWindow("teams", 3600)


class InvalidTeamName(Problem):
    """No team may be called so."""

    code, title = "invalid-team-name", "Invalid team name"


class TeamNameTaken(Conflict):
    """Others have the name, or nobody may have it: which of both is not told."""

    code, title = "team-name-taken", "Team name not available"


class TooManyTeams(Conflict):
    """Nobody keeps names for teams that do nothing."""

    code, title = "too-many-teams", "Too many teams"


class UnknownMembership(Problem):
    """Owner or member."""

    code, title = "unknown-membership", "Unknown membership"


class LastTeamOwner(Conflict):
    """A team without an owner could never be managed again."""

    code, title = "last-team-owner", "The last owner of the team"


# -- teams ----------------------------------------------------------------------------------------


def create(name: str, *, actor: Actor, description: str = "") -> Team:
    """Found a team; whoever does owns it, and is somebody whom we can write to.

    Attempts are counted, since each tells whether a name is free.  Raises `TooManyRequests`.
    """
    user = _possible_founder(actor)
    name, description = _valid_name(name), _valid_description(description)
    # Before the transaction begins: an attempt that fails is not forgotten.
    attempts.require(str(user.pk), MOST_ATTEMPTS)
    return _create(name, description, actor, user)


@transaction.atomic
def _create(name: str, description: str, actor: Actor, user: User) -> Team:
    _require_room(user)
    if prohibitions.is_prohibited(name):
        raise _taken(name)
    try:
        with transaction.atomic():
            team = Team.objects.create(name=name, description=description)
    except IntegrityError:
        raise _taken(name) from None
    TeamMember.objects.create(team=team, user=user, kind=Kind.OWNER)
    audit.record(actor, "team.create", team, after={"name": name}, person=user)
    return team


def _possible_founder(actor: Actor) -> User:
    """Raises `Refused` in one of its kinds."""
    if actor.user is None or actor.ci or (actor.token and actor.token.limited):
        raise Refused("Only people found teams; sign in, or use a token without limits.")
    reach.require_allowed(actor, TokenAction.MANAGE)
    if actor.user.verified_email is None:
        raise access.EmailNotVerified("Verify your e-mail address first, then found the team.")
    return actor.user


def _require_room(user: User) -> None:
    """Refuse whoever owns too many teams; of two that he founds at once, one waits."""
    user = User.objects.select_for_update().get(pk=user.pk)
    if user.team_memberships.filter(kind=Kind.OWNER).count() >= MOST_OWNED:
        raise TooManyTeams(f"You own {MOST_OWNED} teams; delete one that you do not need.")


def _valid_name(name: str) -> str:
    name = name.strip().lower()
    if len(name) > TEAM_NAME_LENGTH or not names.is_valid(name) or names.normalize(name) != name:
        raise InvalidTeamName(
            "Use lower-case letters and digits for the name of a team, with single '-' between"
            f" them, at most {TEAM_NAME_LENGTH} in all."
        )
    return name


def _valid_description(text: str) -> str:
    return " ".join(text.replace("\0", "").split())[:300]


def _taken(name: str) -> TeamNameTaken:
    return TeamNameTaken(f"The name {name} is not available; choose another one.")


@transaction.atomic
def describe(team: Team, description: str, *, actor: Actor) -> Team:
    """Say what the team is for."""
    team = Team.objects.lock(team.pk)
    team_access.authorize(actor, team)
    before, team.description = team.description, _valid_description(description)
    if before == team.description:
        raise Conflict("The team is described so already.")
    team.save(update_fields=["description"])
    after = {"description": team.description}
    audit.record(actor, "team.describe", team, before={"description": before}, after=after)
    return team


@transaction.atomic
def delete(team: Team, *, actor: Actor, reason: str = "") -> None:
    """End a team: its members lose what they had by it.  Raises `LastOwner`."""
    team = Team.objects.lock(team.pk)
    team_access.authorize(actor, team)
    people, reason = _people(team), valid_reason(reason)
    event = audit.record(actor, "team.delete", team, reason=reason, before={"name": team.name})
    with role_ledger.settled(actor, lock_projects(team), f"The team {team} was deleted."):
        Team.objects.filter(pk=team.pk).delete()
    _announce(team, event, people)


def require_confirmed(team: Team, typed: str) -> None:
    """Refuse unless the team's name was written."""
    if typed.strip().lower() != team.name:
        raise NotConfirmed(f"The team is still here: to delete it write {team.name} to confirm.")


def lock_projects(team: Team) -> list[Project]:
    """The projects that the team has a role on, under lock; always in one order."""
    projects = Project.objects.select_for_update(of=("self",)).filter(team_roles__team=team)
    return list(projects.order_by("pk"))


# -- members --------------------------------------------------------------------------------------


@transaction.atomic
def invite(team: Team, recipient: str, kind: str, *, actor: Actor) -> Invitation:
    """Invite whoever has the user name or e-mail address; nobody is put into a team unasked."""
    team = Team.objects.lock(team.pk)
    team_access.authorize(actor, team)
    recipient, kind = invitations.valid_person(recipient), _valid_kind(kind)
    if team.members.filter(user__username__iexact=recipient).exists():
        raise RoleExists(f"{recipient} belongs to the team {team} already.")
    invitation = invitations.offer(team, recipient, kind, actor=actor)
    audit.record(actor, "team.invite", team, after={"recipient": recipient, "kind": kind})
    return invitation


def _valid_kind(kind: str) -> str:
    if kind not in Kind.values:
        raise UnknownMembership(f"Choose one of these: {', '.join(Kind.values)}.")
    return kind


@transaction.atomic
def join(invitation: Invitation, *, actor: Actor) -> TeamMember:
    """Accept: with the membership come the team's roles.  An owner stays one."""
    invitation, user = invitations.lock_open(invitation), invitations.person(actor)
    team = invitation.team
    assert team
    invitations.answer(invitation, Invitation.Answer.ACCEPTED)
    member = team.members.filter(user=user).first()
    if member is None:
        with role_ledger.settled(actor, lock_projects(team), f"Joined the team {team}."):
            member = TeamMember.objects.create(team=team, user=user, kind=invitation.kind)
        _record(actor, "team.join", member)
    elif (member.kind, invitation.kind) == (Kind.MEMBER, Kind.OWNER):
        _change(member, Kind.OWNER, actor)
    return member


@transaction.atomic
def change(member: TeamMember, kind: str, *, actor: Actor, reason: str = "") -> TeamMember:
    """Make a member an owner of the team, or an owner a member."""
    member, kind = _lock(member), _valid_kind(kind)
    team_access.authorize(actor, member.team)
    if member.kind == kind:
        raise RoleExists(f"{member.user.username} is {kind} of the team already.")
    if member.kind == Kind.OWNER:
        _require_another_owner(member)
    _change(member, kind, actor, valid_reason(reason))
    return member


def _change(member: TeamMember, kind: str, actor: Actor, reason: str = "") -> None:
    member.kind = kind
    member.save(update_fields=["kind"])
    _record(actor, "team.change", member, reason)


@transaction.atomic
def remove(member: TeamMember, *, actor: Actor, reason: str = "") -> None:
    """Take somebody out of the team; everybody may leave but its last owner.

    Raises `LastTeamOwner`, or `LastOwner` for a project that nobody else could manage.
    """
    member = _lock(member)
    team, user = member.team, member.user
    if actor.user != user or actor.token:
        team_access.authorize(actor, team)
    if member.kind == Kind.OWNER:
        _require_another_owner(member)
    why = "Left" if actor.user == user else "Removed from"
    part(member, f"{why} the team {team}.", actor=actor, reason=valid_reason(reason))


def part(member: TeamMember, why: str, *, actor: Actor, reason: str) -> None:
    """Somebody leaves a team that is locked, for whatever reason; its projects stay owned."""
    team = member.team
    people = _people(team)
    event = _audited(actor, "team.remove", member, reason)
    with role_ledger.settled(actor, lock_projects(team), why):
        member.delete()
    _announce(team, event, people)


def _lock(member: TeamMember) -> TeamMember:
    team = Team.objects.lock(member.team_id)
    now = team.members.select_related("user").filter(pk=member.pk).first()
    if now is None:
        raise NotFound(f"This member of the team {team} is gone; load the page again.")
    now.team = team
    return now


def _require_another_owner(member: TeamMember) -> None:
    """Somebody who can act: an account that may sign in."""
    owners = member.team.members.filter(kind=Kind.OWNER, user__is_active=True)
    if not owners.exclude(pk=member.pk).exists():
        raise LastTeamOwner(
            f"{member.user.username} is the last owner of the team {member.team}; make somebody"
            " else an owner first, or delete the team."
        )


# -- what every verb ends with --------------------------------------------------------------------


def _people(team: Team) -> set[int]:
    """Whom it concerns: members, and who owns a project on which the team has a role."""
    members = set(team.members.values_list("user", flat=True))
    owned = Project.objects.filter(team_roles__team=team)
    return members | set(insiders.owners_of(owned))


def _record(actor: Actor, action: str, member: TeamMember, reason: str = "") -> None:
    event = _audited(actor, action, member, reason)
    _announce(member.team, event, _people(member.team))


def _audited(actor: Actor, action: str, member: TeamMember, reason: str) -> AuditEvent:
    facts = {"user": member.user.username, "kind": member.kind}
    return audit.record(actor, action, member.team, reason=reason, after=facts, person=member.user)


def _announce(team: Team, event: AuditEvent, people: Iterable[int]) -> None:
    events.team_changed.send(Team, team=team, event=event, people=sorted(people))
