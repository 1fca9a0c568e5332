"""Who looks: the `Reader` behind a request, by a token or by a session."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest

from accounts import actors, authentication, second_factors
from accounts.actors import SYSTEM, Actor
from accounts.models import TokenAction
from packages.models import Reader
from packages.models.reader import ANYBODY
from pypi_site.lib.problems import Problem

READ_PRIVATE = "packages.read_private"
_READER, _REFUSAL = "_gatehouse_reader", "_gatehouse_refusal"


def of_actor(actor: Actor) -> Reader:
    """What the actor may see: with a token that may not read, what anybody may."""
    if actor.token and not actor.token.allows(TokenAction.READ):
        return ANYBODY
    return who_acts(actor)


def who_acts(actor: Actor) -> Reader:
    """The same of whoever changes something: his verb is asked whether the token allows it."""
    if actor is SYSTEM:
        return Reader(everything=True)
    user, limited = actor.user, actor.token is not None and actor.token.limited
    if user is None:
        return ANYBODY
    everything = (user.is_staff or user.is_superuser) and user.has_perm(READ_PRIVATE)
    everything = everything and second_factors.suffice_for_staff(user)
    return Reader(user.pk, actor.token.pk if actor.token and limited else None, everything)


def of_request(request: HttpRequest) -> Reader:
    """What the request may see.  Useless credentials see what anybody sees: see `refusal_of`."""
    found: Reader | None = getattr(request, _READER, None)
    if found is None:
        found = _find(request)
        setattr(request, _READER, found)
    return found


def was_asked(request: HttpRequest) -> Reader | None:
    """The reader, if anybody asked for him: then the answer may be for him alone."""
    reader: Reader | None = getattr(request, _READER, None)
    return reader


def refusal_of(request: HttpRequest) -> Problem | None:
    """Why the credentials that were sent are of no use."""
    of_request(request)
    refusal: Problem | None = getattr(request, _REFUSAL, None)
    return refusal


def is_anonymous(request: HttpRequest) -> bool:
    """Neither credentials nor a session."""
    return not request.headers.get("Authorization") and _signed_in(request) is None


def _find(request: HttpRequest) -> Reader:
    if not request.headers.get("Authorization"):
        actor = _signed_in(request)
        return of_actor(actor) if actor else ANYBODY
    try:
        return of_actor(authentication.token_actor(request))
    except Problem as problem:
        setattr(request, _REFUSAL, problem)
        return ANYBODY


def _signed_in(request: HttpRequest) -> Actor | None:
    """Without a cookie the session is left alone: to look at it would say ``Vary: Cookie``."""
    if settings.SESSION_COOKIE_NAME not in request.COOKIES:
        return None
    actor = actors.of_request(request)
    return actor if actor.user else None
