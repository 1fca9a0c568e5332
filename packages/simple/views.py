"""``/simple/``: what pip, uv and every other installer asks for."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, HttpResponsePermanentRedirect
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe

from packages import access, names, storage
from packages.models import File
from packages.simple import negotiation, pages, renderers
from packages.simple.negotiation import Representation
from pypi_site.lib import http
from pypi_site.lib.problems import NotFound

CACHE = "public, max-age=60, stale-while-revalidate=600, stale-if-error=86400"
# Part of every ETag: raise it when the rendering changes and the serial does not.
RENDERING = 1
_SHORT = {item: item.rpartition("/")[2] for item in Representation}


def read_only(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """GET and HEAD; any other method is 405, not a question for a CSRF token in HTML."""
    return csrf_exempt(require_safe(view))


@read_only
def root(request: HttpRequest) -> HttpResponse:
    """The list of projects."""
    serial = pages.root_serial()

    def render(wanted: Representation) -> bytes:
        if wanted is Representation.JSON:
            return renderers.root_json(pages.root_links(), serial)
        return renderers.root_html(pages.root_links())

    return _answer(request, negotiation.choose(request), serial, render)


@read_only
def project(request: HttpRequest, name: str) -> HttpResponse:
    """The files of a project; other spellings are sent to the normalized one (NAM-4)."""
    normalized = names.normalize(name)
    if name != normalized:
        return _redirect(request, reverse("simple-project", args=[normalized]))
    return project_page(request, normalized, negotiation.choose(request))


@read_only
def for_hatch(request: HttpRequest, name: str) -> HttpResponse:
    """hatch looks for files that exist under the upload address, and reads HTML (UPL-25)."""
    return project_page(request, names.normalize(name), Representation.HTML)


def project_page(request: HttpRequest, normalized: str, wanted: Representation) -> HttpResponse:
    """A project page in the `wanted` representation, or 404 (SIM-13)."""
    found = access.known_project(normalized)

    def render(wanted: Representation) -> bytes:
        page = pages.project_page(found)
        as_json = wanted is Representation.JSON
        return renderers.project_json(page) if as_json else renderers.project_html(page)

    return _answer(request, wanted, found.serial, render)


@read_only
def without_slash(request: HttpRequest, name: str = "") -> HttpResponse:
    """Addresses of pages end with a slash (NAM-6)."""
    normalized = names.normalize(name)
    target = reverse("simple-project", args=[normalized]) if name else reverse("simple")
    return _redirect(request, target)


@read_only
def file(request: HttpRequest, sha256: str, filename: str) -> HttpResponseBase:
    """The bytes of a published file (SIM-18 to SIM-20)."""
    found = _offered(sha256, filename)
    response = http.send_file(
        request,
        storage.open_blob(sha256),
        size=found.size,
        etag=f'"{sha256}"',
        content_type="application/octet-stream",
    )
    return _user_content(response)


@read_only
def metadata(request: HttpRequest, sha256: str, filename: str) -> HttpResponseBase:
    """The metadata of a published file, as it stands inside (PEP 658; MDF-1)."""
    found = _offered(sha256, filename)
    etag = f'"{found.metadata_sha256}"'
    headers = {"ETag": etag, "Cache-Control": http.IMMUTABLE}
    if http.not_modified(request, etag):
        return _user_content(HttpResponse(status=304, headers=headers))
    body = storage.read_metadata(sha256)
    kind = "text/plain; charset=utf-8"
    return _user_content(HttpResponse(body, content_type=kind, headers=headers))


@read_only
def nothing_here(request: HttpRequest, **rest: str) -> HttpResponse:
    """Any other address of the protocols: installers are not answered in HTML (NAM-7)."""
    raise NotFound("There is nothing at this address; ask the simple index for a project.")


def _offered(sha256: str, filename: str) -> File:
    found = File.objects.offered().filter(sha256=sha256, filename=filename).first()
    if found is None:
        raise NotFound("There is no such file here; ask the simple index for its address.")
    return found


def _user_content(response: HttpResponseBase) -> HttpResponseBase:
    """Whatever people uploaded runs nowhere: no scripts, no guessing of types."""
    response["Content-Security-Policy"] = "sandbox; default-src 'none'"
    response["Access-Control-Allow-Origin"] = "*"
    return response


def _redirect(request: HttpRequest, target: str) -> HttpResponse:
    query = request.META.get("QUERY_STRING")
    return HttpResponsePermanentRedirect(f"{target}?{query}" if query else target)


def _answer(
    request: HttpRequest,
    wanted: Representation,
    serial: int,
    render: Callable[[Representation], bytes],
) -> HttpResponse:
    """304 when the serial has not moved, without rendering; else the page."""
    etag = f'"{serial}.{RENDERING}.{_SHORT[wanted]}"'
    headers = {
        "ETag": etag,
        "Vary": "Accept",
        "Cache-Control": CACHE,
        "X-PyPI-Last-Serial": str(serial),
        "Access-Control-Allow-Origin": "*",
    }
    if http.not_modified(request, etag):
        return HttpResponse(status=304, headers=headers)
    return HttpResponse(
        render(wanted), content_type=negotiation.content_type(wanted), headers=headers
    )
