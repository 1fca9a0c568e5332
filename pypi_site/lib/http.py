"""HTTP that Django leaves to us: ranges, entity tags, content negotiation (RFC 9110)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import IO

from django.http import (
    FileResponse,
    HttpRequest,
    HttpResponse,
    HttpResponsePermanentRedirect,
    StreamingHttpResponse,
)
from django.http.request import MediaType
from django.http.response import HttpResponseBase
from django.utils.http import parse_etags
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe

CHUNK = 256 * 1024
IMMUTABLE = "public, max-age=31536000, immutable"
_RANGE = re.compile(r"bytes=(\d{0,19})-(\d{0,19})", re.ASCII)


class UnsatisfiableRange(ValueError):
    """The range lies outside the file: 416."""


@dataclass(frozen=True)
class ByteRange:
    """`first` to `last`, both included, as in ``Content-Range``."""

    first: int
    last: int

    @property
    def length(self) -> int:
        return self.last - self.first + 1


def parse_range(header: str | None, size: int) -> ByteRange | None:
    """The one range asked for; None means send all (also for several ranges: RFC 9110, 14.2).

    Raises `UnsatisfiableRange` when nothing of it lies inside the file.
    """
    match = _RANGE.fullmatch((header or "").replace(" ", ""))
    if not match or match.group(0) == "bytes=-":
        return None
    first, last = match.groups()
    if not first:  # the last n bytes
        return _checked(max(0, size - int(last)), size - 1, size)
    if last and int(last) < int(first):
        return None
    return _checked(int(first), min(int(last) if last else size - 1, size - 1), size)


def _checked(first: int, last: int, size: int) -> ByteRange:
    if first >= size or last < first:
        raise UnsatisfiableRange
    return ByteRange(first, last)


def not_modified(request: HttpRequest, etag: str) -> bool:
    """Whether the client already has what this ETag names (weak comparison)."""
    asked = parse_etags(request.headers.get("If-None-Match", ""))
    return "*" in asked or etag.removeprefix("W/") in {tag.removeprefix("W/") for tag in asked}


def send_file(
    request: HttpRequest, file: IO[bytes], *, size: int, etag: str, content_type: str
) -> HttpResponse | StreamingHttpResponse:
    """An immutable file with ranges, or 304, or 416.  Takes over `file` and closes it."""
    headers = {"ETag": etag, "Cache-Control": IMMUTABLE, "Accept-Ranges": "bytes"}
    if not_modified(request, etag):
        file.close()
        return HttpResponse(status=304, headers=headers)
    try:
        part = parse_range(_range_header(request, etag), size)
    except UnsatisfiableRange:
        file.close()
        return HttpResponse(status=416, headers={"Content-Range": f"bytes */{size}"})
    if part is None:
        headers["Content-Length"] = str(size)
        return FileResponse(file, content_type=content_type, headers=headers)
    headers |= {
        "Content-Length": str(part.length),
        "Content-Range": f"bytes {part.first}-{part.last}/{size}",
    }
    body = _read_part(file, part)
    return StreamingHttpResponse(body, status=206, content_type=content_type, headers=headers)


def begins_a_download(request: HttpRequest, response: HttpResponseBase) -> bool:
    """Whether the answer is a file from its first byte on: what counts as a download.

    A client that fetches a file in parts asks for the first part once.
    """
    if request.method != "GET":
        return False
    part = response.headers.get("Content-Range", "")
    return response.status_code == 200 or part.startswith("bytes 0-")


def _range_header(request: HttpRequest, etag: str) -> str | None:
    """``If-Range`` with another entity tag asks for the whole file."""
    condition = request.headers.get("If-Range")
    return request.headers.get("Range") if condition in (None, etag) else None


def _read_part(file: IO[bytes], part: ByteRange) -> Iterator[bytes]:
    with file:
        file.seek(part.first)
        left = part.length
        while left and (chunk := file.read(min(left, CHUNK))):
            left -= len(chunk)
            yield chunk


def choose(accepted: Sequence[MediaType], offered: Sequence[str]) -> str | None:
    """The offered type that the client likes best (RFC 9110, 12.5.1), or None.

    Of equals the one offered first wins.  The most specific range that matches a type decides
    its weight, so ``text/html;q=0, */*`` refuses HTML.
    """
    weights = {offer: _weight(accepted, offer) for offer in offered}
    best = max(offered, key=lambda offer: weights[offer])
    return best if weights[best] > 0 else None


def _weight(accepted: Sequence[MediaType], offer: str) -> float:
    matching = [media for media in accepted if _matches(media, offer)]
    if not matching:
        return 0.0
    return _quality(max(matching, key=_specificity))


def _matches(media: MediaType, offer: str) -> bool:
    main, _, sub = offer.partition("/")
    return media.main_type.lower() in ("*", main) and media.sub_type.lower() in ("*", sub)


def _specificity(media: MediaType) -> int:
    return (media.main_type != "*") + (media.sub_type != "*")


def _quality(media: MediaType) -> float:
    """``q``, between 0 and 1; what cannot be read counts as 1, as if it were absent."""
    try:
        quality = float(media.params.get("q", 1))
    except ValueError:
        return 1.0
    return quality if 0 <= quality <= 1 else 1.0


def read_only(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """GET and HEAD; any other method is 405, not a question for a CSRF token in HTML."""
    return csrf_exempt(require_safe(view))


@require_safe
def with_slash(request: HttpRequest) -> HttpResponse:
    """A page asked for without its final slash; the query stays."""
    query = request.META.get("QUERY_STRING")
    return HttpResponsePermanentRedirect(f"{request.path}/" + (f"?{query}" if query else ""))
