"""Who may make an account, and with which name and address: the site's settings, as rules.

`settings.SIGNUP` is ``open`` (anybody), ``providers`` (who comes from GitHub or another provider,
or was invited), ``invited``, or ``closed``.  Names and addresses are refused by a
`ValidationError`, which stands at its field.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from allauth.account.models import EmailAddress
from django.conf import settings
from django.core.exceptions import ValidationError
from django.http import HttpRequest

from accounts import invitations, prohibitions
from accounts.models import User

INVITED = "invited_address"  # in the session of somebody who came by a link


def is_open(request: HttpRequest) -> bool:
    """Whether whoever asks may fill in the form."""
    if settings.SIGNUP in ("providers", "invited"):
        return invited_address(request) is not None
    return bool(settings.SIGNUP == "open")


def is_open_to(request: HttpRequest, addresses: Iterable[EmailAddress]) -> bool:
    """The same for somebody whom a provider vouches for, with these addresses."""
    if settings.SIGNUP == "invited":
        verified = [address.email for address in addresses if address.verified]
        return is_open(request) or any(map(invitations.is_invited, verified))
    return bool(settings.SIGNUP in ("open", "providers"))


def invited_address(request: HttpRequest) -> str | None:
    """The address whose link was followed in this browser, while the invitation is open."""
    address: str | None = request.session.get(INVITED)
    return address if address and invitations.is_invited(address) else None


def require_username(username: str) -> None:
    """Refuse what an administrator prohibited."""
    if prohibitions.is_prohibited(username):
        raise ValidationError("Nobody may have this user name; choose another.")


def require_email(email: str) -> None:
    """Refuse domains that are prohibited, and others than the allowed ones, if there are any."""
    domain = email.rpartition("@")[2].lower()
    if settings.EMAIL_DOMAINS and not prohibitions.is_within(domain, settings.EMAIL_DOMAINS):
        allowed = " or ".join(settings.EMAIL_DOMAINS)
        raise ValidationError(f"Use an address of {allowed}: others are not taken here.")
    if prohibitions.is_prohibited_domain(domain):
        raise ValidationError(f"Addresses of {domain} are not taken here; use another.")


def require_invited(email: str) -> None:
    """Where only the invited sign up, they do so with the address that was invited."""
    if settings.SIGNUP == "invited" and not invitations.is_invited(email):
        raise ValidationError("Use the address that your invitation was sent to.")


def choose_address(sociallogin: Any) -> None:
    """Keep one of a new person's addresses: verified and allowed, else the one he prefers.

    The others are his affair; and one that belongs to another account here would be a riddle.
    """
    if sociallogin.is_existing or not sociallogin.email_addresses:
        return
    best = max(sociallogin.email_addresses, key=_worth)
    best.primary = True
    sociallogin.email_addresses = [best]
    sociallogin.user.email = best.email


def _worth(address: EmailAddress) -> tuple[bool, bool, bool]:
    return (_is_allowed(address.email), address.verified, address.primary)


def _is_allowed(email: str) -> bool:
    try:
        require_email(email)
        require_invited(email)
    except ValidationError:
        return False
    return True


def verified_owner(email: str) -> User | None:
    """Whoever has proven that he reads this address."""
    found = EmailAddress.objects.filter(email=email.lower(), verified=True, user__is_active=True)
    address = found.select_related("user").first()
    return address.user if address else None


def is_frozen(email: str) -> bool:
    """Whether whoever has proven that he reads this address has a frozen account."""
    found = EmailAddress.objects.filter(email=email.lower(), verified=True, user__is_active=False)
    return bool(found.exists())
