"""What our pages may load, and where their forms may lead (Content-Security-Policy)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from csp.constants import NONE, SELF


def policy(forms_lead_to: Iterable[str]) -> dict[str, Any]:
    """For `settings.CONTENT_SECURITY_POLICY`; forms lead to ourselves and to these origins."""
    return {
        "DIRECTIVES": {
            "default-src": [NONE],
            "script-src": [SELF],
            "style-src": [SELF],
            # Descriptions show images from anywhere, as on every package index.
            "img-src": [SELF, "https:", "data:"],
            "font-src": [SELF],
            "connect-src": [SELF],
            "form-action": [SELF, *forms_lead_to],
            "frame-ancestors": [NONE],
            "base-uri": [NONE],
        }
    }
