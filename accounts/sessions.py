"""Where somebody is signed in: which device, from where, since when."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Any

from allauth.usersessions.models import UserSession
from django.http import HttpRequest, HttpResponse

from accounts import audit
from accounts.actors import Actor
from accounts.models import User

LAST_SEEN = "last_seen"
RESOLUTION = 300  # seconds: a write for each page would cost more than it tells
# The first that is found names the browser: Edge calls itself Chrome, and Chrome Safari.
_BROWSERS = {
    "Firefox": r"Firefox/|FxiOS/",
    "Edge": r"Edg(?:A|iOS)?/",
    "Opera": r"OPR/",
    "Chrome": r"Chrome/|CriOS/",
    "Safari": r"Safari/",
    "curl": r"curl/",
}
_SYSTEMS = {
    "iPhone": r"iPhone",
    "iPad": r"iPad",
    "Android": r"Android",
    "ChromeOS": r"CrOS",
    "Windows": r"Windows",
    "macOS": r"Mac OS X|Macintosh",
    "Linux": r"Linux|X11",
}


class LastSeenMiddleware:
    """Remembers where a session was last seen, for pages that looked at who is asking."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        # Only where the page has loaded the person: nothing is asked of a database that is away.
        person = getattr(request, "_cached_user", None)
        if person is not None and person.is_authenticated:
            _note(request)
        return response


def _note(request: HttpRequest) -> None:
    if time.time() - request.session.get(LAST_SEEN, time.time()) >= RESOLUTION:
        request.session[LAST_SEEN] = int(time.time())
        UserSession.objects.create_from_request(request)


def begin(request: HttpRequest, **about: Any) -> None:
    """allauth has just written down the new session: it was seen now."""
    request.session[LAST_SEEN] = int(time.time())


def device(user_agent: str) -> str:
    """What a browser calls itself, in words: Firefox on Linux."""
    browser, system = _first(_BROWSERS, user_agent), _first(_SYSTEMS, user_agent)
    if browser and system:
        return f"{browser} on {system}"
    return browser or system or "An unknown browser"


def _first(patterns: dict[str, str], text: str) -> str:
    return next((name for name, pattern in patterns.items() if re.search(pattern, text)), "")


def of_user(user: User) -> list[UserSession]:
    """The sessions that are alive, the latest first."""
    alive = UserSession.objects.purge_and_list(user)
    return sorted(alive, key=lambda session: session.last_seen_at, reverse=True)


def end(session: UserSession, *, actor: Actor) -> None:
    """Sign one browser out, and leave a trace."""
    place = {"address": session.ip, "device": device(session.user_agent)}
    session.end()
    audit.record(actor, "session.end", session.user, after=place)
