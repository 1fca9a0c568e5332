"""The public log of removals: ``/removals/``, ``/api/v1/removals/`` for mirrors, a feed."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode, urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from moderation import removals
from moderation.models import Removal
from packages import feed_views, feeds, names
from pypi_site.lib import cdn, http
from pypi_site.lib.problems import Problem

PAGE, MOST = 50, 500
FEED = 40


class InvalidSerial(Problem):
    """The log of removals is followed by ``since``, a serial, and ``page_size``."""

    code, title = "invalid-serial", "Serial not understood"


@http.read_only
def page(request: HttpRequest) -> HttpResponse:
    """The newest first; ``?before=`` goes on, ``?project=`` shows one."""
    before = _number(request.GET.get("before"), 0) or None
    name = _name(request.GET.get("project", ""))
    shown = removals.newest(before, PAGE, name)
    asked = {"project": name} if name else {}
    older = urlencode({**asked, "before": shown.goes_on}) if shown.goes_on else ""
    context = {"entries": shown.entries, "older": older, "name": name, "before": before}
    return render(request, "moderation/removals.html", context)


def _number(given: str | None, default: int) -> int:
    if not given:
        return default
    if not (given.isascii() and given.isdecimal() and len(given) < 19):
        raise InvalidSerial(f"{given[:40]!r} is no number; take it from an answer of ours.")
    return int(given)


def _name(given: str) -> str:
    """Any spelling; what is no name is nobody's."""
    return names.normalize(given.strip()) if names.is_valid(given.strip()) else ""


class RemovalsView(APIView):
    """``?since=`` a serial: what came after it, the oldest first; ``next`` is the next page.

    Whoever has read everything keeps ``serial`` and asks from there the next time.
    """

    permission_classes = [AllowAny]

    def get(self, request: Request) -> Response:
        asked = request.query_params
        since = _number(asked.get("since"), 0)
        size = min(max(_number(asked.get("page_size"), PAGE), 1), MOST)
        name = _name(asked.get("project", ""))
        found = removals.following(since, size, name)
        body = {
            "removals": [_described(entry) for entry in found.entries],
            "serial": found.entries[-1].serial if found.entries else since,
            "next": _next(request, found.goes_on, size, name),
        }
        return Response(body, headers={"Cache-Control": feed_views.CACHE, **cdn.headers("root")})


def _next(request: Request, since: int | None, size: int, name: str) -> str | None:
    if since is None:
        return None
    asked: dict[str, Any] = {"since": since, "page_size": size}
    query = urlencode(asked | ({"project": name} if name else {}))
    return request.build_absolute_uri(f"{reverse('api-removals')}?{query}")


def _described(entry: Removal) -> dict[str, Any]:
    return {
        "serial": entry.serial,
        "at": entry.at,
        "action": entry.action,
        "scope": entry.scope,
        "name": entry.project.normalized_name,
        "version": entry.version or None,
        "filename": entry.filename or None,
        "files": entry.files,
        "category": entry.category,
        "reason": entry.reason,
        "takes_back": entry.takes_back_id,
    }


@http.read_only
def feed(request: HttpRequest, form: str) -> HttpResponseBase:
    """The newest entries, for feed readers."""
    version = feeds.version_of_site()
    source = feed_views.Source("Removals", reverse("removals"), "root", version, _entries)
    return feed_views.answer(request, form, source)


def _entries() -> list[feeds.Entry]:
    return [_entry(entry) for entry in removals.newest(None, FEED).entries]


def _entry(entry: Removal) -> feeds.Entry:
    return feeds.Entry(
        id=f"tag:{urlsplit(settings.SITE_URL).hostname},2026:removal/{entry.serial}",
        title=f"{entry.about}: {entry.get_action_display()}",
        path=f"{reverse('removals')}#removal-{entry.serial}",
        summary=entry.reason,
        author="",
        at=entry.at,
        categories=(entry.get_action_display(), entry.get_category_display()),
    )
