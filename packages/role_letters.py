"""E-mails about roles to people who have none: who is invited, and who was removed."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.urls import reverse

from accounts import emails, invitations, notices
from accounts.models import User
from packages.models import Invitation, Project, Team, TeamMember

INVITED = "packages/email/invited.txt"
REMOVED = "packages/email/removed.txt"


def invite(pk: int) -> bool:
    """Write to whoever is invited, if the invitation is open still; False where nobody is."""
    invitation = Invitation.objects.open().select_related("project", "team", "invited_by")
    if (found := invitation.filter(pk=pk).first()) is None:
        return False
    context: dict[str, Any] = {"invitation": found, "team": found.invited_team}
    if found.by_email:  # perhaps of somebody who has no account yet
        context["link"] = invitations.link(found.recipient)
        emails.send_to(found.recipient, INVITED, context)
        return True
    told = [_tell_invited(user, found, context) for user in _invited(found)]
    return any(told)


def _invited(invitation: Invitation) -> QuerySet[User]:
    """Who has the name; of a team its owners, if it is not a later one of that name."""
    people = User.objects.filter(is_active=True)
    if not invitation.invited_team:
        return people.filter(username__iexact=invitation.recipient)
    teams = Team.objects.filter(name=invitation.invited_team)
    meant = teams.filter(created_at__lte=invitation.created_at)
    owners = TeamMember.objects.filter(team__in=meant, kind=TeamMember.Kind.OWNER)
    return people.filter(pk__in=owners.values("user"))


def _tell_invited(user: User, invitation: Invitation, context: dict[str, Any]) -> bool:
    return notices.notify(
        user,
        "invitation",
        INVITED,
        context,
        link=reverse("invitations"),
        occasion=f"invitation:{invitation.pk}",
    )


def tell_removed(project: int, user: int) -> bool:
    """Write to somebody whose role was taken away; False where the account is gone since."""
    person = User.objects.filter(pk=user).first()
    if person is None:
        return False
    context = {"project": Project.objects.get(pk=project)}
    return notices.notify(person, "people", REMOVED, context)
