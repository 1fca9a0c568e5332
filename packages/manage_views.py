"""What the pages behind a project's counter share: who may stand there, and how it went."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect

from accounts import actors
from packages import access
from packages.models import Project
from pypi_site.lib.http import written
from pypi_site.lib.problems import NotFound, Problem, ReasonNeeded


def own_project(
    request: HttpRequest, name: str, kinds: Iterable[str] = access.UPLOADERS
) -> Project:
    """Whoever has no such role on the project learns nothing here."""
    try:
        return access.project_of(actors.of_request(request), name, kinds)
    except NotFound as problem:
        raise Http404(problem.detail) from None


def may_manage(request: HttpRequest, project: Project) -> bool:
    """Whether it is an owner (or an administrator), not a maintainer."""
    try:
        access.authorize_management(actors.of_request(request), project)
    except access.NotYours:
        return False
    except access.InQuarantine:
        pass
    return True


def reason(request: HttpRequest, what: object, *, needed: bool) -> str:
    """What was written as the reason; `ReasonNeeded` if `what` should go without one."""
    text = written(request)
    if needed and not text:
        raise ReasonNeeded(f"{what} is still here: write why it should go.")
    return text


def answer(
    request: HttpRequest, act: Callable[[], str], view: str, project: Project
) -> HttpResponse:
    """Do it, say in a sentence how it went, and lead back to `view` of the project."""
    try:
        messages.success(request, act())
    except Problem as problem:
        messages.error(request, problem.detail)
    project.refresh_from_db(fields=["normalized_name"])
    return redirect(view, project.normalized_name)


def answer_leaving(
    request: HttpRequest, act: Callable[[], str], view: str, project: Project, *, otherwise: str
) -> HttpResponse:
    """The same of what may end one's own role: who has none any more is led to `otherwise`."""
    answered = answer(request, act, view, project)
    try:
        own_project(request, project.normalized_name)
    except Http404:
        return redirect(otherwise)
    return answered
