"""Verbs on roles: invite, accept, decline, withdraw, change, remove.

Every verb locks the project first, so of two that would leave it without an owner one is refused.
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
from packages import access, events, journal
from packages.models import Invitation, Project, Role
from pypi_site.lib import jobs
from pypi_site.lib.problems import Conflict, NotFound, Problem, Refused

Kind = Role.Kind


class InvalidRecipient(Problem):
    """Neither a user name nor an e-mail address."""

    code, title = "invalid-recipient", "Nobody is called so"


class UnknownRole(Problem):
    """Owner, maintainer or reader."""

    code, title = "unknown-role", "Unknown role"


class RoleExists(Conflict):
    """The person has a role on the project, or is invited already."""

    code, title = "role-exists", "Has a role already"


class TooManyInvitations(Problem):
    """Invitations are e-mails to strangers; nobody sends them by the dozen."""

    status, code, title = 429, "too-many-invitations", "Too many invitations"


class LastOwner(Conflict):
    """A project without an owner could never be managed again."""

    code, title = "last-owner", "The last owner"


class InvitationOver(Conflict):
    """Answered, withdrawn or expired."""

    code, title = "invitation-over", "The invitation is over"


# -- invitations ----------------------------------------------------------------------------------


@transaction.atomic
def invite(project: Project, recipient: str, kind: str, *, actor: Actor) -> Invitation:
    """Offer a role to whoever has the user name or e-mail address `recipient`.

    Says the same whether anybody has it or not.
    """
    project = Project.objects.lock(project.pk)
    access.authorize_management(actor, project)
    recipient, kind = _valid_recipient(recipient), _valid_kind(kind)
    _require_news(project, recipient)
    _require_pace(actor)
    invitation = Invitation.objects.create(
        project=project,
        recipient=recipient,
        kind=kind,
        invited_by=actor.user,
        expires_at=timezone.now() + timedelta(days=settings.INVITATION_DAYS),
    )
    after = {"recipient": recipient, "kind": kind}
    audit.record(actor, "role.invite", project, after=after)
    jobs.enqueue("packages.role_letters.invite", invitation.pk)
    return invitation


def _valid_recipient(recipient: str) -> str:
    recipient = recipient.strip().lower()
    try:
        for validate in [validate_email] if "@" in recipient else USERNAME_VALIDATORS:
            validate(recipient)
    except ValidationError:
        raise InvalidRecipient("Write the user name or the e-mail address of the person.") from None
    return recipient


def _valid_kind(kind: str) -> str:
    if kind not in Kind.values:
        raise UnknownRole(f"Choose one of these roles: {', '.join(Kind.values)}.")
    return kind


def _require_news(project: Project, recipient: str) -> None:
    """Who has a role is no secret to an owner; whose an address is, is."""
    if project.roles.filter(user__username__iexact=recipient).exists():
        raise RoleExists(f"{recipient} has a role on {project} already; change it instead.")
    waiting = project.invitations.filter(recipient=recipient, answer="")
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
    """Whether the address, in lower case, is invited to a project (`settings.INVITERS`)."""
    return Invitation.objects.open().filter(recipient=email).exists()


def invitation_for(user: User, identifier: str) -> Invitation:
    """An invitation that the user may answer; anybody else's is not found."""
    mine = Invitation.objects.for_user(user).filter(identifier=identifier)
    invitation = mine.select_related("project").first()
    if invitation is None:
        raise NotFound("There is no such invitation for you; sign in as the person who has it.")
    return invitation


@transaction.atomic
def accept(invitation: Invitation, *, actor: Actor) -> Role:
    """Take the role.  Whoever has a lesser one gets this, whoever has a greater one keeps it."""
    invitation, user = _lock_open(invitation), _person(actor)
    _answer(invitation, Invitation.Answer.ACCEPTED)
    project = invitation.project
    role, new = Role.objects.get_or_create(
        project=project, user=user, defaults={"kind": invitation.kind}
    )
    if new:
        _record(actor, project, "role.add", f"add {_title(role.kind)} {user.username}", role)
    elif access.EVERY_KIND.index(invitation.kind) < access.EVERY_KIND.index(role.kind):
        _change(role, invitation.kind, actor)
    return role


