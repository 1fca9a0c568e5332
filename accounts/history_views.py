"""``/accounts/history/``: what happened to one's account, to look at and to take along."""

from __future__ import annotations

import json
from collections.abc import Iterator

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import histories
from accounts.event_words import GROUPS
from accounts.models import ApiToken, AuditEvent, TokenAction, User
from pypi_site.lib.problems import Refused
from pypi_site.lib.rest import EventPagination


@never_cache
@login_required
@require_safe
def history(request: HttpRequest) -> HttpResponse:
    """The events of whoever is signed in, the newest first."""
    user = request.user
    assert isinstance(user, User)
    chosen, before = request.GET.get("show", ""), request.GET.get("before", "")
    mine = AuditEvent.objects.of_person(user)
    events, older = histories.choose(mine, chosen, before, GROUPS)
    context = {
        "lines": [histories.of_person(event, user) for event in events],
        "older": older,
        "chosen": chosen,
        "groups": histories.choices(GROUPS),
    }
    return render(request, "accounts/history.html", context)


@never_cache
@login_required
@require_safe
def download(request: HttpRequest) -> StreamingHttpResponse:
    """The whole trail of whoever is signed in, as a JSON list."""
    assert isinstance(request.user, User)
    answer = StreamingHttpResponse(_as_json(request.user), content_type="application/json")
    answer["Content-Disposition"] = 'attachment; filename="security-history.json"'
    return answer


def _as_json(user: User) -> Iterator[str]:
    events = AuditEvent.objects.of_person(user).select_related("user").order_by("-pk")
    separator = "["
    for event in events.iterator():
        yield separator + json.dumps(histories.of_person(event, user).as_dict())
        separator = ",\n"
    yield "[]" if separator == "[" else "]"


class AccountEventsView(APIView):
    """``GET /api/v1/account/events/``: the same for programs, by cursor; a token must `manage`."""

    permission_classes = [IsAuthenticated]

    def get(self, request: Request) -> Response:
        user = request.user
        assert isinstance(user, User)
        if isinstance(request.auth, ApiToken):
            _require_whole(request.auth)
        pages = EventPagination()
        mine = AuditEvent.objects.of_person(user).select_related("user")
        events = pages.paginate_queryset(mine, request, view=self) or []
        return pages.get_paginated_response(
            [histories.of_person(event, user).as_dict() for event in events]
        )


def _require_whole(token: ApiToken) -> None:
    """What the account did is not for a token of one project."""
    if token.limited or not token.allows(TokenAction.MANAGE):
        raise Refused(
            "This token does not read the events of the account; use one that may manage, for all"
            " projects."
        )
