"""The public keys of issuers: found by discovery, kept in the cache that all processes share.

Only issuers that the settings name are ever asked; nothing in a token leads anywhere (``jku``,
``x5u`` and ``jwk`` of its header are not looked at).
"""

from __future__ import annotations

import hashlib
import logging
from typing import Any
from urllib.parse import urlsplit

import jwt
from django.conf import settings
from django.core.cache import cache

from accounts.issuers import Issuer
from pypi_site.lib import outbound, strict_json
from pypi_site.lib.problems import Problem

logger = logging.getLogger(__name__)
FRESH_SECONDS = 3600
PAUSE_SECONDS = 60  # between two requests to one issuer, whatever tokens arrive
MOST_BYTES = 256 * 1024
MOST_KEYS = 100
SMALLEST_RSA = 2048  # bits
FAMILIES = {"RS256": "RSA", "ES256": "EC"}
KEPT = ("kid", "kty", "use", "alg", "key_ops", "n", "e", "crv", "x", "y")


class IssuerAway(Problem):
    """The issuer's keys cannot be had at the moment."""

    status, code, title = 503, "issuer-away", "The issuer does not answer"


def find(issuer: Issuer, kid: str, algorithm: str) -> jwt.PyJWK | None:
    """The key of that name, or None.  An unknown name is a reason to ask for newer keys.

    Raises `IssuerAway`.
    """
    keys = _cached(issuer)
    if keys is None or (not _chosen(keys, kid, algorithm) and _may_ask(issuer)):
        keys = _fetched(issuer)
    found = _chosen(keys, kid, algorithm)
    return jwt.PyJWK(found, algorithm=algorithm) if found else None


def _chosen(keys: list[dict[str, Any]], kid: str, algorithm: str) -> dict[str, Any] | None:
    """By name and kind of key: an RSA key checks no ES256, and no key is ever a secret."""
    family = FAMILIES[algorithm]
    named = (key for key in keys if key.get("kid") == kid and key.get("kty") == family)
    return next((key for key in named if key.get("alg", algorithm) == algorithm), None)


def _name(issuer: Issuer, what: str) -> str:
    return f"oidc:{what}:{hashlib.sha256(issuer.url.encode()).hexdigest()}"


def _cached(issuer: Issuer) -> list[dict[str, Any]] | None:
    keys: list[dict[str, Any]] | None = cache.get(_name(issuer, "keys"))
    return keys


def _may_ask(issuer: Issuer) -> bool:
    """Once in a while, counted for all processes together."""
    return cache.add(_name(issuer, "pause"), True, PAUSE_SECONDS)


def _fetched(issuer: Issuer) -> list[dict[str, Any]]:
    """Ask the issuer; after a failure nobody asks again for a while."""
    if cache.get(_name(issuer, "away")):
        raise _away(issuer)
    try:
        keys = _ask(issuer)
    except (outbound.Unreachable, ValueError) as error:
        logger.warning("Keys of %s: %s", issuer.url, error)
        cache.set(_name(issuer, "away"), True, PAUSE_SECONDS)
        raise _away(issuer) from None
    cache.set(_name(issuer, "keys"), keys, FRESH_SECONDS)
    return keys


def _away(issuer: Issuer) -> IssuerAway:
    return IssuerAway(
        f"The keys of {issuer.title} cannot be had at the moment; try again in a minute.",
        headers={"Retry-After": str(PAUSE_SECONDS)},
    )


def _ask(issuer: Issuer) -> list[dict[str, Any]]:
    """OpenID Connect Discovery, then the keys.  Raises `Unreachable` or ValueError."""
    document = _json(issuer, f"{issuer.url.rstrip('/')}/.well-known/openid-configuration")
    if document.get("issuer") != issuer.url:
        raise ValueError("the discovery document is of another issuer")
    keys = _json(issuer, str(document.get("jwks_uri", ""))).get("keys")
    if not isinstance(keys, list) or len(keys) > MOST_KEYS:
        raise ValueError("no list of keys, or one without end")
    return [_kept(key) for key in keys if _is_usable(key)]


def _json(issuer: Issuer, url: str) -> dict[str, Any]:
    """A private address is asked only where the administrator named its host."""
    named = urlsplit(url).hostname == urlsplit(issuer.url).hostname
    loopback = settings.OIDC_LOOPBACK
    body = outbound.get(url, limit=MOST_BYTES, private=named, loopback=loopback)
    document = strict_json.loads(body)
    if isinstance(document, dict):
        return document
    raise ValueError("no JSON object")


def _kept(key: dict[str, Any]) -> dict[str, Any]:
    return {name: key[name] for name in KEPT if name in key}


def _is_usable(key: Any) -> bool:
    """A public key that is meant for signatures, and large enough."""
    if not isinstance(key, dict) or key.get("kty") not in FAMILIES.values() or not key.get("kid"):
        return False
    if key.get("use", "sig") != "sig":
        return False
    try:
        public = jwt.PyJWK(_kept(key), algorithm="RS256" if key["kty"] == "RSA" else "ES256").key
    except (jwt.PyJWTError, ValueError, TypeError):
        return False
    return bool(public.key_size >= (SMALLEST_RSA if key["kty"] == "RSA" else 256))
