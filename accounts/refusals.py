"""Refusals that somebody reads of in his own trail: what he lacked, and who may have tried."""

from __future__ import annotations

from collections.abc import Callable

from django.core.cache import cache
from django.http import HttpRequest, HttpResponse

from accounts import actors, audit
from accounts.actors import Actor
from accounts.models import User
from accounts.second_factors import SecondFactorNeeded

ONCE_IN = 3600  # seconds; a job that tries again and again leaves one row


class RefusalsMiddleware:
    """Writes it down after the transaction that was refused is undone."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> None:
        note(request, exception)


def note(request: HttpRequest, refusal: Exception) -> None:
    """A second factor was wanted of an uploader."""
    if isinstance(refusal, SecondFactorNeeded):
        note_missing_factor(request, refusal.user, "upload")


def note_missing_factor(request: HttpRequest, user: User, wanted_for: str) -> None:
    """Somebody may do it, and was refused since he has no second factor."""
    if cache.add(f"factor.need:{user.pk}:{wanted_for}", True, ONCE_IN):
        here = actors.of_request(request)
        actor = Actor(user, None, here.address, here.client)
        audit.record(actor, "factor.need", user, after={"wanted_for": wanted_for})
