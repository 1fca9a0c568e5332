"""``/pypi/<name>/json`` and ``/pypi/<name>/<version>/json``: the JSON API of PyPI.

bandersnatch takes files only from addresses whose path starts with ``/packages``, as PyPI's do, so
the documents name those; they lead to ``/files/``.
"""

from __future__ import annotations

import json
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, HttpResponsePermanentRedirect
from django.urls import reverse

from packages import access, downloads, legacy_json, names
from packages.legacy_json import Document
from packages.models import File, Project
from pypi_site.lib import cdn, http
from pypi_site.lib.problems import NotFound

CACHE = "public, max-age=60, stale-while-revalidate=600, stale-if-error=86400"
# Part of every ETag: raise it when the document changes and the serial does not.
RENDERING = 2
CORS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "X-PyPI-Last-Serial",
}


@http.read_only
def project(request: HttpRequest, name: str) -> HttpResponse:
    """Everything about a project, in one document."""
    normalized = names.normalize(name)
    if name != normalized:
        return _redirect("json", normalized)

    def write(found: Project, origin: str) -> Document | None:
        return legacy_json.project_document(found, origin)

    return _answer(request, normalized, write)


@http.read_only
def release(request: HttpRequest, name: str, version: str) -> HttpResponse:
    """One release; its version in any spelling that means the same (PEP 440)."""
    normalized = names.normalize(name)
    if name != normalized:
        return _redirect("json-release", normalized, version)

    def write(found: Project, origin: str) -> Document:
        chosen = access.offered_release(found, version)
        return legacy_json.release_document(found, chosen, origin)

    return _answer(request, normalized, write)


@http.read_only
def file(request: HttpRequest, sha256: str, filename: str) -> HttpResponse:
    """Where the file lies; whether it does is told there."""
    address = File(sha256=sha256, filename=filename).get_absolute_url()
    return HttpResponsePermanentRedirect(address, headers={**CORS, "Cache-Control": CACHE})


def _redirect(view: str, *arguments: str) -> HttpResponse:
    return HttpResponsePermanentRedirect(reverse(view, args=arguments), headers=CORS)


def _answer(
    request: HttpRequest, name: str, write: Callable[[Project, str], Document | None]
) -> HttpResponse:
    """304 when the serial has not moved, without writing anything; else the document."""
    try:
        found = access.known_project(name)
        headers = _headers(found)
        if http.not_modified(request, headers["ETag"]):
            return HttpResponse(status=304, headers={**CORS, **headers})
        document = write(found, f"{request.scheme}://{request.get_host()}")
    except NotFound:
        document = None
    return _as_json(document, headers) if document else _not_found()


def _headers(project: Project) -> dict[str, str]:
    """The numbers of downloads are those of some moment of the day, so the day is in the ETag."""
    return {
        "ETag": f'"{project.serial}.{RENDERING}.{downloads.today():%y%m%d}"',
        "X-PyPI-Last-Serial": str(project.serial),
        "Cache-Control": CACHE,
        **cdn.headers(f"project/{project.normalized_name}"),
    }


def _as_json(document: Document, headers: dict[str, str]) -> HttpResponse:
    body = json.dumps(document, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return HttpResponse(body.encode(), content_type="application/json", headers={**CORS, **headers})


def _not_found() -> HttpResponse:
    """As PyPI says it: clients look for this very word."""
    body = json.dumps({"message": "Not Found"})
    headers = {**CORS, "Cache-Control": "no-store"}
    return HttpResponse(body, status=404, content_type="application/json", headers=headers)
