"""``/project/<name>/files/``: where owners delete files, and take them out of the bin again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts import actors
from packages import access, names
from packages import files as verbs
from packages.models import File, Project
from pypi_site.lib.problems import NotFound, Problem, ReasonNeeded, Refused

PAGE_SIZE = 50


@dataclass(frozen=True)
class FileChoice:
    """A file as the page shows it, and what its owner may do about it now."""

    file: File
    deletable: bool
    restorable: bool


@never_cache
@login_required
@require_safe
def files(request: HttpRequest, name: str) -> HttpResponse:
    """Every file of the project, newest first; those in the bin, too."""
    project = _own_project(request, name)
    found = File.objects.filter(release__project=project).select_related("release__project")
    page = Paginator(found.order_by("-uploaded_at", "filename"), PAGE_SIZE)
    page_obj = page.get_page(request.GET.get("page"))
    context = {
        "project": project,
        "page_obj": page_obj,
        "choices": [_choice(request, file) for file in page_obj],
        "deletion_hours": settings.DELETION_HOURS,
        "bin_days": settings.BIN_DAYS,
    }
    return render(request, "packages/files.html", context)


def _choice(request: HttpRequest, file: File) -> FileChoice:
    deletable = file.deleted_at is None and verbs.may_delete(actors.of_request(request), file)
    return FileChoice(file, deletable, bool(file.deleted_at and not file.purged_at))


@login_required
@require_POST
def delete(request: HttpRequest, name: str, filename: str) -> HttpResponse:
    """Put a file into the bin; the form says why."""
    reason = request.POST.get("reason", "").strip()

    def act(file: File) -> str:
        if not reason:
            raise ReasonNeeded(f"{file} is still here: write why it should go.")
        verbs.delete(file, actor=actors.of_request(request), reason=reason)
        return f"{file} lies in the bin now and is not offered any more."

    return _answer(request, name, filename, act)


@login_required
@require_POST
def restore(request: HttpRequest, name: str, filename: str) -> HttpResponse:
    """Take a file out of the bin."""

    def act(file: File) -> str:
        verbs.restore(file, actor=actors.of_request(request))
        return f"{file} is offered again, at the same address."

    return _answer(request, name, filename, act)


def _answer(
    request: HttpRequest, name: str, filename: str, act: Callable[[File], str]
) -> HttpResponse:
    """Do it, say in a sentence how it went, and lead back."""
    project = _own_project(request, name)
    file = File.objects.filter(release__project=project, filename=filename).first()
    if file is None:
        raise Http404("There is no such file.")
    try:
        messages.success(request, act(file))
    except Problem as problem:
        messages.error(request, problem.detail)
    return redirect("project-files", project.normalized_name)


def _own_project(request: HttpRequest, name: str) -> Project:
    """Whoever may not manage the project learns nothing here."""
    try:
        project = access.known_project(names.normalize(name))
        access.authorize_management(actors.of_request(request), project)
    except (NotFound, Refused) as problem:
        raise Http404(problem.detail) from None
    return project
