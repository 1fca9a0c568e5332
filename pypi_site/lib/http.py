"""HTTP that Django leaves to us: files, entity tags, content negotiation (RFC 9110)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponsePermanentRedirect,
    StreamingHttpResponse,
)
from django.http.request import MediaType
from django.http.response import HttpResponseBase
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe

from pypi_site.lib import transfers
from pypi_site.lib.transfers import ByteRange, Readable


def written(request: HttpRequest, name: str = "reason") -> str:
    """What was written into a field, less the one character that PostgreSQL cannot keep."""
    return request.POST.get(name, "").replace("\0", "").strip()


def not_modified(request: HttpRequest, etag: str) -> bool:
    """Whether the client already has what this ETag names (weak comparison)."""
    return transfers.matches(request.headers.get("If-None-Match"), etag)


def send_file(
    request: HttpRequest,
    open_part: Callable[[ByteRange], Readable],
    *,
    size: int,
    etag: str,
    content_type: str,
) -> HttpResponse | StreamingHttpResponse:
    """An immutable file with ranges, or 304, or 416; `open_part` gives the bytes to send."""
    transfer = transfers.plan(request.META, size=size, etag=etag)
    status, headers, part = transfer
    if part is None:
        return HttpResponse(status=status, content_type=content_type, headers=headers)
    body = transfers.Chunks(open_part(part))
    return StreamingHttpResponse(body, status=status, content_type=content_type, headers=headers)


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
