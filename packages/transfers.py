"""The transfer of a project: an owner offers it, and steps down when another takes it."""

from __future__ import annotations

from django.db import transaction

from accounts import audit
from accounts.actors import Actor
from accounts.models import User
from packages import access, events, invitations, role_ledger
from packages.invitations import InvitationOver
from packages.models import Invitation, Project, Role, Team, TeamRole
from packages.models.invitation import TEAM_SIGN
from pypi_site.lib import jobs
from pypi_site.lib.problems import Conflict, Problem, Refused

Handover = Invitation.Handover
Owner = Role.Kind.OWNER


class UnknownHandover(Problem):
    """Leave or maintainer."""

    code, title = "unknown-handover", "Unknown way to hand over"


class NotInPerson(Refused):
    """Somebody hands over what is his own: neither a team's nor by a token."""

    code, title = "not-in-person", "Not handed over in person"


@transaction.atomic
def offer(project: Project, recipient: str, then: str, *, actor: Actor) -> Invitation:
    """Offer the project to a person, or to a team by its name behind an ``@``.

    `then` is what becomes of the offerer once it is accepted.  The other owners stay.  Nothing
    changes until then, and everybody with a role is told at once.
    """
    project = Project.objects.lock(project.pk)
    access.authorize_management(actor, project)
    _require_own(project, actor)
    recipient = _valid_recipient(project, recipient)
    if then not in Handover.values:
        raise UnknownHandover(f"Choose one of these: {', '.join(Handover.values)}.")
    invitation = invitations.offer(project, recipient, Owner, actor=actor, hands_over=then)
    event = audit.record(
        actor, "role.offer_transfer", project, after={"recipient": recipient, "then": then}
    )
    events.role_changed.send(Project, project=project, event=event)
    return invitation


def _require_own(project: Project, actor: Actor) -> None:
    user = invitations.person(actor)
    if not project.roles.filter(user=user, kind=Owner).exists():
        raise NotInPerson(
            f"You own {project} by a team or not at all: invite a new owner, then take the role of"
            " the team away."
        )


def _valid_recipient(project: Project, recipient: str) -> str:
    """Who owns the project need not be asked."""
    if recipient.strip().startswith(TEAM_SIGN):
        name = invitations.valid_team(recipient)
        if project.team_roles.filter(team__name=name, kind=Owner).exists():
            raise invitations.RoleExists(f"The team {name} owns {project} already; just leave.")
        return f"{TEAM_SIGN}{name}"
    name = invitations.valid_person(recipient)
    if project.roles.filter(user__username__iexact=name, kind=Owner).exists():
        raise invitations.RoleExists(f"{name} owns {project} already; just leave.")
    return name


@transaction.atomic
def accept(invitation: Invitation, *, actor: Actor) -> Role | TeamRole:
    """Become the owner; whoever offered it steps down as he chose."""
    user = invitations.person(actor)
    team = invitations.lock_invited_team(invitation, actor) if invitation.invited_team else None
    invitation = invitations.lock_open(invitation)
    project = invitation.project
    assert project
    giver = _giver(invitation, project)
    if giver.user == user and not team:
        raise Conflict(f"You own {project}; withdraw the offer, or have somebody else accept it.")
    invitations.answer(invitation, Invitation.Answer.ACCEPTED)
    with role_ledger.settled(actor, [project], f"{giver.user} handed the project over."):
        taken = _take(project, team, user)
        _step_down(giver, invitation.hands_over)
    _record(actor, invitation, giver.user)
    return taken


def _giver(invitation: Invitation, project: Project) -> Role:
    """Whoever offered it must still own it, and be able to sign in."""
    own = project.roles.select_for_update(of=("self",)).select_related("user")
    giver = own.filter(user=invitation.invited_by, kind=Owner, user__is_active=True).first()
    if giver is None:
        raise InvitationOver(
            f"Whoever offered {project} does not own it any more; ask one of its owners."
        )
    return giver


def _take(project: Project, team: Team | None, user: User) -> Role | TeamRole:
    owner = {"kind": Owner}
    if team:
        return TeamRole.objects.update_or_create(project=project, team=team, defaults=owner)[0]
    return Role.objects.update_or_create(project=project, user=user, defaults=owner)[0]


def _step_down(giver: Role, then: str) -> None:
    if then == Handover.LEAVE:
        giver.delete()
        jobs.enqueue("packages.role_letters.tell_removed", giver.project_id, giver.user_id)
    else:
        giver.kind = Role.Kind.MAINTAINER
        giver.save(update_fields=["kind"])


def _record(actor: Actor, invitation: Invitation, giver: User) -> None:
    project = invitation.project
    assert project
    event = audit.record(
        actor,
        "role.transfer",
        project,
        before={"owner": giver.username},
        after={"recipient": invitation.recipient, "then": invitation.hands_over},
        person=giver,
    )
    events.role_changed.send(Project, project=project, event=event)
