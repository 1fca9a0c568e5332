"""Jobs about people."""

from __future__ import annotations

from accounts import emails
from accounts.models import ApiToken


def tell_of_leak(token: int, where: str) -> bool:
    """Write to the owner of a token that was found in public and revoked."""
    leaked = ApiToken.objects.select_related("user").get(pk=token)
    if leaked.user is None:  # of a CI job; it had minutes to live
        return False
    context = {"token": leaked, "where": where}
    return emails.send(leaked.user, "accounts/email/token_leaked.txt", context)
