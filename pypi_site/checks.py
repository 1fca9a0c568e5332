"""Deployment checks: settings that contradict each other are said at start, not at midnight."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register
from django.core.checks import Warning as CheckWarning
from django.db import DatabaseError
from django.utils.module_loading import import_string

from accounts import issuers
from accounts.models import User
from pypi_site.lib import forwarded
from pypi_site.sign_in import SIGNUPS

PRIVATE = ("", "members", "roles")
HOLDS = ("nobody", "untrusted", "everybody")


@register()
def hold_is_known(**kwargs: Any) -> list[CheckMessage]:
    """A misspelt ``GATEHOUSE_HOLD`` must not open the gate."""
    if settings.UPLOAD_HOLD in HOLDS:
        return []
    hint = f"Set GATEHOUSE_HOLD to one of: {', '.join(HOLDS)}."
    return [Error(f"Unknown hold {settings.UPLOAD_HOLD!r}.", hint=hint, id="gatehouse.E001")]


@register()
def privacy_is_known(**kwargs: Any) -> list[CheckMessage]:
    """A misspelt ``GATEHOUSE_PRIVATE`` must not open a private index."""
    if settings.PRIVATE in PRIVATE:
        return []
    hint = (
        f"Leave GATEHOUSE_PRIVATE empty, or set it to one of: {', '.join(filter(None, PRIVATE))}."
    )
    return [Error(f"Unknown privacy {settings.PRIVATE!r}.", hint=hint, id="gatehouse.E007")]


@register()
def policies_exist(**kwargs: Any) -> list[CheckMessage]:
    """A policy that cannot be imported would refuse every upload with a 500."""
    return [problem for path in settings.UPLOAD_POLICIES if (problem := _missing(path))]


def _missing(path: str) -> CheckMessage | None:
    try:
        import_string(path)
    except ImportError as error:
        hint = "Correct GATEHOUSE_UPLOAD_POLICIES."
        return Error(f"Upload policy {path!r}: {error}.", hint=hint, id="gatehouse.E002")
    return None


@register()
def proxies_are_addresses(**kwargs: Any) -> list[CheckMessage]:
    """A misspelt proxy would end every request with a 500."""
    try:
        forwarded.networks(settings.TRUSTED_PROXIES)
    except ValueError as error:
        hint = "Set GATEHOUSE_TRUSTED_PROXIES to addresses or networks, separated by commas."
        return [Error(f"Trusted proxies: {error}.", hint=hint, id="gatehouse.E003")]
    return []


@register()
def files_host_is_an_origin(**kwargs: Any) -> list[CheckMessage]:
    """Links are made of it, and what is served is decided by it."""
    parts = urlsplit(settings.FILES_ORIGIN)
    rest = (parts.path, parts.query, parts.fragment, parts.username)
    whole = parts.scheme in ("http", "https") and parts.hostname and not any(rest)
    if not settings.FILES_ORIGIN or (whole and settings.FILES_ORIGIN != settings.SITE_URL):
        return []
    hint = "Set GATEHOUSE_FILES_HOST to another origin than the site's: https://files.example.org"
    return [Error(f"No host for files: {settings.FILES_ORIGIN!r}.", hint=hint, id="gatehouse.E004")]


@register()
def choices_are_known(**kwargs: Any) -> list[CheckMessage]:
    """A misspelt choice must not silently be none."""
    found: list[CheckMessage] = []
    for name, (value, choices) in _choices().items():
        if value not in choices:
            hint = f"Set {name} to one of: {', '.join(filter(None, choices))}."
            found.append(Error(f"Unknown {value!r}.", hint=hint, id="gatehouse.E005"))
    return found


def _choices() -> dict[str, tuple[str, tuple[str, ...]]]:
    return {
        "GATEHOUSE_SENDFILE": (settings.SENDFILE, ("", "nginx")),
        "GATEHOUSE_CDN": (settings.CDN, ("none", "fastly", "varnish", "nginx")),
    }


@register()
def purges_can_be_sent(**kwargs: Any) -> list[CheckMessage]:
    """A cache that is never told of changes would show what is quarantined."""
    names = {
        "fastly": ["CDN_SERVICE", "CDN_TOKEN"],
        "varnish": ["CDN_ADDRESSES"],
        "nginx": ["CDN_ADDRESSES"],
    }.get(settings.CDN, [])
    missing = [f"GATEHOUSE_{name}" for name in names if not getattr(settings, name)]
    hint = f"Set {' and '.join(missing)}; docs/cdn.md tells more."
    return [Error("Purges have no address.", hint=hint, id="gatehouse.E006")] if missing else []


@register()
def issuers_can_be_trusted(**kwargs: Any) -> list[CheckMessage]:
    """An issuer that is described wrongly would refuse every identity token, or trust the wrong."""
    try:
        issuers.configured()
    except issuers.InvalidIssuer as error:
        hint = "Correct GATEHOUSE_OIDC_PROVIDERS or GATEHOUSE_OIDC_ISSUERS."
        return [Error(f"Trusted publishing: {error}.", hint=hint, id="gatehouse.E007")]
    return []


@register()
def sign_in_is_consistent(**kwargs: Any) -> list[CheckMessage]:
    """A sign-up that nobody, or everybody, can use is said at start."""
    hint = "docs/sign-in.md tells more."
    return [Error(words, hint=hint, id="gatehouse.E008") for words in _sign_in_faults()]


def _sign_in_faults() -> list[str]:
    providers = settings.SIGN_IN_PROVIDERS
    github = "APPS" in settings.SOCIALACCOUNT_PROVIDERS["github"]
    faults = {
        f"GATEHOUSE_SIGNUP is {settings.SIGNUP!r}, and none of {', '.join(SIGNUPS)}.": (
            settings.SIGNUP not in SIGNUPS
        ),
        "GATEHOUSE_SIGNUP is 'providers', and there is no provider.": (
            settings.SIGNUP == "providers" and not (github or providers)
        ),
        "GATEHOUSE_GITHUB_ORGANIZATIONS is set, and GATEHOUSE_GITHUB_CLIENT_ID is not.": (
            bool(settings.GITHUB_ORGANIZATIONS) and not github
        ),
        "GATEHOUSE_SIGN_IN_PROVIDERS names an id twice.": (
            len({given.get("id") for given in providers}) < len(providers)
        ),
    }
    return [words for words, there in faults.items() if there] + _provider_faults()


def _provider_faults() -> list[str]:
    needed = ("id", "server", "client_id", "client_secret")
    found = []
    for given in settings.SIGN_IN_PROVIDERS:
        who = f"Provider {given.get('id', '?')!r} of GATEHOUSE_SIGN_IN_PROVIDERS"
        if missing := [name for name in needed if not given.get(name)]:
            found.append(f"{who} has no {', '.join(missing)}.")
        elif not _is_private_channel(given["server"]):
            found.append(f"{who} is not reached by https.")
    return found


def _is_private_channel(address: str) -> bool:
    """Tokens come straight from the provider: nobody may stand in between."""
    parts = urlsplit(address)
    return parts.scheme == "https" or parts.hostname in ("localhost", "127.0.0.1", "::1")


@register(Tags.security, deploy=True)
def sign_up_goes_round_nothing(**kwargs: Any) -> list[CheckMessage]:
    """Who limits GitHub to organisations hardly means to let everybody else in by a form."""
    if not settings.GITHUB_ORGANIZATIONS or settings.SIGNUP != "open" or settings.EMAIL_DOMAINS:
        return []
    words = "GATEHOUSE_GITHUB_ORGANIZATIONS limits GitHub, and the form lets anybody sign up."
    hint = "Set GATEHOUSE_SIGNUP=providers, or GATEHOUSE_EMAIL_DOMAINS."
    return [CheckWarning(words, hint=hint, id="gatehouse.W002")]


@register(Tags.database)
def two_moderators_are_there(**kwargs: Any) -> list[CheckMessage]:
    """Where two must agree and there is one, nothing is ever removed."""
    if not settings.SECOND_MODERATOR or not kwargs.get("databases"):
        return []
    try:
        many = len(_who_confirm())
    except DatabaseError:  # before the first migration
        return []
    if many > 1:
        return []
    words = f"GATEHOUSE_SECOND_MODERATOR wants two moderators, and {many} may remove and prohibit."
    hint = "Add somebody to the group Moderators (docs/moderation.md), or unset it."
    return [CheckWarning(words, hint=hint, id="gatehouse.W003")]


def _who_confirm() -> list[User]:
    """Who may take each of the actions that want a second moderator."""
    from moderation import actions, cases

    wanted = {each.permission for each in actions.ACTIONS.values() if each.destructive}
    return [user for user in cases.moderators() if user.has_perms(wanted)]


@register(Tags.security, deploy=True)
def https_is_on(**kwargs: Any) -> list[CheckMessage]:
    """Tokens travel in a header: without TLS everybody on the way reads them."""
    if settings.HTTPS:
        return []
    hint = "Set GATEHOUSE_URL to the https address that people use."
    return [CheckWarning("The site's address is not https.", hint=hint, id="gatehouse.W001")]