@transaction.atomic
def decline(invitation: Invitation, *, actor: Actor) -> Invitation:
    """Do not take the role."""
    invitation = _lock_open(invitation)
    _answer(invitation, Invitation.Answer.DECLINED)
    audit.record(actor, "role.decline", invitation.project, after={"kind": invitation.kind})
    return invitation


@transaction.atomic
def withdraw(invitation: Invitation, *, actor: Actor) -> Invitation:
    """Take an invitation back."""
    invitation = _lock_open(invitation)
    access.authorize_management(actor, invitation.project)
    _answer(invitation, Invitation.Answer.WITHDRAWN)
    after = {"recipient": invitation.recipient}
    audit.record(actor, "role.withdraw", invitation.project, after=after)
    return invitation


def _lock_open(invitation: Invitation) -> Invitation:
    project = Project.objects.lock(invitation.project_id)
    invitation = Invitation.objects.select_for_update().get(pk=invitation.pk)
    invitation.project = project
    if invitation.answer or invitation.expires_at <= timezone.now():
        state = invitation.answer or "too old"
        raise InvitationOver(f"This invitation is {state}; ask an owner of {project} for another.")
    return invitation


def _answer(invitation: Invitation, answer: str) -> None:
    invitation.answer, invitation.answered_at = answer, timezone.now()
    invitation.save(update_fields=["answer", "answered_at"])


def _person(actor: Actor) -> User:
    if actor.user is None or actor.token:
        raise Refused("Only people take roles, and in person; sign in on the site.")
    return actor.user


# -- roles ----------------------------------------------------------------------------------------


@transaction.atomic
def change(role: Role, kind: str, *, actor: Actor) -> Role:
    """Give somebody who has a role another."""
    role, kind = _lock(role), _valid_kind(kind)
    access.authorize_management(actor, role.project)
    if role.kind == kind:
        raise RoleExists(f"{role.user.username} is {kind} of {role.project} already.")
    if role.kind == Kind.OWNER:
        _require_another_owner(role)
    _change(role, kind, actor)
    return role


def _change(role: Role, kind: str, actor: Actor) -> None:
    entry = f"change {_title(role.kind)} {role.user.username} to {_title(kind)}"
    role.kind = kind
    role.save(update_fields=["kind"])
    _record(actor, role.project, "role.change", entry, role)


@transaction.atomic
def remove(role: Role, *, actor: Actor) -> None:
    """Take a role away; one's own may be given up by anybody but the last owner."""
    role = _lock(role)
    if actor.user != role.user or actor.token:
        access.authorize_management(actor, role.project)
    if role.kind == Kind.OWNER:
        _require_another_owner(role)
    entry = f"remove {_title(role.kind)} {role.user.username}"
    _record(actor, role.project, "role.remove", entry, role)
    jobs.enqueue("packages.role_letters.tell_removed", role.project_id, role.user_id)
    role.delete()


def _lock(role: Role) -> Role:
    project = Project.objects.lock(role.project_id)
    found = Role.objects.select_for_update(of=["self"]).select_related("user").filter(pk=role.pk)
    role_now = found.first()
    if role_now is None:
        raise NotFound(f"This role on {project} is gone; load the page again.")
    role_now.project = project
    return role_now


def _require_another_owner(role: Role) -> None:
    """Somebody who can act: an account that may sign in."""
    owners = role.project.roles.filter(kind=Kind.OWNER, user__is_active=True)
    if not owners.exclude(pk=role.pk).exists():
        raise LastOwner(
            f"{role.user.username} is the last owner of {role.project}; make somebody else an"
            " owner first."
        )


def _record(actor: Actor, project: Project, action: str, entry: str, role: Role) -> None:
    facts = {"user": role.user.username, "kind": role.kind}
    event = audit.record(
        actor,
        action,
        project,
        reason=f"{entry[0].upper()}{entry[1:]}.",
        after=facts,
        person=role.user,
    )
    if project.published_at:
        journal.record(actor, project, entry)
    events.role_changed.send(Project, project=project, event=event)


def _title(kind: str) -> str:
    """As PyPI's journal writes it, which mirrors read."""
    return kind.capitalize()
