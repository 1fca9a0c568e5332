"""The gate of a private index, and what holds for every answer that was made for one person."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.utils.cache import patch_vary_headers

from accounts.authentication import CredentialsNeeded
from packages import readers
from packages.models.reader import ANYBODY
from packages.reach import TokenTooNarrow
from pypi_site.lib import cdn, problems
from pypi_site.lib.problems import Problem

# Where programs read: they are refused in words and by a challenge, never sent to a form.
PROGRAMS: Final = re.compile(
    r"/(?:simple|files|packages|pypi|api|feeds|rss|sitemap|stages|legacy/\+simple|upload|RPC2)"
)
# What a private index says to everybody: how to sign in, and nothing of any project.  Uploads
# and the admin ask for themselves who is there.
OPEN: Final = re.compile(
    r"/(?:accounts/|account/|static/|_/|\.well-known/|admin/|help/problems/|upload/2\.0)"
    r"|/(?:healthz|robots\.txt|opensearch\.xml|legacy/?)$"
)
CREDENTIALS: Final = "Authorization, Cookie"


class PrivacyMiddleware:
    """``GATEHOUSE_PRIVATE`` closes whatever is not `OPEN`.  Stands behind Django's sign-in."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        closed = bool(settings.PRIVATE) and not OPEN.match(request.path)
        if closed and (refusal := _refuse(request)):
            return refusal
        response = self.get_response(request)
        if response.status_code == 404 and PROGRAMS.match(request.path):
            response = _not_found(request, response)
        reader = readers.was_asked(request)
        if closed or (reader is not None and reader != ANYBODY):
            _keep_to_himself(response)
        return response


def _refuse(request: HttpRequest) -> HttpResponse | None:
    """Whoever is nobody learns nothing here, not even what there is."""
    reader = readers.of_request(request)
    if reader != ANYBODY:
        return None
    if not PROGRAMS.match(request.path) and readers.is_anonymous(request):
        return redirect_to_login(request.get_full_path())
    return problems.respond(request, _challenge(request) or _may_not_read())


def _not_found(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """The same for what is hidden and for what is not there, so also the challenge."""
    if request.method in ("GET", "HEAD") and (challenge := _challenge(request)):
        return problems.respond(request, challenge)
    patch_vary_headers(response, CREDENTIALS.split(", "))
    return response


def _challenge(request: HttpRequest) -> Problem | None:
    """401 to credentials that are of no use, and to nobody where clients are asked for some."""
    if refusal := readers.refusal_of(request):
        return CredentialsNeeded(refusal.detail)
    if (settings.PRIVATE or settings.CHALLENGE) and readers.is_anonymous(request):
        return CredentialsNeeded(
            "Whoever reads here has an API token: send the user name __token__ with the token as"
            " password."
        )
    return None


def _may_not_read() -> Problem:
    return TokenTooNarrow("This token may not read; use one that may, or make another.")


def _keep_to_himself(response: HttpResponse) -> None:
    """No cache in front keeps it, and no other site's script reads it."""
    if "private" not in response.get("Cache-Control", ""):
        response["Cache-Control"] = "private, no-store"
    patch_vary_headers(response, CREDENTIALS.split(", "))
    for name in ("Surrogate-Control", "Access-Control-Allow-Origin", *cdn.key_headers("any")):
        if response.has_header(name):
            del response[name]
