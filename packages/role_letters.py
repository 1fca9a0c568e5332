"""E-mails about roles to people who have none: who is invited, and who was removed."""

from __future__ import annotations

from typing import Any

from django.urls import reverse

from accounts import emails, invitations, notices
from accounts.models import User
from packages.models import Invitation, Project

INVITED = "packages/email/invited.txt"
REMOVED = "packages/email/removed.txt"


def invite(pk: int) -> bool:
    """Write to whoever is invited, if the invitation is open still; False where nobody is."""
    invitation = Invitation.objects.open().select_related("project", "invited_by").filter(pk=pk)
    if (found := invitation.first()) is None:
        return False
    context: dict[str, Any] = {"invitation": found, "project": found.project}
    if found.by_email:  # perhaps of somebody who has no account yet
        context["link"] = invitations.link(found.recipient)
        emails.send_to(found.recipient, INVITED, context)
        return True
    user = User.objects.filter(username__iexact=found.recipient, is_active=True).first()
    return user is not None and notices.notify(
        user,
        "invitation",
        INVITED,
        context,
        link=reverse("invitations"),
        occasion=f"invitation:{found.pk}",
    )


def tell_removed(project: int, user: int) -> bool:
    """Write to somebody whose role was taken away."""
    context = {"project": Project.objects.get(pk=project)}
    return notices.notify(User.objects.get(pk=user), "people", REMOVED, context)
