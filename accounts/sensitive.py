"""Pages whose changes want that the person has just proven who he is.

A session that was left open, or taken, does not suffice to make tokens, give roles away or end a
project.  People who have neither password nor second factor prove nothing again: their provider
let them in.  docs/sign-in.md lists every such page, and a test holds it to that.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from allauth.account.decorators import reauthentication_required
from django.http import HttpResponse

View = Callable[..., HttpResponse]


def confirmed(view: View) -> View:
    """Ask again before a POST, unless he was asked within `ACCOUNT_REAUTHENTICATION_TIMEOUT`."""
    guarded: Any = reauthentication_required(view, allow_get=True)
    guarded.wants_confirmation = True
    return guarded  # type: ignore[no-any-return]
