"""``/pypi/<name>/json`` and ``/pypi/<name>/<version>/json``: the JSON API of PyPI.

bandersnatch takes files only from addresses whose path starts with ``/packages``, as PyPI's do, so
the documents name those; they lead to ``/files/``.
"""

from __future__ import annotations

import json

from django.http import HttpRequest, HttpResponse, HttpResponsePermanentRedirect
from django.urls import reverse

from packages import legacy_json_documents as documents
from packages import names, readers
from packages.legacy_json_documents import Document
from packages.models import File
from packages.simple import codings, store
from packages.simple.codings import Coding
from pypi_site.lib import cdn, http
from pypi_site.lib.problems import NotFound

CACHE = "public, max-age=60, stale-while-revalidate=600, stale-if-error=86400"
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
    address = File(sha256=sha256, filename=filename).path
    return HttpResponsePermanentRedirect(address, headers={**CORS, "Cache-Control": CACHE})


def _redirect(view: str, *arguments: str) -> HttpResponse:
    return HttpResponsePermanentRedirect(reverse(view, args=arguments), headers=CORS)


def _answer(request: HttpRequest, name: str, version: str = "") -> HttpResponse:
    """The document; as it was written last while the database is away."""
    try:
        return store.database.ask(
            lambda: _respond(
                request, documents.current(name, version, readers.of_request(request))
            ),
            lambda: _respond(request, documents.as_it_was(name, version)),
        )
    except NotFound:
        return _not_found()


def _current(request: HttpRequest, name: str, version: str) -> Document:
    return documents.current(name, version, readers.of_request(request))


def _respond(request: HttpRequest, document: Document) -> HttpResponse:
    """304 when the serial has not moved, without writing anything; else the document."""
    coding = codings.choose(request.headers.get("Accept-Encoding"), tuple(documents.ENCODERS))
    headers = _headers(document, coding)
    if http.not_modified(request, headers["ETag"]):
        return HttpResponse(status=304, headers=headers)
    body = document.body(f"{request.scheme}://{request.get_host()}", coding)
    encoded = {} if coding is Coding.IDENTITY else {"Content-Encoding": coding.value}
    return HttpResponse(body, content_type="application/json", headers={**headers, **encoded})


def _headers(document: Document, coding: Coding) -> dict[str, str]:
    """The ETag is weak: each process may have read the numbers of downloads at another moment."""
    version = document.version
    return {
        "ETag": f'W/"{version.serial}.{version.edition}.{coding}"',
        "X-PyPI-Last-Serial": str(version.serial),
        "Cache-Control": CACHE,
        "Vary": "Accept-Encoding",
        **CORS,
        **cdn.headers(f"project/{document.name}"),
    }


def _not_found() -> HttpResponse:
    """As PyPI says it: clients look for this very word."""
    body = json.dumps({"message": "Not Found"})
    headers = {**CORS, "Cache-Control": "no-store"}
    return HttpResponse(body, status=404, content_type="application/json", headers=headers)
