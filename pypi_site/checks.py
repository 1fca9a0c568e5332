"""Deployment checks: settings that contradict each other are said at start, not at midnight."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register
from django.core.checks import Warning as CheckWarning
from django.utils.module_loading import import_string

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


@register(Tags.security, deploy=True)
def https_is_on(**kwargs: Any) -> list[CheckMessage]:
    """Tokens travel in a header: without TLS everybody on the way reads them."""
    if settings.HTTPS:
        return []
    hint = "Set GATEHOUSE_URL to the https address that people use."
    return [CheckWarning("The site's address is not https.", hint=hint, id="gatehouse.W001")]
