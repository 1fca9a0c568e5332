"""API tokens: mint, verify, revoke."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import string
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from accounts import audit
from accounts.actors import Actor
from accounts.models import ApiToken, User
from pypi_site.lib.problems import Problem

PREFIX = "gate-"  # fixed, so that secret scanners can match it
_ALPHABET = string.ascii_letters + string.digits
_IDENTIFIER, _SECRET = 12, 43  # characters; 43 of 62 are 256 bits
_GRAMMAR = re.compile(
    rf"{PREFIX}([A-Za-z0-9]{{{_IDENTIFIER}}})([A-Za-z0-9]{{{_SECRET}}})", re.ASCII
)
# last_used_at is for people: a write for each use would double the cost of a small upload.
_USE_RESOLUTION = timedelta(minutes=1)


class InvalidExpiry(Problem):
    """A token cannot expire before it is made."""

    code, title = "invalid-expiry", "Invalid expiry"


@transaction.atomic
def mint(
    user: User,
    *,
    actor: Actor,
    name: str,
    limited: bool = False,
    stages_uploads: bool = False,
    expires_at: datetime | None = None,
) -> tuple[ApiToken, str]:
    """Make a token; the second value is its text, which nobody can read again.

    What a token with `stages_uploads` uploads waits until somebody publishes it.
    """
    if expires_at and expires_at <= timezone.now():
        raise InvalidExpiry("The token would expire in the past; choose a later day.")
    identifier, secret = _random(_IDENTIFIER), _random(_SECRET)
    token = ApiToken.objects.create(
        user=user,
        name=name,
        identifier=identifier,
        digest=_digest(secret),
        limited=limited,
        stages_uploads=stages_uploads,
        expires_at=expires_at,
    )
    after = {"user": user.username, "limited": limited}
    after |= {"stages_uploads": True} if stages_uploads else {}
    audit.record(actor, "token.mint", token, after=after)
    return token, f"{PREFIX}{identifier}{secret}"


def verify(text: str) -> ApiToken | None:
    """The usable token that `text` spells, or None.

    Found by its public part and compared by digest in constant time, so neither the database
    nor the clock tells anything about the secret.
    """
    match = _GRAMMAR.fullmatch(text)
    if not match:
        return None
    identifier, secret = match.groups()
    token = _usable(identifier)
    expected = token.digest if token else _digest("")
    if not hmac.compare_digest(_digest(secret), expected) or token is None:
        return None
    _note_use(token)
    return token


def _usable(identifier: str) -> ApiToken | None:
    """The token with its owner, whose address is read with it: every upload asks for it."""
    found = list(ApiToken.objects.usable().with_owner().filter(identifier=identifier))
    for token in found:
        token.user.verified_email = token.owner_email
    return found[0] if found else None


@transaction.atomic
def revoke(token: ApiToken, *, actor: Actor, reason: str = "") -> ApiToken:
    """Make a token useless, for good."""
    token = ApiToken.objects.select_for_update().get(pk=token.pk)
    if token.revoked_at is None:
        token.revoked_at = timezone.now()
        token.save(update_fields=["revoked_at"])
        audit.record(actor, "token.revoke", token, reason=reason)
    return token


def _note_use(token: ApiToken) -> None:
    now = timezone.now()
    if token.last_used_at is None or now - token.last_used_at > _USE_RESOLUTION:
        ApiToken.objects.filter(pk=token.pk).update(last_used_at=now)


def _random(length: int) -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(length))


def _digest(secret: str) -> str:
    """SHA-256 is enough for 256 random bits; slow hashes are for passwords."""
    return hashlib.sha256(secret.encode()).hexdigest()
