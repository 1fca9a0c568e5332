"""Invitations to make an account, where not everybody may.

Whether an address is invited is asked of everybody in `settings.INVITERS`: of administrators, who
invite here, and of whatever else invites people (roles on projects, in ``packages``).  A link in
the e-mail names the address, signed; who follows it has proven that he reads it.
"""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.core import signing
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.module_loading import import_string

from accounts import audit
from accounts.actors import Actor
from accounts.models import SignupInvitation
from pypi_site.lib import jobs
from pypi_site.lib.problems import Problem, ReasonNeeded

_SALT = "accounts.invitations"


class InvalidAddress(Problem):
    """Not an e-mail address."""

    code, title = "invalid-address", "Invalid e-mail address"


def is_invited(email: str) -> bool:
    """Whether anybody invited this address, and still does."""
    email = email.lower()
    return any(import_string(path)(email) for path in settings.INVITERS)


def by_administrator(email: str) -> bool:
    """One of `settings.INVITERS`."""
    return SignupInvitation.objects.open().filter(email=email).exists()


def link(email: str) -> str:
    """The address that an e-mail to `email` names; good for as long as an invitation."""
    key = signing.dumps(email.lower(), salt=_SALT)
    return f"{settings.SITE_URL}{reverse('join', args=[key])}"


def read(key: str) -> str | None:
    """The address that a link's key was made for, or None if it is forged or old."""
    try:
        email: str = signing.loads(
            key, salt=_SALT, max_age=timedelta(days=settings.INVITATION_DAYS)
        )
    except signing.BadSignature:
        return None
    return email


@transaction.atomic
def invite(email: str, *, actor: Actor, reason: str) -> SignupInvitation:
    """Let whoever reads `email` make an account, and tell him; again, if he was invited before.

    Raises `InvalidAddress`, `ReasonNeeded`.
    """
    email = _valid(email)
    if not reason.strip():
        raise ReasonNeeded("Write who that is; it is kept in the audit trail.")
    values = {
        "reason": reason.strip(),
        "invited_by": actor.user,
        "created_at": timezone.now(),
        "expires_at": timezone.now() + timedelta(days=settings.INVITATION_DAYS),
        "withdrawn_at": None,
    }
    row, _ = SignupInvitation.objects.update_or_create(email=email, defaults=values)
    audit.record(actor, "signup.invite", row, reason=reason)
    jobs.enqueue("accounts.tasks.invite", row.pk)
    return row


def _valid(email: str) -> str:
    email = email.strip().lower()
    try:
        validate_email(email)
    except ValidationError:
        raise InvalidAddress("Write an e-mail address, such as ann@example.org.") from None
    return email


@transaction.atomic
def withdraw(row: SignupInvitation, *, actor: Actor, reason: str) -> SignupInvitation:
    """Take an invitation back; an account that was made by it stays."""
    row = SignupInvitation.objects.select_for_update().get(pk=row.pk)
    if row.withdrawn_at is None:
        row.withdrawn_at = timezone.now()
        row.save(update_fields=["withdrawn_at"])
        audit.record(actor, "signup.withdraw", row, reason=reason)
    return row
