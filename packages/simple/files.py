"""``/files/``: the bytes of published files, and their metadata (SIM-18 to SIM-20, PEP 658)."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from packages import storage
from packages.downloads.counter import counter
from packages.models import File
from pypi_site.lib import http
from pypi_site.lib.problems import NotFound


@http.read_only
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
    if http.begins_a_download(request, response):
        counter.count(found.release.project_id, found.pk)
    return _user_content(response)


@http.read_only
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


def _offered(sha256: str, filename: str) -> File:
    found = (
        File.objects.offered()
        .select_related("release")
        .filter(sha256=sha256, filename=filename)
        .first()
    )
    if found is None:
        raise NotFound("There is no such file here; ask the simple index for its address.")
    return found


def _user_content(response: HttpResponseBase) -> HttpResponseBase:
    """Whatever people uploaded runs nowhere: no scripts, no guessing of types."""
    response["Content-Security-Policy"] = "sandbox; default-src 'none'"
    response["Access-Control-Allow-Origin"] = "*"
    return response
