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
from packages.models import File, Project
from packages.simple import codings
from packages.simple.codings import Coding
from pypi_site.lib import cdn, http
from pypi_site.lib.kept import Kept
from pypi_site.lib.problems import NotFound

CACHE = "public, max-age=60, stale-while-revalidate=600, stale-if-error=86400"
# Part of every ETag: raise it when the document changes and the serial does not.
RENDERING = 3
ENCODERS: dict[Coding, Callable[[bytes], bytes]] = {
    Coding.ZSTD: codings.zstd,
    Coding.GZIP: codings.gzip,
    Coding.IDENTITY: bytes,
}
kept = Kept(32 * 1024 * 1024)
CORS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "X-PyPI-Last-Serial",
}


@http.read_only
def project(request: HttpRequest, name: str) -> HttpResponse:
    """Everything about a project, in one document."""
    normalized = names.normalize(name)
    return _answer(request, name) if name == normalized else _redirect("json", normalized)


@http.read_only
def release(request: HttpRequest, name: str, version: str) -> HttpResponse:
    """One release; its version in any spelling that means the same (PEP 440)."""
    normalized = names.normalize(name)
    if name != normalized:
        return _redirect("json-release", normalized, version)
    return _answer(request, name, version)


@http.read_only
def file(request: HttpRequest, sha256: str, filename: str) -> HttpResponse:
    """Where the file lies; whether it does is told there."""
    address = File(sha256=sha256, filename=filename).get_absolute_url()
    return HttpResponsePermanentRedirect(address, headers={**CORS, "Cache-Control": CACHE})


def _redirect(view: str, *arguments: str) -> HttpResponse:
    return HttpResponsePermanentRedirect(reverse(view, args=arguments), headers=CORS)


def _answer(request: HttpRequest, name: str, version: str = "") -> HttpResponse:
    """304 when the serial has not moved, without writing anything; else the document."""
    origin = f"{request.scheme}://{request.get_host()}"
    coding = codings.choose(request.headers.get("Accept-Encoding"), tuple(ENCODERS))
    try:
        found = access.known_project(name)
        headers = _headers(found, coding)
        if http.not_modified(request, headers["ETag"]):
            return HttpResponse(status=304, headers=headers)
        key = (origin, name, version, headers["ETag"])
        body = kept.get(key, lambda: ENCODERS[coding](_written(found, version, origin)))
    except NotFound:
        return _not_found()
    encoded = {} if coding is Coding.IDENTITY else {"Content-Encoding": coding.value}
    return HttpResponse(body, content_type="application/json", headers={**headers, **encoded})


def _headers(project: Project, coding: Coding) -> dict[str, str]:
    """The numbers of downloads are those of some moment of the day, so the day is in the ETag,
    which is weak: each process may have read them at another moment."""
    return {
        "ETag": f'W/"{project.serial}.{RENDERING}.{downloads.today():%y%m%d}.{coding}"',
        "X-PyPI-Last-Serial": str(project.serial),
        "Cache-Control": CACHE,
        "Vary": "Accept-Encoding",
        **CORS,
        **cdn.headers(f"project/{project.normalized_name}"),
    }


def _written(project: Project, version: str, origin: str) -> bytes:
    """The document as bytes.  Raises `NotFound` where nothing may be seen."""
    if version:
        release = access.offered_release(project, version)
        document = legacy_json.release_document(project, release, origin)
    else:
        document = legacy_json.project_document(project, origin)
    text = json.dumps(document, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text.encode()


def _not_found() -> HttpResponse:
    """As PyPI says it: clients look for this very word."""
    body = json.dumps({"message": "Not Found"})
    headers = {**CORS, "Cache-Control": "no-store"}
    return HttpResponse(body, status=404, content_type="application/json", headers=headers)
