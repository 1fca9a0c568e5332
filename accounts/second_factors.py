"""Second factors, where the site wants them: of staff, and of whoever uploads.

An authenticator app, a security key or a passkey counts; recovery codes alone do not, and neither
does what a provider such as GitHub asks of its own people.
"""

from __future__ import annotations

from allauth.mfa.models import Authenticator
from django.conf import settings
from django.urls import reverse

from accounts.models import User
from pypi_site.lib.problems import Problem

TYPES = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)


class SecondFactorNeeded(Problem):
    """This site takes uploads of people with a second factor only."""

    status, code, title = 403, "second-factor-needed", "Second factor needed"
    user: User


def has_one(user: User) -> bool:
    return bool(Authenticator.objects.filter(user=user, type__in=TYPES).exists())


def suffice_for_staff(user: User) -> bool:
    """Whether the person may use powers of staff."""
    return not settings.SECOND_FACTOR_FOR_STAFF or has_one(user)


def require_to_upload(user: User) -> None:
    """Refuse the uploads of somebody whose account a password alone would open.

    Raises `SecondFactorNeeded`.
    """
    if settings.SECOND_FACTOR_TO_UPLOAD and not has_one(user):
        address = f"{settings.SITE_URL}{reverse('mfa_index')}"
        refusal = SecondFactorNeeded(
            f"{user.username} has no second factor; set one up at {address}, then upload again."
        )
        refusal.user = user
        raise refusal
