"""``/project/<name>/releases/``: every release of a project, to yank, delete and restore."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.core.paginator import Page, Paginator
from django.db.models import Count, Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts import actors
from packages import access, choices, files, manage_views, releases
from packages.choices import Choice
from packages.models import File, Project, Release
from packages.tables import Row, Table, state_of_release
from pypi_site.lib.problems import NotFound

PAGE_SIZE = 30
COLUMNS = ("Files", "Published", "State")
LEFT = Count("files", filter=Q(files__deleted_at=None))
BINNED = Count("files", filter=Q(files__deleted_at__isnull=False, files__purged_at=None))
VERBS: dict[str, Callable[..., Release]] = {
    "yank": releases.yank,
    "unyank": releases.unyank,
    "delete": releases.delete,
    "restore": releases.restore,
}
DONE = {
    "yank": "is yanked: installers skip it, unless it is named exactly.",
    "unyank": "is not yanked any more.",
    "delete": "is deleted: all its files lie in the bin.",
    "restore": "is restored: its files are offered again, at the same addresses.",
}


@never_cache
@login_required
@require_safe
def all_releases(request: HttpRequest, name: str) -> HttpResponse:
    """Every release of the project, the newest first; deleted ones, too."""
    project = manage_views.own_project(request, name)
    found = project.releases.newest_first().annotate(left=LEFT, binned=BINNED).defer("metadata")
    page = Paginator(found, PAGE_SIZE).get_page(request.GET.get("page"))
    context = {"project": project, "page_obj": page, "table": _table(request, project, page)}
    return render(request, "packages/releases.html", context)


def _table(request: HttpRequest, project: Project, page: Page[Any]) -> Table:
    is_owner = manage_views.may_manage(request, project)
    deletable = _deletable(request, page) if is_owner else set()
    rows = []
    for release in page:
        release.project = project
        rows.append(_row(release, is_owner=is_owner, deletable=release.pk in deletable))
    return Table(f"Releases of {project}, newest first", COLUMNS, tuple(rows), "Version")


def _deletable(request: HttpRequest, page: Page[Any]) -> set[int]:
    """The releases all of whose files the site's policy lets go; one query for the page."""
    actor, chosen = actors.of_request(request), {release.pk: release for release in page}
    left = File.objects.filter(release__in=chosen, deleted_at=None).defer("metadata")
    kept = {file.release_id for file in left if not _may_delete(file, chosen, actor)}
    return set(chosen) - kept


def _may_delete(file: File, chosen: dict[int, Release], actor: actors.Actor) -> bool:
    file.release = chosen[file.release_id]
    return files.may_delete(actor, file)


def _row(release: Release, *, is_owner: bool, deletable: bool) -> Row:
    left: int = getattr(release, "left")  # noqa: B009 - annotated
    state, sentence = state_of_release(release, has_files=bool(left))
    return Row(
        title=release.version,
        id=str(release.pk),
        address=release.get_absolute_url() if state.text in ("offered", "yanked") else "",
        facts=(sentence,) if sentence else (),
        amount=f"{left} file" if left == 1 else f"{left} files",
        at=release.published_at,
        state=state,
        choices=tuple(_choices(release, left, is_owner=is_owner, deletable=deletable)),
    )


def _choices(release: Release, left: int, *, is_owner: bool, deletable: bool) -> Iterator[Choice]:
    """What may be done about it now; nothing that is in quarantine changes."""
    if release.quarantined or release.project.quarantined or release.project.deleted_at:
        return
    key, what = str(release.pk), str(release)
    if left and release.yanked_at:
        yield choices.unyank(key, _address(release, "unyank"), what)
    elif left:
        yield choices.yank(key, _address(release, "yank"), what)
    if left and deletable:
        yield choices.delete(key, _address(release, "delete"), what, days=settings.BIN_DAYS)
    if is_owner and getattr(release, "binned"):  # noqa: B009 - annotated
        yield choices.restore(key, _address(release, "restore"), what)


def _address(release: Release, verb: str) -> str:
    place = [release.project.normalized_name, release.version]
    return reverse(f"project-release-{verb}", args=place)


@login_required
@require_POST
def act(request: HttpRequest, name: str, version: str, verb: str) -> HttpResponse:
    """Yank, unyank, delete or restore one release; `verb` says which."""
    kinds = access.UPLOADERS if verb in ("yank", "unyank") else access.OWNERS
    project = manage_views.own_project(request, name, kinds)
    try:
        release = access.any_release(project, version)
    except NotFound as problem:
        raise Http404(problem.detail) from None

    def do() -> str:
        needs_reason = verb == "delete"
        reason = manage_views.reason(request, release, needed=needs_reason)
        VERBS[verb](release, actor=actors.of_request(request), reason=reason)
        return f"{release} {DONE[verb]}"

    return manage_views.answer(request, do, "project-releases", project)
