"""``/simple/``: what pip, uv and every other installer asks for."""

from __future__ import annotations

from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponsePermanentRedirect,
    StreamingHttpResponse,
)
from django.http.response import HttpResponseBase
from django.urls import reverse

from packages import access, names, readers
from packages.simple import codings, guarded, negotiation, root_files, store
from packages.simple.answers import Answer, Variant
from packages.simple.codings import Coding
from packages.simple.negotiation import Representation
from pypi_site.lib import http
from pypi_site.lib.problems import NotFound
from pypi_site.lib.transfers import Chunks

NO_PROJECT = "There is no such project here."
BRIEFLY = "public, max-age=10"


@http.read_only
def root(request: HttpRequest) -> HttpResponseBase:
    """The list of projects."""
    return _page(request, store.INDEX, negotiation.choose(request))


@http.read_only
def project(request: HttpRequest, name: str) -> HttpResponseBase:
    """The files of a project; other spellings are sent to the normalized one (NAM-4)."""
    normalized = names.normalize(name)
    if name != normalized:
        return _redirect(request, reverse("simple-project", args=[normalized]))
    return project_page(request, normalized, negotiation.choose(request))


@http.read_only
def for_hatch(request: HttpRequest, name: str) -> HttpResponseBase:
    """hatch looks for files that exist under the upload address, and reads HTML (UPL-25)."""
    return project_page(request, names.normalize(name), Representation.HTML)


def project_page(request: HttpRequest, normalized: str, wanted: Representation) -> HttpResponseBase:
    """A project page in the `wanted` representation, or 404 (SIM-13)."""
    return _page(request, normalized, wanted)


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


def _page(request: HttpRequest, name: str, wanted: Representation) -> HttpResponseBase:
    """The prepared page, or 304; what the lane sends, but for the road."""
    offered = tuple(Coding) if name else root_files.CODINGS
    coding = codings.choose(request.headers.get("Accept-Encoding"), offered)
    reader = readers.of_request(request)
    found = guarded.answer(name, Variant(wanted, coding), reader)
    if found is None:
        missing = NotFound(NO_PROJECT, headers={"Cache-Control": BRIEFLY})
        raise access.moved_from(name, reader) or missing
    condition = request.headers.get
    if found.is_known(condition("If-None-Match"), condition("If-Modified-Since")):
        return _without_body(found)
    if isinstance(found.body, bytes):
        return HttpResponse(found.body, headers=dict(found.headers))
    return StreamingHttpResponse(Chunks(found.body.open("rb")), headers=dict(found.headers))


def _without_body(found: Answer) -> HttpResponse:
    response = HttpResponse(status=304, headers=dict(found.not_modified))
    del response["Content-Type"]
    return response
