"""Verbs on roles: invite, accept, change, remove.

Every verb locks the project first, so of two that would leave it without an owner one is refused.
"""

from __future__ import annotations

from django.db import transaction

from accounts import audit
from accounts.actors import Actor
from packages import access, events, invitations, journal, role_ledger
from packages.invitations import RoleExists
from packages.models import Invitation, Project, Role
from pypi_site.lib import jobs
from pypi_site.lib.problems import NotFound, Problem

Kind = Role.Kind


class UnknownRole(Problem):
    """Owner, maintainer or reader."""

    code, title = "unknown-role", "Unknown role"


# -- invitations ----------------------------------------------------------------------------------


@transaction.atomic
def invite(project: Project, recipient: str, kind: str, *, actor: Actor) -> Invitation:
    """Offer a role to whoever has the user name or e-mail address `recipient`.

    Says the same whether anybody has it or not.
    """
    project = Project.objects.lock(project.pk)
    access.authorize_management(actor, project)
    recipient, kind = invitations.valid_person(recipient), valid_kind(kind)
    require_no_role(project, recipient)
    invitation = invitations.offer(project, recipient, kind, actor=actor)
    after = {"recipient": recipient, "kind": kind}
    audit.record(actor, "role.invite", project, after=after)
    return invitation


def valid_kind(kind: str) -> str:
    """Refuse what is no role on a project."""
    if kind not in Kind.values:
        raise UnknownRole(f"Choose one of these roles: {', '.join(Kind.values)}.")
    return kind


def require_no_role(project: Project, recipient: str) -> None:
    """Who has a role is no secret to an owner; whose an address is, is."""
    if project.roles.filter(user__username__iexact=recipient).exists():
        raise RoleExists(f"{recipient} has a role on {project} already; change it instead.")


@transaction.atomic
def accept(invitation: Invitation, *, actor: Actor) -> Role:
    """Take the role.  Whoever has a lesser one gets this, whoever has a greater one keeps it."""
    invitation, user = invitations.lock_open(invitation), invitations.person(actor)
    invitations.answer(invitation, Invitation.Answer.ACCEPTED)
    project = invitation.project
    assert project
    before = role_ledger.kind_of(user, project)
    role, new = Role.objects.get_or_create(
        project=project, user=user, defaults={"kind": invitation.kind}
    )
    role.project = project
    if new:
        what = role_ledger.entry("add", user.username, "", role.kind)
        _note(actor, role, "role.add", _sentence(what), before)
    elif access.EVERY_KIND.index(Kind(invitation.kind)) < access.EVERY_KIND.index(Kind(role.kind)):
        _change(role, invitation.kind, actor)
    return role


# -- roles ----------------------------------------------------------------------------------------


@transaction.atomic
def change(role: Role, kind: str, *, actor: Actor) -> Role:
    """Give somebody who has a role another."""
    role, kind = lock(role), valid_kind(kind)
    access.authorize_management(actor, role.project)
    if role.kind == kind:
        raise RoleExists(f"{role.user.username} is {kind} of {role.project} already.")
    owned = role.kind == Kind.OWNER
    _change(role, kind, actor)
    if owned:
        role_ledger.require_owner(role.project)
    return role


def _change(role: Role, kind: str, actor: Actor) -> None:
    before = role_ledger.kind_of(role.user, role.project)
    what = role_ledger.entry("change", role.user.username, role.kind, kind)
    role.kind = kind
    role.save(update_fields=["kind"])
    _note(actor, role, "role.change", _sentence(what), before)


@transaction.atomic
def remove(role: Role, *, actor: Actor) -> None:
    """Take a role away; one's own may be given up by anybody but the last owner."""
    role = lock(role)
    if actor.user != role.user or actor.token:
        access.authorize_management(actor, role.project)
    jobs.enqueue("packages.role_letters.tell_removed", role.project_id, role.user_id)
    what = role_ledger.entry("remove", role.user.username, role.kind, "")
    part(role, _sentence(what), actor=actor)


def part(role: Role, why: str, *, actor: Actor) -> None:
    """Somebody loses a role that is locked, for whatever reason; its project stays owned."""
    before = role_ledger.kind_of(role.user, role.project)
    role.delete()
    _note(actor, role, "role.remove", why, before)
    if role.kind == Kind.OWNER:
        role_ledger.require_owner(role.project)


def lock(role: Role) -> Role:
    """The role as it is now, and its project, under lock."""
    project = Project.objects.lock(role.project_id)
    found = Role.objects.select_for_update(of=["self"]).select_related("user").filter(pk=role.pk)
    role_now = found.first()
    if role_now is None:
        raise NotFound(f"This role on {project} is gone; load the page again.")
    role_now.project = project
    return role_now


def _note(actor: Actor, role: Role, action: str, why: str, before: str) -> None:
    """The trail tells what was done to the role, the journal what its person is now.

    `before` is the greatest role that he had, for a team may give him more than this one.
    """
    project, user = role.project, role.user
    facts = {"user": user.username, "kind": role.kind}
    event = audit.record(actor, action, project, reason=why, after=facts, person=user)
    now = role_ledger.kind_of(user, project)
    entries = role_ledger.entries(user.username, before, now)
    if project.published_at and entries:
        journal.record(actor, project, *entries)
    events.role_changed.send(Project, project=project, event=event)


def _sentence(entry: str) -> str:
    return f"{entry[0].upper()}{entry[1:]}."
