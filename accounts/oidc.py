"""Identity tokens of CI jobs (OpenID Connect): who signed it, for us, now, and what it says.

A token is judged from its outside in: its form, its issuer (one that the settings name), its
algorithm, its signature by one of the issuer's keys, then audience, times and identifier.  Whether
anybody trusts what it says is for `packages.publishers`.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import jwt
from django.conf import settings

from accounts import issuer_keys, issuers
from accounts.claims import scalars, text_of
from accounts.issuers import Issuer
from pypi_site.lib.problems import Problem

MOST_CHARACTERS = 16_384
LEEWAY_SECONDS = 30
REQUIRED = ("iss", "aud", "exp", "iat")
# Decoders of base64 pass over what is none; nothing but this is a token (RFC 7515, 7.1).
_GRAMMAR = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
# Why PyJWT says no, in a sentence; the more special ones come first.
REASONS: tuple[tuple[type[Exception], str], ...] = (
    (jwt.ExpiredSignatureError, "it has expired; ask for a new one in every job"),
    (jwt.ImmatureSignatureError, "it is not valid yet; look at the clocks"),
    (jwt.InvalidIssuedAtError, "it was issued in the future; look at the clocks"),
    (jwt.InvalidAudienceError, "it is meant for another index; ask for the audience {audience!r}"),
    (jwt.InvalidIssuerError, "its issuer is another"),
    (jwt.MissingRequiredClaimError, "it lacks a claim that every identity token has ({error})"),
    (jwt.InvalidSignatureError, "its signature is wrong"),
)


class InvalidIdentity(Problem):
    """The identity token is forged, expired, for another index, or no token at all."""

    status, code, title = 422, "invalid-token", "Identity token refused"


@dataclass(frozen=True)
class Identity:
    """What a token says, found good.  `identifier` is its digest, by which it is taken once."""

    issuer: Issuer
    claims: dict[str, Any]
    identifier: str
    expires_at: datetime

    @property
    def kept(self) -> dict[str, str]:
        return scalars(self.claims)


def is_open() -> bool:
    """Whether this site takes identity tokens of anybody."""
    return bool(issuers.configured())


def issuer_of(token: str) -> Issuer:
    """Who is said to have signed it, by the token's own words; nothing is asked of anybody.

    Raises `InvalidIdentity` for what is no token and for issuers that the settings do not name.
    """
    _header(token)
    try:
        claims = jwt.decode(token, options={"verify_signature": False})
    except (jwt.PyJWTError, ValueError, RecursionError):
        raise _refused("it is no JSON Web Token") from None
    url = claims.get("iss")
    issuer = issuers.by_url(url) if isinstance(url, str) else None
    if issuer is None:
        known = ", ".join(each.title for each in issuers.configured())
        raise _refused(f"its issuer is none that this index trusts ({known})")
    return issuer


def verify(token: str, issuer: Issuer) -> Identity:
    """What the token says, if `issuer` signed it for this index and it is valid now.

    Raises `InvalidIdentity`, or `IssuerAway` when the issuer's keys cannot be had.
    """
    header = _header(token)
    algorithm = header.get("alg")
    if algorithm not in issuer.algorithms:
        raise _refused(f"it is not signed with {' or '.join(issuer.algorithms)}")
    key = issuer_keys.find(issuer, header["kid"], algorithm)
    if key is None:
        raise _refused("no key of its issuer signed it")
    claims = _claims(token, key, algorithm, issuer)
    if name := issuer.provider.forbidden(claims):
        raise _refused(f"jobs with {name} {text_of(claims, name)!r} may not publish")
    claims |= issuer.provider.derive(claims, issuer.url)
    ends = datetime.fromtimestamp(int(claims["exp"]), tz=UTC)
    return Identity(issuer, claims, _identifier(token, claims, issuer), ends)


def _header(token: str) -> dict[str, Any]:
    """The token's header, with a key's name and nothing that would change the meaning."""
    try:
        if len(token) > MOST_CHARACTERS or not _GRAMMAR.fullmatch(token):
            raise jwt.DecodeError
        header = jwt.get_unverified_header(token)
    except (jwt.PyJWTError, ValueError, RecursionError):
        raise _refused("it is no JSON Web Token") from None
    if not isinstance(header.get("kid"), str) or "crit" in header or "b64" in header:
        raise _refused("its header is not that of an identity token")
    return header


def _claims(token: str, key: jwt.PyJWK, algorithm: str, issuer: Issuer) -> dict[str, Any]:
    wanted = [*REQUIRED, *(["jti"] if issuer.provider.has_jti else [])]
    try:
        claims: dict[str, Any] = jwt.decode(
            token,
            key=key,
            algorithms=[algorithm],
            audience=settings.OIDC_AUDIENCE,
            issuer=issuer.url,
            leeway=LEEWAY_SECONDS,
            options={"require": wanted, "strict_aud": True},
        )
        _ = datetime.fromtimestamp(int(claims["exp"]), tz=UTC)
    except (jwt.PyJWTError, ValueError, OverflowError, OSError, RecursionError) as error:
        raise _refused(_reason(error)) from None
    return claims


def _reason(error: Exception) -> str:
    for kind, text in REASONS:
        if isinstance(error, kind):
            return text.format(audience=settings.OIDC_AUDIENCE, error=error)
    return "it cannot be read"


def _identifier(token: str, claims: dict[str, Any], issuer: Issuer) -> str:
    """A digest of ``jti``.  Where there is none, of what was signed: the signature itself and its
    spelling could be changed without becoming wrong."""
    jti = claims.get("jti")
    if issuer.provider.has_jti and not (isinstance(jti, str) and jti):
        raise _refused("it has no identifier (jti)")
    signed = jti if isinstance(jti, str) and jti else token.rpartition(".")[0]
    return hashlib.sha256(signed.encode("utf-8", "surrogatepass")).hexdigest()


def _refused(why: str) -> InvalidIdentity:
    return InvalidIdentity(f"The identity token is refused: {why}.")
