"""``/simple/``: what pip, uv and every other installer asks for."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, HttpResponsePermanentRedirect
from django.urls import reverse

from packages import access, names
from packages.simple import negotiation, pages, renderers
from packages.simple.negotiation import Representation
from pypi_site.lib import http
from pypi_site.lib.problems import NotFound

CACHE = "public, max-age=60, stale-while-revalidate=600, stale-if-error=86400"
# Part of every ETag: raise it when the rendering changes and the serial does not.
RENDERING = 1
_SHORT = {item: item.rpartition("/")[2] for item in Representation}


@http.read_only
def root(request: HttpRequest) -> HttpResponse:
    """The list of projects."""
    serial = pages.root_serial()

    def render(wanted: Representation) -> bytes:
        if wanted is Representation.JSON:
            return renderers.root_json(pages.root_links(), serial)
        return renderers.root_html(pages.root_links())

    return _answer(request, negotiation.choose(request), serial, render)


@http.read_only
def project(request: HttpRequest, name: str) -> HttpResponse:
    """The files of a project; other spellings are sent to the normalized one (NAM-4)."""
    normalized = names.normalize(name)
    if name != normalized:
        return _redirect(request, reverse("simple-project", args=[normalized]))
    return project_page(request, normalized, negotiation.choose(request))


@http.read_only
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


@http.read_only
def without_slash(request: HttpRequest, name: str = "") -> HttpResponse:
    """Addresses of pages end with a slash (NAM-6)."""
    normalized = names.normalize(name)
    target = reverse("simple-project", args=[normalized]) if name else reverse("simple")
    return _redirect(request, target)


@http.read_only
def nothing_here(request: HttpRequest, **rest: str) -> HttpResponse:
    """Any other address of the protocols: installers are not answered in HTML (NAM-7)."""
    raise NotFound("There is nothing at this address; ask the simple index for a project.")


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
