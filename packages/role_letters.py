"""E-mails about roles to people who have none: who is invited, and who was removed."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.mail import send_mail
from django.template.loader import render_to_string

from accounts import emails
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
    if found.by_email:
        return _to_address(found.recipient, context)
    user = User.objects.filter(username__iexact=found.recipient, is_active=True).first()
    return user is not None and emails.send(user, INVITED, context)


def _to_address(address: str, context: dict[str, Any]) -> bool:
    """To an address whose owner may have no account yet."""
    context |= {"site_name": settings.SITE_NAME, "site_url": settings.SITE_URL}
    subject, _, body = render_to_string(INVITED, context).strip().partition("\n")
    send_mail(f"[{settings.SITE_NAME}] {subject.strip()}", body.strip() + "\n", None, [address])
    return True


def tell_removed(project: int, user: int) -> bool:
    """Write to somebody whose role was taken away."""
    context = {"project": Project.objects.get(pk=project)}
    return emails.send(User.objects.get(pk=user), REMOVED, context)
