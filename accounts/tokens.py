"""API tokens: mint, verify, revoke."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import string
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, TypedDict, Unpack

from django.db import transaction
from django.utils import timezone

from accounts import audit, powers
from accounts.actors import Actor
from accounts.models import ApiToken, CiIdentity, TokenAction, TokenPlace, User
from pypi_site.lib import forwarded, sql
from pypi_site.lib.problems import Problem

PREFIX = "gate-"  # fixed, so that secret scanners can match it
_ALPHABET = string.ascii_letters + string.digits
_IDENTIFIER, _SECRET = 12, 43  # characters; 43 of 62 are 256 bits
_GRAMMAR = re.compile(
    rf"{PREFIX}([A-Za-z0-9]{{{_IDENTIFIER}}})([A-Za-z0-9]{{{_SECRET}}})", re.ASCII
)
# As `ApiTokenQuerySet.usable`, which tells lists the same.
_USABLE = """
    where it.identifier = %(identifier)s and it.revoked_at is null
    and (it.expires_at is null or it.expires_at > %(now)s)
    and (other.is_active or it.ci_id is not null)
"""
# last_used_at is for people: a write for each use would double the cost of a small upload.
_USE_RESOLUTION = timedelta(minutes=1)


class InvalidExpiry(Problem):
    """A token cannot expire before it is made."""

    code, title = "invalid-expiry", "Invalid expiry"


class InvalidNetworks(Problem):
    """Where a token may be used from is not understood."""

    code, title = "invalid-networks", "Invalid networks"


class NothingAllowed(Problem):
    """A token that may do nothing opens nothing."""

    code, title = "nothing-allowed", "Nothing allowed"


class Scope(TypedDict, total=False):
    """What a token may do.

    `limited` to the projects that are listed for it; `actions` of `TokenAction`; `networks` are
    addresses, or networks in CIDR notation, from which alone it may be used; what a token with
    `stages_uploads` uploads waits until somebody publishes it.
    """

    limited: bool
    stages_uploads: bool
    actions: Iterable[str]
    networks: Iterable[str]


@transaction.atomic
def mint(
    user: User,
    *,
    actor: Actor,
    name: str,
    expires_at: datetime | None = None,
    **scope: Unpack[Scope],
) -> tuple[ApiToken, str]:
    """Make a token; the second value is its text, which nobody can read again.

    Raises `InvalidExpiry`, `InvalidNetworks` or `NothingAllowed`.
    """
    if expires_at and expires_at <= timezone.now():
        raise InvalidExpiry("The token would expire in the past; choose a later day.")
    chosen = {
        "limited": scope.get("limited", False),
        "stages_uploads": scope.get("stages_uploads", False),
        "actions": _known_actions(scope.get("actions", TokenAction.values)),
        "networks": _valid_networks(scope.get("networks", ())),
    }
    token, text = _make(user=user, name=name, expires_at=expires_at, **chosen)
    after = {"user": user.username, **{name: value for name, value in chosen.items() if value}}
    audit.record(actor, "token.mint", token, after=after)
    return token, text


@transaction.atomic
def mint_for_ci(
    ci: CiIdentity, *, actor: Actor, expires_at: datetime, single_use: bool
) -> tuple[ApiToken, str]:
    """Make a token that a CI job uploads with, and nothing else (trusted publishing)."""
    token, text = _make(
        ci=ci,
        name="trusted publishing",
        expires_at=expires_at,
        single_use=single_use,
        limited=True,
        actions=[TokenAction.UPLOAD],
    )
    audit.record(actor, "token.mint", token, after={"ci": ci.label, "claims": ci.claims})
    return token, text


def _make(**facts: Any) -> tuple[ApiToken, str]:
    identifier, secret = _random(_IDENTIFIER), _random(_SECRET)
    token = ApiToken.objects.create(identifier=identifier, digest=_digest(secret), **facts)
    return token, f"{PREFIX}{identifier}{secret}"


def _known_actions(wanted: Iterable[str]) -> list[str]:
    known = [action for action in TokenAction.values if action in set(wanted)]
    if not known:
        raise NothingAllowed("The token would do nothing; choose at least one thing for it.")
    return known


def _valid_networks(texts: Iterable[str]) -> list[str]:
    try:
        return [str(network) for network in forwarded.networks(texts)]
    except ValueError as error:
        raise InvalidNetworks(
            f"{error}; give addresses or networks such as 192.0.2.7 or 192.0.2.0/24."
        ) from None


def verify(text: str) -> ApiToken | None:
    """The usable token that `text` spells, or None.

    Found by its public part and compared by digest in constant time, so neither the database
    nor the clock tells anything about the secret.
    """
    match = _GRAMMAR.fullmatch(text)
    if not match:
        return None
    identifier, secret = match.groups()
    facts = {"identifier": identifier, "now": timezone.now()}
    token = sql.first(ApiToken, _USABLE, facts, related="user")
    expected = token.digest if token else _digest("")
    if not hmac.compare_digest(_digest(secret), expected) or token is None:
        return None
    return token


def may_come_from(token: ApiToken, address: str | None) -> bool:
    """Whether the token may be used from this address."""
    return not token.networks or forwarded.is_within(
        address or "", forwarded.networks(token.networks)
    )


def note_use(token: ApiToken, address: str | None, client: str) -> None:
    """Remember when, from where and with what the token was used; at most once a minute."""
    now = timezone.now()
    lately = token.last_used_at and now - token.last_used_at < _USE_RESOLUTION
    if lately and token.last_used_from == address:
        return
    used = {"last_used_at": now, "last_used_from": address, "last_used_with": client}
    ApiToken.objects.filter(pk=token.pk).update(**used)
    if address:
        _note_place(token, address, client, now)


def _note_place(token: ApiToken, address: str, client: str, now: datetime) -> None:
    """A token that shows up in a place where it never was is worth a line in the trail."""
    if token.places.filter(address=address).update(last_at=now):
        return
    _, new = TokenPlace.objects.get_or_create(
        token=token, address=address, defaults={"client": client}
    )
    if new and token.last_used_at:  # the first place of all is no news
        actor = Actor(token.user, token, address, client, token.ci)
        audit.record(actor, "token.new_place", token, after={"address": address})


def forget_places(days: int = 365) -> int:
    """Forget places where no token has been for so long; returns how many."""
    unused = TokenPlace.objects.filter(last_at__lt=timezone.now() - timedelta(days=days))
    return unused.delete()[0]


def spend(token: ApiToken) -> bool:
    """Use up a token that is good for one use; False if somebody was faster."""
    if not token.single_use:
        return True
    unspent = ApiToken.objects.filter(pk=token.pk, revoked_at=None)
    return bool(unspent.update(revoked_at=timezone.now()))


@transaction.atomic
def revoke(token: ApiToken, *, actor: Actor, reason: str = "") -> ApiToken:
    """Make a token useless, for good."""
    token = ApiToken.objects.select_for_update().get(pk=token.pk)
    if token.revoked_at is None:
        _end(token, actor, reason)
    return token


@transaction.atomic
def revoke_all(user: User, *, actor: Actor, reason: str) -> int:
    """Make every token of somebody useless, for good; returns how many worked until now.

    Raises `Refused` where staff acts on somebody who may more than it.
    """
    user = User.objects.select_for_update().get(pk=user.pk)
    if user != actor.user:
        powers.require_over(actor, user)
    ended = end_every(user, actor, reason)
    audit.record(actor, "token.revoke_all", user, reason=reason, after={"count": ended})
    return ended


def end_every(user: User, actor: Actor, reason: str) -> int:
    """The same inside another verb, of which its owner is told in one letter."""
    unrevoked = ApiToken.objects.select_for_update(of=("self",)).filter(user=user, revoked_at=None)
    return sum(_end(token, actor, reason, quiet=True) for token in list(unrevoked))


def _end(token: ApiToken, actor: Actor, reason: str, *, quiet: bool = False) -> bool:
    token.revoked_at = timezone.now()
    token.save(update_fields=["revoked_at"])
    audit.record(actor, "token.revoke", token, reason=reason, quiet=quiet)
    return token.expires_at is None or token.expires_at > token.revoked_at


def _random(length: int) -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(length))


def _digest(secret: str) -> str:
    """SHA-256 is enough for 256 random bits; slow hashes are for passwords."""
    return hashlib.sha256(secret.encode()).hexdigest()
