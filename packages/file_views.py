"""``/project/<name>/files/``: every file of a project, to yank, delete and restore."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts import actors
from packages import access, choices, manage_views
from packages import files as verbs
from packages.choices import Choice
from packages.models import File
from packages.tables import Row, Table, state_of_file

PAGE_SIZE = 50
COLUMNS = ("Size", "Uploaded", "State")
VERBS: dict[str, Callable[..., File]] = {
    "yank": verbs.yank,
    "unyank": verbs.unyank,
    "delete": verbs.delete,
    "restore": verbs.restore,
}
DONE = {
    "yank": "is yanked: installers skip it, unless its version is named exactly.",
    "unyank": "is not yanked any more.",
    "delete": "lies in the bin now and is not offered any more.",
    "restore": "is offered again, at the same address.",
}


@never_cache
@login_required
@require_safe
def files(request: HttpRequest, name: str) -> HttpResponse:
    """Every file of the project, newest first; those in the bin, too."""
    project = manage_views.own_project(request, name)
    found = File.objects.filter(release__project=project).select_related("release__project")
    page = Paginator(found.order_by("-uploaded_at", "filename"), PAGE_SIZE)
    page_obj = page.get_page(request.GET.get("page"))
    is_owner = manage_views.may_manage(request, project)
    rows = tuple(_row(request, file, is_owner=is_owner) for file in page_obj)
    context = {
        "project": project,
        "page_obj": page_obj,
        "table": Table(f"All files of {project}, newest first", COLUMNS, rows),
        "deletion_hours": settings.DELETION_HOURS,
        "bin_days": settings.BIN_DAYS,
    }
    return render(request, "packages/files.html", context)


def _row(request: HttpRequest, file: File, *, is_owner: bool) -> Row:
    state, sentence = state_of_file(file)
    return Row(
        title=file.filename,
        id=file.identity,
        facts=(sentence,) if sentence else (),
        size=file.size,
        at=file.uploaded_at,
        state=state,
        choices=tuple(_choices(request, file, is_owner=is_owner)),
    )


def _choices(request: HttpRequest, file: File, *, is_owner: bool) -> Iterator[Choice]:
    """What may be done about it now; nothing that is in quarantine changes."""
    if _is_fixed(file):
        return
    place = (str(file.pk), file.filename)
    if file.deleted_at:
        if is_owner:
            yield choices.restore(place[0], _address(file, "restore"), place[1])
        return
    if file.yanked_at:
        yield choices.unyank(place[0], _address(file, "unyank"), place[1])
    else:
        yield choices.yank(place[0], _address(file, "yank"), place[1])
    if is_owner and verbs.may_delete(actors.of_request(request), file):
        address = _address(file, "delete")
        yield choices.delete(place[0], address, place[1], days=settings.BIN_DAYS)


def _is_fixed(file: File) -> bool:
    project = file.release.project
    held = file.quarantined or file.release.quarantined or project.quarantined
    return held or bool(project.deleted_at or file.purged_at)


def _address(file: File, verb: str) -> str:
    return reverse(f"project-file-{verb}", args=[file.project.normalized_name, file.filename])


@login_required
@require_POST
def act(request: HttpRequest, name: str, filename: str, verb: str) -> HttpResponse:
    """Yank, unyank, delete or restore one file; `verb` says which."""
    kinds = access.UPLOADERS if verb in ("yank", "unyank") else access.OWNERS
    project = manage_views.own_project(request, name, kinds)
    file = File.objects.filter(release__project=project, filename=filename).first()
    if file is None:
        raise Http404("There is no such file.")

    def do() -> str:
        needs_reason = verb == "delete"
        reason = manage_views.reason(request, file, needed=needs_reason)
        VERBS[verb](file, actor=actors.of_request(request), reason=reason)
        return f"{file} {DONE[verb]}"

    return manage_views.answer(request, do, "project-files", project)
