"""``/files/``: the bytes of published files, and their metadata (SIM-18 to SIM-20, PEP 658).

Whatever people uploaded runs nowhere: no scripts, no guessing of types, no cookies.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any, NamedTuple

from django.conf import settings
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase

from packages import readers, storage
from packages.downloads.counter import counter
from packages.simple import offered
from packages.simple.offered import Offered
from pypi_site.lib import cdn, http, transfers
from pypi_site.lib.problems import NotFound, TryAgain
from pypi_site.lib.transfers import Chunks, Readable, Transfer

logger = logging.getLogger(__name__)
USER_CONTENT = {
    "Content-Security-Policy": "sandbox; default-src 'none'",
    "X-Content-Type-Options": "nosniff",
    "Access-Control-Allow-Origin": "*",
    "Cross-Origin-Resource-Policy": "cross-origin",
    "X-Robots-Tag": "noindex",
}
INTERNAL = "/gatehouse-files/"  # the location in deploy/nginx-files.conf


class Answer(NamedTuple):
    """What goes out; the body is to be sent and closed."""

    status: int
    headers: dict[str, str]
    body: bytes | Readable


def answer(environ: Mapping[str, Any], found: Offered, *, metadata: bool) -> Answer:
    """The file or its metadata; counts a download.

    Raises `storage.Unavailable` when the bytes cannot be had.
    """
    return _metadata(environ, found) if metadata else _file(environ, found)


def _file(environ: Mapping[str, Any], found: Offered) -> Answer:
    transfer = transfers.plan(environ, size=found.size, etag=f'"{found.sha256}"')
    headers = {"Content-Type": "application/octet-stream", **_about(found), **transfer.headers}
    sent = Answer(transfer.status, headers, b"")
    if transfer.part is not None:
        sent = _send(found, transfer, headers)
    if transfer.is_download:
        counter.count(found.project_id, found.file_id)
    return sent


def _send(found: Offered, transfer: Transfer, headers: dict[str, str]) -> Answer:
    """By nginx, by the storage itself, or by us."""
    assert transfer.part is not None
    local = storage.is_local()
    if local and settings.SENDFILE == "nginx":
        return _by_nginx(found, headers)
    if not local and settings.FILES_REDIRECT_SECONDS:
        return _by_storage(found)
    return Answer(transfer.status, headers, storage.open_part(found.sha256, transfer.part))


def _by_nginx(found: Offered, headers: dict[str, str]) -> Answer:
    """nginx looks at the ranges itself, by the ETag that we give."""
    headers = {**headers, "X-Accel-Redirect": INTERNAL + storage.blob_name(found.sha256)}
    for name in ("Content-Length", "Content-Range", "Accept-Ranges"):
        headers.pop(name, None)
    return Answer(200, headers, b"")


def _by_storage(found: Offered) -> Answer:
    """The address of the file never holds a signature, so ``.metadata`` works with it (MDF-7)."""
    seconds = settings.FILES_REDIRECT_SECONDS
    headers = {
        **_about(found),
        "Location": storage.signed_url(found.sha256, seconds),
        "Cache-Control": f"public, max-age={seconds // 2}",
        "Content-Length": "0",
    }
    return Answer(302, headers, b"")


def _metadata(environ: Mapping[str, Any], found: Offered) -> Answer:
    """As it stands inside the file (MDF-1)."""
    with storage.reading(found.sha256):
        body = storage.read_metadata(found.sha256)
    transfer = transfers.plan(environ, size=len(body), etag=f'"{found.metadata_sha256}"')
    headers = {"Content-Type": "text/plain; charset=utf-8", **_about(found), **transfer.headers}
    part = transfer.part
    return Answer(transfer.status, headers, body[part.first : part.last + 1] if part else b"")


def _about(found: Offered) -> dict[str, str]:
    keys = cdn.key_headers(f"file/{found.sha256}", f"files/{found.project}")
    return {**USER_CONTENT, **keys}


# -- views ---------------------------------------------------------------------------------------


@http.read_only
def file(request: HttpRequest, sha256: str, filename: str) -> HttpResponseBase:
    """The bytes of a published file."""
    return _respond(request, sha256, filename, metadata=False)


@http.read_only
def metadata(request: HttpRequest, sha256: str, filename: str) -> HttpResponseBase:
    """The metadata of a published file."""
    return _respond(request, sha256, filename, metadata=True)


def _respond(
    request: HttpRequest, sha256: str, filename: str, *, metadata: bool
) -> HttpResponseBase:
    found = offered.find(sha256, filename, readers.of_request(request))
    if found is None:
        raise NotFound("There is no such file here; ask the simple index for its address.")
    try:
        status, headers, body = answer(request.META, found, metadata=metadata)
    except storage.Unavailable:
        logger.exception("A file is offered that cannot be read.")
        raise TryAgain("The bytes of this file cannot be read now; try again later.") from None
    if isinstance(body, bytes):
        return HttpResponse(body, status=status, headers=headers)
    return StreamingHttpResponse(Chunks(body), status=status, headers=headers)
