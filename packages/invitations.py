"""What all invitations share: to a role on a project, to a team, and the transfer of a project.

`roles`, `teams`, `team_roles` and `transfers` say who may invite, and what accepting does.
"""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.utils import timezone

from accounts import audit
from accounts.actors import Actor
from accounts.models import USERNAME_VALIDATORS, User
from packages import access, names, team_access
from packages.models import Invitation, Project, Team
from packages.models.invitation import TEAM_SIGN
from packages.models.team import TEAM_NAME_LENGTH
from pypi_site.lib import jobs
from pypi_site.lib.problems import Conflict, NotFound, Problem, Refused


class InvalidRecipient(Problem):
    """Neither a user name nor an e-mail address, nor a team."""

    code, title = "invalid-recipient", "Nobody is called so"


class RoleExists(Conflict):
    """The person has a role, or is invited already."""

    code, title = "role-exists", "Has a role already"


class TooManyInvitations(Problem):
    """Invitations are e-mails to strangers; nobody sends them by the dozen."""

    status, code, title = 429, "too-many-invitations", "Too many invitations"


class InvitationOver(Conflict):
    """Answered, withdrawn or expired."""

    code, title = "invitation-over", "The invitation is over"


def offer(
    to: Project | Team, recipient: str, kind: str, *, actor: Actor, hands_over: str = ""
) -> Invitation:
    """Write an invitation down and have it sent.

    The caller has locked what it is to, has asked who may, and records it.  It is the same
    whether anybody has that name or address or not.
    """
    _require_news(to, recipient)
    _require_pace(actor)
    about = {"project": to} if isinstance(to, Project) else {"team": to}
    invitation = Invitation.objects.create(
        **about,
        recipient=recipient,
        kind=kind,
        hands_over=hands_over,
        invited_by=actor.user,
        expires_at=timezone.now() + timedelta(days=settings.INVITATION_DAYS),
    )
    jobs.enqueue("packages.role_letters.invite", invitation.pk)
    return invitation


def valid_person(recipient: str) -> str:
    """A user name or an e-mail address, in lower case.  Raises `InvalidRecipient`."""
    recipient = recipient.strip().lower()
    try:
        for validate in [validate_email] if "@" in recipient else USERNAME_VALIDATORS:
            validate(recipient)
    except ValidationError:
        raise InvalidRecipient("Write the user name or the e-mail address of the person.") from None
    return recipient


def valid_team(name: str) -> str:
    """The name of a team, less the sign.  Raises `InvalidRecipient`."""
    name = name.strip().lower().removeprefix(TEAM_SIGN)
    if len(name) > TEAM_NAME_LENGTH or not names.is_valid(name) or names.normalize(name) != name:
        raise InvalidRecipient("Write the name of the team: letters, digits, and '-' between them.")
    return name


def _require_news(to: Project | Team, recipient: str) -> None:
    waiting = to.invitations.filter(recipient=recipient, answer="")
    expired = waiting.filter(expires_at__lte=timezone.now())
    expired.update(answer=Invitation.Answer.WITHDRAWN, answered_at=timezone.now())
    if waiting.exists():
        raise RoleExists(f"{recipient} is invited already; withdraw that invitation first.")


def _require_pace(actor: Actor) -> None:
    since = timezone.now() - timedelta(days=1)
    sent = Invitation.objects.filter(invited_by=actor.user, created_at__gt=since).count()
    if sent >= settings.INVITATIONS_PER_DAY:
        raise TooManyInvitations(
            f"You have sent {sent} invitations within a day; go on tomorrow.",
            headers={"Retry-After": "86400"},
        )


def is_invited(email: str) -> bool:
    """Whether the address, in lower case, is invited to anything (`settings.INVITERS`)."""
    return Invitation.objects.open().filter(recipient=email).exists()


def invitation_for(user: User, identifier: str) -> Invitation:
    """An invitation that the user may answer; anybody else's is not found."""
    mine = Invitation.objects.for_user(user).filter(identifier=identifier)
    invitation = mine.select_related("project", "team").first()
    if invitation is None:
        raise NotFound("There is no such invitation for you; sign in as the person who has it.")
    return invitation


def lock_invited_team(invitation: Invitation, actor: Actor) -> Team:
    """The team that is invited, under lock; `actor` owns it.  Call it before `lock_open`."""
    made = Team.objects.filter(created_at__lte=invitation.created_at)
    team = made.select_for_update().filter(name=invitation.invited_team).first()
    if team is None:
        raise InvitationOver("The team is gone; ask for another invitation.")
    team_access.authorize(actor, team)
    return team


def lock_open(invitation: Invitation) -> Invitation:
    """The invitation and what it is to, under lock.  Raises `InvitationOver`."""
    team = Team.objects.lock(invitation.team_id) if invitation.team_id else None
    project = Project.objects.lock(invitation.project_id) if invitation.project_id else None
    invitation = Invitation.objects.select_for_update().get(pk=invitation.pk)
    invitation.project, invitation.team = project, team
    if invitation.answer or invitation.expires_at <= timezone.now():
        state = invitation.answer or "too old"
        raise InvitationOver(
            f"This invitation is {state}; ask an owner of {invitation.to} for another."
        )
    return invitation


def answer(invitation: Invitation, answer: str) -> None:
    """Note what became of an open invitation under lock."""
    invitation.answer, invitation.answered_at = answer, timezone.now()
    invitation.save(update_fields=["answer", "answered_at"])


def person(actor: Actor) -> User:
    """Whoever takes something upon himself does so signed in."""
    if actor.user is None or actor.token:
        raise Refused("Only people take roles, and in person; sign in on the site.")
    return actor.user


@transaction.atomic
def decline(invitation: Invitation, *, actor: Actor) -> Invitation:
    """Do not take what is offered."""
    invitation = lock_open(invitation)
    answer(invitation, Invitation.Answer.DECLINED)
    _record(actor, "decline", invitation, {"kind": invitation.kind})
    return invitation


@transaction.atomic
def withdraw(invitation: Invitation, *, actor: Actor) -> Invitation:
    """Take an invitation back."""
    invitation = lock_open(invitation)
    if invitation.project:
        access.authorize_management(actor, invitation.project)
    elif invitation.team:
        team_access.authorize(actor, invitation.team)
    answer(invitation, Invitation.Answer.WITHDRAWN)
    _record(actor, "withdraw", invitation, {"recipient": invitation.recipient})
    return invitation


def _record(actor: Actor, verb: str, invitation: Invitation, facts: dict[str, str]) -> None:
    to = invitation.to
    assert to
    prefix = "role" if invitation.project else "team"
    audit.record(actor, f"{prefix}.{verb}", to, after=facts)
