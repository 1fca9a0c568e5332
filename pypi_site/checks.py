"""Deployment checks: settings that contradict each other are said at start, not at midnight."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register
from django.core.checks import Warning as CheckWarning
from django.utils.module_loading import import_string

from pypi_site.lib import forwarded

HOLDS = ("nobody", "untrusted", "everybody")


@register()
def hold_is_known(**kwargs: Any) -> list[CheckMessage]:
    """A misspelt ``GATEHOUSE_HOLD`` must not open the gate."""
    if settings.UPLOAD_HOLD in HOLDS:
        return []
    hint = f"Set GATEHOUSE_HOLD to one of: {', '.join(HOLDS)}."
    return [Error(f"Unknown hold {settings.UPLOAD_HOLD!r}.", hint=hint, id="gatehouse.E001")]


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


@register(Tags.security, deploy=True)
def https_is_on(**kwargs: Any) -> list[CheckMessage]:
    """Tokens travel in a header: without TLS everybody on the way reads them."""
    if settings.HTTPS:
        return []
    hint = "Set GATEHOUSE_URL to the https address that people use."
    return [CheckWarning("The site's address is not https.", hint=hint, id="gatehouse.W001")]
