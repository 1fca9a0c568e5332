"""``/project/<name>/stages/``: what is staged of a project, for those who may publish it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit
from uuid import UUID

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import Prefetch
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts import actors
from packages import access, choices, names, projects
from packages.choices import Choice
from packages.models import FileSession, FileStatus, Project, Role, Stage, StageStatus
from packages.tables import Badge, Row, Table
from packages.uploads import staging
from packages.views import LOCAL_HOSTS, Banner, Snippet
from pypi_site.lib.problems import NotFound, Problem

COLUMNS = ("Size", "State", "SHA-256")
REASON_LENGTH = 500
FILE_TONES = {FileStatus.COMPLETED: "good", FileStatus.ERROR: "bad", FileStatus.PENDING: "warn"}


class ReasonForm(forms.Form):
    """Why; nobody has to say."""

    reason = forms.CharField(required=False, max_length=REASON_LENGTH)


@dataclass(frozen=True)
class StageView:
    """A stage as the page shows it."""

    stage: Stage
    files: Table
    discard: Choice | None
    banners: list[Banner]
    snippets: list[Snippet]
    waits_for: list[str]  # the files that keep it from being published


@never_cache
@login_required
@require_safe
def stages(request: HttpRequest, name: str) -> HttpResponse:
    """The live sessions of a project, public or only reserved, and the uploads that are held."""
    role = _role(request, name)
    live = FileSession.objects.live().order_by("filename")
    found = staging.sessions_of(role.project).prefetch_related(
        Prefetch("file_sessions", live, to_attr="live_files")
    )
    held = role.project.stages.held().plain().order_by("pk").prefetch_related("files")
    context = {
        "project": role.project,
        "held": [_view_of_held(stage) for stage in held],
        "is_owner": role.kind == Role.Kind.OWNER,
        "stages": [_view(request, stage) for stage in found],
        "tool_snippets": _tool_snippets(request),
    }
    return render(request, "packages/stages.html", context)


@login_required
@require_POST
def publish(request: HttpRequest, name: str, session: UUID) -> HttpResponse:
    """Make a stage public, as far as policies allow."""

    def act() -> str:
        stage = _stage(request, name, session)
        stage = staging.publish(stage, actor=actors.of_request(request), reason=_reason(request))
        if stage.status == StageStatus.PUBLISHED:
            return f"{stage} is public now."
        return f"{stage} waits for a moderator. {' '.join(stage.notices)}"

    return _answer(request, name, act)


@login_required
@require_POST
def discard(request: HttpRequest, name: str, session: UUID) -> HttpResponse:
    """Give a stage up; nothing of it was public."""

    def act() -> str:
        stage = _stage(request, name, session)
        staging.cancel(stage, actor=actors.of_request(request), reason=_reason(request))
        return f"{stage} was discarded. Nothing of it was public, and its filenames are free."

    return _answer(request, name, act)


@login_required
@require_POST
def switch(request: HttpRequest, name: str) -> HttpResponse:
    """Whether twine and uv stage their uploads here; for owners."""
    project = _role(request, name).project
    on = request.POST.get("on") == "yes"

    def act() -> str:
        projects.set_staging(project, actor=actors.of_request(request), on=on)
        if on:
            return f"Every upload to {project} waits here now until it is published."
        return f"Uploads to {project} are published at once now."

    return _answer(request, name, act)


def _answer(request: HttpRequest, name: str, act: Callable[[], str]) -> HttpResponse:
    """Do it, say in a sentence how it went, and lead back."""
    try:
        messages.success(request, act())
    except NotFound as problem:
        raise Http404(problem.detail) from None
    except Problem as problem:
        found = [error["message"] for error in problem.errors]
        messages.error(request, " ".join(dict.fromkeys([problem.detail, *found])))
    key = names.normalize(name)
    # whoever discards the first stage of a new name gives up the name, and has no page left
    mine = Project.objects.held_by(request.user.pk, access.UPLOADERS)
    is_mine = mine.filter(normalized_name=key).exists()
    return redirect("project-stages", key) if is_mine else redirect("home")


def _role(request: HttpRequest, name: str) -> access.Held:
    try:
        return access.role_on(actors.of_request(request), name)
    except NotFound as problem:
        raise Http404(problem.detail) from None


def _stage(request: HttpRequest, name: str, session: UUID) -> Stage:
    return staging.session_to_change(actors.of_request(request), name, session)


def _reason(request: HttpRequest) -> str:
    form = ReasonForm(request.POST)
    if not form.is_valid():
        raise staging.InvalidSession("Write a reason of at most 500 ordinary characters, or none.")
    return str(form.cleaned_data["reason"])


# -- what the page shows --------------------------------------------------------------------------


def _view(request: HttpRequest, stage: Stage) -> StageView:
    files: list[FileSession] = getattr(stage, "live_files")  # noqa: B009 - set by Prefetch
    return StageView(
        stage=stage,
        files=Table(f"Files of {stage}", COLUMNS, tuple(_row(file) for file in files)),
        discard=_discard(stage),
        banners=_banners(stage),
        snippets=_preview_snippets(request, stage) if files else [],
        waits_for=[file.filename for file in files if file.status != FileStatus.COMPLETED],
    )


def _view_of_held(stage: Stage) -> StageView:
    """A plain upload that waits for a moderator: there is nothing to do but to wait."""
    rows = tuple(
        Row(
            title=file.filename,
            id=f"held-{file.pk}",
            size=file.size,
            state=Badge("complete", "good"),
            sha256=file.sha256,
        )
        for file in stage.files.all()
    )
    return StageView(
        stage, Table(f"Files of {stage}", COLUMNS, rows), None, _banners(stage), [], []
    )


def _row(file: FileSession) -> Row:
    return Row(
        title=file.filename,
        id=str(file.identifier),
        facts=tuple(file.notices),
        size=file.size,
        state=Badge(file.status, FILE_TONES.get(FileStatus(file.status), "")),
        sha256=file.received or file.hashes.get("sha256", ""),
    )


def _discard(stage: Stage) -> Choice:
    text = "Nothing of it was public. Its files are deleted here and can be staged again."
    if stage.project.published_at is None:
        text += " The name is given up with its last stage."
    return Choice(
        id=str(stage.identifier),
        address=reverse(
            "project-stage-discard", args=[stage.project.normalized_name, stage.identifier]
        ),
        label=f"Discard {stage.version}",
        text=text,
        asks=(choices.reason(choices.RECORD, length=REASON_LENGTH),),
        danger=True,
    )


def _banners(stage: Stage) -> list[Banner]:
    notices = tuple(stage.notices)
    if stage.status == StageStatus.PROCESSING:
        more = "It becomes public as soon as a moderator approves it; you get an e-mail."
        return [Banner("warn", f"A moderator looks at {stage}", (*notices, more))]
    if stage.status == StageStatus.ERROR:
        more = "Mend it and publish it again, or discard it."
        return [Banner("bad", "This stage was not published", (*notices, more))]
    return [Banner("", "About this stage", notices)] if notices else []


def _preview_snippets(request: HttpRequest, stage: Stage) -> list[Snippet]:
    """How to install it before anybody else can, where this site lets people."""
    if not settings.UPLOAD_PREVIEWS:
        return []
    url = request.build_absolute_uri(reverse("stage", args=[stage.session_token]))
    place = urlsplit(url)
    insecure = place.scheme == "http" and place.hostname not in LOCAL_HOSTS
    trust = f" --trusted-host {place.hostname}" if insecure else ""
    allow = f" --allow-insecure-host {place.hostname}" if insecure else ""
    what = f"{stage.project.name}=={stage.version}"
    pip, uv = f"pip install --extra-index-url {url}{trust}", f"uv pip install --index {url}{allow}"
    return [
        Snippet(f"pip-{stage.identifier}", "Try it with pip", f"{pip} {what}"),
        Snippet(f"uv-{stage.identifier}", "Try it with uv", f"{uv} {what}"),
    ]


def _tool_snippets(request: HttpRequest) -> list[Snippet]:
    url = request.build_absolute_uri(reverse("upload-2.0"))
    return [Snippet("bin-stage", "Stage a folder of files", f"bin/stage --url {url} dist/")]
