"""Where somebody is signed in: which device, from where, since when."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Any

from allauth.usersessions.models import UserSession
from django.contrib.auth import HASH_SESSION_KEY
from django.contrib.sessions.models import Session
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from accounts import audit, powers
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
    """The sessions that are alive, the latest first; forgets those that are not."""
    rows = list(UserSession.objects.filter(user=user).order_by("-last_seen_at"))
    alive = _alive(user, [row.session_key for row in rows])
    if dead := [row.pk for row in rows if row.session_key not in alive]:
        UserSession.objects.filter(pk__in=dead).delete()
    return [row for row in rows if row.session_key in alive]


def _alive(user: User, keys: list[str]) -> set[str]:
    """A session ends with its day, or with the password that it was begun with."""
    hashes = {user.get_session_auth_hash(), *user.get_session_auth_fallback_hash()}
    stored = Session.objects.filter(session_key__in=keys, expire_date__gt=timezone.now())
    found = [(row.session_key, row.get_decoded().get(HASH_SESSION_KEY)) for row in stored]
    return {key for key, begun_with in found if user.is_active and begun_with in hashes}


def end(session: UserSession, *, actor: Actor) -> None:
    """Sign one browser out, and leave a trace."""
    place = {"address": session.ip, "device": device(session.user_agent)}
    session.end()
    audit.record(actor, "session.end", session.user, after=place)


@transaction.atomic
def end_all(user: User, *, actor: Actor, reason: str = "", but: str | None = None) -> int:
    """Sign somebody out everywhere, but for the session with the key `but`; returns of how many.

    Devices that he was seen with are strangers again.  Raises `Refused` where staff acts on
    somebody who may more than it.
    """
    user = User.objects.select_for_update().get(pk=user.pk)
    if user != actor.user:
        powers.require_over(actor, user)
    ended = end_every(user, but=but)
    audit.record(actor, "session.end_all", user, reason=reason, after={"count": ended})
    return ended


def end_every(user: User, but: str | None = None) -> int:
    """The same inside another verb, which records it."""
    rows = UserSession.objects.filter(user=user).exclude(session_key=but or "")
    keys = list(rows.values_list("session_key", flat=True))
    Session.objects.filter(session_key__in=keys).delete()
    rows.delete()
    if but is None:
        user.known_devices.all().delete()  # type: ignore[attr-defined]
    return len(keys)
