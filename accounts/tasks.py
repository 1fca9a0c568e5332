"""Jobs about people."""

from __future__ import annotations

from datetime import datetime

from django.urls import reverse

from accounts import emails, invitations, notices, recoveries, security, security_letters
from accounts.models import ApiToken, AuditEvent, Recovery, SignupInvitation


def tell_of_leak(token: int, where: str) -> bool:
    """Write to the owner of a token that was found in public and revoked."""
    leaked = ApiToken.objects.select_related("user").get(pk=token)
    if leaked.user is None:  # of a CI job; it had minutes to live
        return False
    context = {"token": leaked, "where": where}
    return notices.notify(
        leaked.user,
        "leak",
        "accounts/email/token_leaked.txt",
        context,
        link=reverse("tokens"),
        occasion=f"leak:{token}",
    )


def tell_of_event(event: int) -> bool:
    """Tell somebody what happened to his account, and what to do if it was not he."""
    return security_letters.tell(AuditEvent.objects.select_related("person", "user").get(pk=event))


def note_failure(login: str, address: str | None, client: str, at: str) -> bool:
    """Write a failed sign-in into the trail."""
    return security.record_failure(login, address, client, datetime.fromisoformat(at))


def invite(pk: int) -> bool:
    """Write to somebody whom an administrator invited, unless that is over."""
    row = SignupInvitation.objects.open().select_related("invited_by").filter(pk=pk).first()
    if row is None:
        return False
    context = {"invitation": row, "link": invitations.link(row.email)}
    emails.send_to(row.email, "accounts/email/invited.txt", context)
    return True


def send_way_back(recovery: int) -> None:
    """Write to whoever got his account back how to choose a password."""
    recoveries.send_way_back(Recovery.objects.select_related("user").get(pk=recovery))
