"""Whose identity tokens this site takes: the issuers that the settings name, and no others."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings

from accounts import providers
from accounts.claims import COMPARISONS, SAME, Provider, Rule

# By a public key only: with HS256 whoever knows the key could sign, and "none" is no signature.
ALGORITHMS = ("RS256", "ES256")
KINDS = {"github": providers.github, "gitlab": providers.gitlab}
_NAME = re.compile(r"[a-z][a-z0-9-]{0,39}")
_MEMBERS = {"name", "kind", "title", "issuer", "site", "algorithms", "claims", "only", "never"}
_MEMBERS |= {"pins", "links", "told", "jti"}


class InvalidIssuer(ValueError):
    """The settings describe an issuer that cannot be; the sentence says what to mend."""


@dataclass(frozen=True)
class Issuer:
    """Somebody who vouches for CI jobs: `url` is its ``iss``, `site` where people look at jobs."""

    name: str
    url: str
    site: str
    provider: Provider
    algorithms: tuple[str, ...] = ("RS256",)

    @property
    def title(self) -> str:
        return self.provider.title


BUILT_IN = {
    "github": Issuer(
        "github",
        "https://token.actions.githubusercontent.com",
        "https://github.com",
        providers.GITHUB,
    ),
    "gitlab": Issuer("gitlab", "https://gitlab.com", "https://gitlab.com", providers.GITLAB),
    "google": Issuer("google", "https://accounts.google.com", "", providers.GOOGLE),
    "activestate": Issuer(
        "activestate",
        "https://platform.activestate.com/api/v1/oauth/oidc",
        "https://platform.activestate.com",
        providers.ACTIVESTATE,
    ),
}


def configured() -> list[Issuer]:
    """Every issuer of this site, in the order of the settings.

    Raises `InvalidIssuer`; a check at start says so, too.
    """
    return list(_parsed(tuple(settings.OIDC_PROVIDERS), repr(settings.OIDC_ISSUERS)))


@lru_cache(maxsize=4)
def _parsed(built_in: tuple[str, ...], described: str) -> tuple[Issuer, ...]:
    """Keyed by the settings' text, which tests change."""
    if unknown := [name for name in built_in if name not in BUILT_IN]:
        raise InvalidIssuer(f"{unknown[0]!r} is none of {', '.join(BUILT_IN)}")
    own = [_issuer(row) for row in settings.OIDC_ISSUERS]
    found = (*(BUILT_IN[name] for name in built_in), *own)
    for names in ([issuer.name for issuer in found], [issuer.url for issuer in found]):
        if len(set(names)) != len(names):
            raise InvalidIssuer("two issuers have the same name or address")
    return found


def by_url(url: str) -> Issuer | None:
    return next((issuer for issuer in configured() if issuer.url == url), None)


def by_name(name: str) -> Issuer | None:
    return next((issuer for issuer in configured() if issuer.name == name), None)


def _issuer(row: Mapping[str, Any]) -> Issuer:
    """One object of ``GATEHOUSE_OIDC_ISSUERS``."""
    if not isinstance(row, dict) or not set(row) <= _MEMBERS:
        raise InvalidIssuer(f"an issuer is an object with some of {', '.join(sorted(_MEMBERS))}")
    name = str(row.get("name", ""))
    if not _NAME.fullmatch(name):
        raise InvalidIssuer(f"the name {name!r} is not of small letters, digits and -")
    algorithms = tuple(row.get("algorithms", ("RS256",)))
    if not algorithms or not set(algorithms) <= set(ALGORITHMS):
        raise InvalidIssuer(f"{name}: algorithms are {' and '.join(ALGORITHMS)}")
    url = _address(name, str(row.get("issuer", "")))
    site = str(row.get("site", "")) or (url if row.get("kind") == "gitlab" else "")
    return Issuer(name, url, site.rstrip("/"), _provider(name, row), algorithms)


def _address(name: str, url: str) -> str:
    """As it stands in the tokens, letter by letter."""
    parts = urlsplit(url)
    secure = parts.scheme == "https" or (parts.scheme == "http" and settings.OIDC_LOOPBACK)
    if not secure or not parts.hostname or parts.query or parts.fragment or parts.username:
        raise InvalidIssuer(f"{name}: the issuer is an https address, as in the tokens' iss")
    return url


def _provider(name: str, row: Mapping[str, Any]) -> Provider:
    kind = row.get("kind", "")
    title = str(row.get("title", "")) or name
    if kind:
        if kind not in KINDS:
            raise InvalidIssuer(f"{name}: the kind is one of {', '.join(KINDS)}, or left out")
        return KINDS[kind](title, name)
    return _described(name, title, row)


def _described(name: str, title: str, row: Mapping[str, Any]) -> Provider:
    """A provider that only the settings know."""
    claims = row.get("claims")
    if not isinstance(claims, dict) or not claims:
        raise InvalidIssuer(f"{name}: say in claims what a publisher names, or give a kind")
    rules = tuple(_rule(name, claim, options) for claim, options in claims.items())
    if not rules[0].required:
        raise InvalidIssuer(f"{name}: the first claim is what publishers are found by; require it")
    return Provider(
        kind=name,
        title=title,
        rules=rules,
        only=_values(row.get("only", {})),
        never=_values(row.get("never", {})),
        pins=tuple(row.get("pins", ())),
        links=dict(row.get("links", {})),
        told=tuple(row.get("told", ())) or tuple(rule.name for rule in rules),
        has_jti=bool(row.get("jti", True)),
    )


def _rule(name: str, claim: str, options: Any) -> Rule:
    known = {"label", "help", "required", "strict", "compare", "pattern"}
    if not isinstance(options, dict) or not set(options) <= known:
        raise InvalidIssuer(f"{name}: a claim is an object with some of {', '.join(sorted(known))}")
    compare = options.get("compare", "same")
    if compare not in COMPARISONS:
        raise InvalidIssuer(f"{name}: compare is one of {', '.join(COMPARISONS)}")
    rule = Rule(claim, options.get("label", claim), compare=COMPARISONS.get(compare, SAME))
    plain = {key: options[key] for key in known - {"label", "compare"} if key in options}
    return replace(rule, **plain)


def _values(row: Mapping[str, Any]) -> dict[str, frozenset[str]]:
    return {claim: frozenset(map(str, values)) for claim, values in row.items()}
