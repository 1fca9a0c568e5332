"""``/stages/<token>/``: a release that is being prepared, as an index of its own (PEP 694).

Whoever has the token may look and install: ``pip install --extra-index-url``.  Nothing of it may
be cached, indexed or passed on.
"""

from __future__ import annotations

from datetime import UTC
from functools import partial

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.views.decorators.http import require_safe

from packages import names, readers, storage
from packages.models import Project, Stage, StagedFile
from packages.simple import negotiation, renderers
from packages.simple.negotiation import Representation
from packages.simple.pages import FileLink, ProjectLink, ProjectPage
from pypi_site.lib import http
from pypi_site.lib.problems import NotFound


@require_safe
def root(request: HttpRequest, token: str) -> HttpResponse:
    """The only project of the stage."""
    stage = _stage(request, token)
    link = ProjectLink(stage.project.name, stage.project.normalized_name, 0)
    wanted = negotiation.choose(request)
    if wanted is Representation.JSON:
        return _page(renderers.root_json([link], 0), wanted)
    return _page(renderers.root_html([link], reverse("stage", args=[token])), wanted)


@require_safe
def project(request: HttpRequest, token: str, name: str) -> HttpResponse:
    """The files of the stage; every other name is not found, so that pip asks the next index."""
    stage = _stage(request, token)
    if names.normalize(name) != stage.project.normalized_name:
        raise NotFound("This stage holds another project.")
    page = ProjectPage(
        name=stage.project.normalized_name,
        status=stage.project.status,
        status_reason=stage.project.status_reason,
        versions=(stage.version,),
        files=tuple(_link(file, token) for file in stage.files.order_by("filename")),
        serial=0,
    )
    wanted = negotiation.choose(request)
    render = renderers.project_html
    if wanted is Representation.JSON:
        render = renderers.project_json
    return _page(render(page), wanted)


@require_safe
def file(request: HttpRequest, token: str, sha256: str, filename: str) -> HttpResponseBase:
    """The bytes of a staged file."""
    found = _file(request, token, sha256, filename)
    response = http.send_file(
        request,
        partial(storage.open_part, sha256),
        size=found.size,
        etag=f'"{sha256}"',
        content_type="application/octet-stream",
    )
    return _confidential(response)


@require_safe
def metadata(request: HttpRequest, token: str, sha256: str, filename: str) -> HttpResponseBase:
    """The metadata of a staged file (PEP 658)."""
    _file(request, token, sha256, filename)
    body = storage.read_metadata(sha256)
    return _confidential(HttpResponse(body, content_type="text/plain; charset=utf-8"))


def _stage(request: HttpRequest, token: str) -> Stage:
    """Readable until it is published or cancelled (U2-25, U2-30).

    Of a private project only by whoever may see that.
    """
    if not settings.UPLOAD_PREVIEWS:
        raise NotFound("This index shows no previews; publish the stage to install from it.")
    shown = Project.objects.shown(readers.of_request(request))
    active = Stage.objects.sessions().active().filter(project__in=shown)
    stage = active.select_related("project").filter(session_token=token).first()
    if stage is None or stage.project.quarantined:
        raise NotFound("There is no such stage, or it was published or cancelled.")
    return stage


def _file(request: HttpRequest, token: str, sha256: str, filename: str) -> StagedFile:
    found = _stage(request, token).files.filter(sha256=sha256, filename=filename).first()
    if found is None:
        raise NotFound("There is no such file in this stage.")
    return found


def _link(file: StagedFile, token: str) -> FileLink:
    return FileLink(
        filename=file.filename,
        url=reverse("stage-file", args=[token, file.sha256, file.filename]),
        sha256=file.sha256,
        size=file.size,
        upload_time=file.uploaded_at.astimezone(UTC),
        requires_python=file.requires_python,
        metadata_sha256=file.metadata_sha256 if file.offers_metadata else None,
        yanked=False,
    )


def _page(body: bytes, wanted: Representation) -> HttpResponse:
    response = HttpResponse(body, content_type=negotiation.content_type(wanted))
    response["Vary"] = "Accept"
    _confidential(response)
    return response


def _confidential(response: HttpResponseBase) -> HttpResponseBase:
    """The address is a secret: keep it out of caches, search engines and Referer (U2-29)."""
    response["Cache-Control"] = "private, no-store"
    response["X-Robots-Tag"] = "noindex"
    response["Referrer-Policy"] = "no-referrer"
    response["Content-Security-Policy"] = "sandbox; default-src 'none'"
    return response
