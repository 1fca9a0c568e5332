"""The world, and somebody who asks everybody in it."""

from __future__ import annotations

import pytest

from accounts import leaks
from packages import oidc_views
from tests.permissions import actors
from tests.permissions import world as worlds
from tests.permissions.judging import Court


@pytest.fixture
def court(settings, monkeypatch, mode):
    """Somebody who asks everybody in a world of this mode; nothing is limited by number."""
    settings.OIDC_ISSUERS = worlds.ISSUERS
    settings.ACCOUNT_RATE_LIMITS = False
    # Nobody asks for static files here, and each request would look for one.
    settings.WHITENOISE_AUTOREFRESH = settings.WHITENOISE_USE_FINDERS = False
    for module in (oidc_views, leaks):
        monkeypatch.setattr(module.window, "require", lambda *args: None)
    world = worlds.arrange(private=mode == "private")
    settings.PRIVATE = "roles" if mode == "roles" else ""
    return Court(
        world, mode, {name: actors.make(kind, world) for name, kind in actors.ACTORS.items()}
    )
