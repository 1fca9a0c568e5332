"""``/project/<name>/history/`` and its twin for programs: what was done to a project, by whom."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import actors, histories
from accounts.event_words import OF_PROJECT_GROUPS, OF_PROJECTS
from accounts.models import ApiToken, AuditEvent, TokenAction, User
from accounts.models.audit import AuditEventQuerySet
from packages import access, insiders, manage_views, reach
from packages.models import Project, TokenProject
from pypi_site.lib.rest import EventPagination

MOST_TOKENS = 1000


@never_cache
@login_required
@require_safe
def history(request: HttpRequest, name: str) -> HttpResponse:
    """What owners see of what was done to their project; maintainers are told whom to ask."""
    project = manage_views.own_project(request, name)
    if not manage_views.may_manage(request, project):
        return render(request, "packages/history.html", {"project": project})
    return render(request, "packages/history.html", _context(request, project))


def _context(request: HttpRequest, project: Project) -> dict[str, Any]:
    assert isinstance(request.user, User)
    chosen, before = request.GET.get("show", ""), request.GET.get("before", "")
    events, older = histories.choose(events_of(project), chosen, before, OF_PROJECT_GROUPS)
    known = _insiders(project)
    return {
        "project": project,
        "is_owner": True,
        "lines": [histories.of_project(event, request.user, known) for event in events],
        "older": older,
        "chosen": chosen,
        "groups": histories.choices(OF_PROJECT_GROUPS),
    }


def events_of(project: Project) -> AuditEventQuerySet:
    """What concerns the project; nothing of the desk, such as who reported it."""
    tokens = TokenProject.objects.filter(project=project).order_by("-token")
    made_for_it = list(tokens.values_list("token", flat=True)[:MOST_TOKENS])
    return AuditEvent.objects.of_project(project.pk, made_for_it).of_actions(OF_PROJECTS)


def _insiders(project: Project) -> set[int]:
    return set(insiders.people_of(project).values_list("pk", flat=True))


class ProjectEventsView(APIView):
    """``GET /api/v1/projects/<name>/events/``: for owners, and tokens of theirs that manage."""

    permission_classes = [IsAuthenticated]

    def get(self, request: Request, name: str) -> Response:
        user, token = request.user, request.auth if isinstance(request.auth, ApiToken) else None
        assert isinstance(user, User)
        actor = actors.of_request(request._request, token)
        project = access.project_of(actor, name)
        reach.require_allowed(actor, TokenAction.MANAGE)
        known = _insiders(project)
        pages = EventPagination()
        events = events_of(project).select_related("user")
        found = pages.paginate_queryset(events, request, view=self) or []
        lines = [histories.of_project(event, user, known).as_dict() for event in found]
        return pages.get_paginated_response(lines)
