"""E-mails to people: one template each, first line the subject."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.mail import send_mail
from django.template.loader import render_to_string

from accounts.models import User


def send(user: User, template: str, context: dict[str, Any]) -> bool:
    """Write to the verified address of `user`; False if he has none.

    The template's first line is the subject, the rest the body.  Raises `OSError` when the mail
    server fails, so that the job is tried again.
    """
    address = user.verified_email
    if address is None:
        return False
    send_to(address, template, {"user": user} | context)
    return True


def send_to(address: str, template: str, context: dict[str, Any]) -> None:
    """The same to an address, whose owner may have no account."""
    context = {"site_name": settings.SITE_NAME, "site_url": settings.SITE_URL} | context
    subject, _, body = render_to_string(template, context).strip().partition("\n")
    send_mail(f"[{settings.SITE_NAME}] {subject.strip()}", body.strip() + "\n", None, [address])
