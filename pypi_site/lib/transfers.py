"""What to answer when an immutable file is asked for: all of it, a part, 304 or 416 (RFC 9110).

Works on WSGI's `environ` (Django's ``request.META``), so that the lanes ahead of Django and its
views answer alike.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple, Protocol

from django.utils.http import parse_etags

CHUNK = 256 * 1024
IMMUTABLE = "public, max-age=31536000, immutable"
_RANGE = re.compile(r"bytes=(\d{0,19})-(\d{0,19})", re.ASCII)


class UnsatisfiableRange(ValueError):
    """The range lies outside the file: 416."""


class ByteRange(NamedTuple):
    """`first` to `last`, both included, as in ``Content-Range``."""

    first: int
    last: int

    @property
    def length(self) -> int:
        return self.last - self.first + 1


class Transfer(NamedTuple):
    """Status and headers of an answer, and which bytes follow; None: no byte does."""

    status: int
    headers: dict[str, str]
    part: ByteRange | None

    @property
    def is_download(self) -> bool:
        """Whether the file goes out from its first byte on: what counts as a download.

        A client that fetches a file in parts asks for the first part once.
        """
        return self.part is not None and self.part.first == 0


def plan(environ: Mapping[str, Any], *, size: int, etag: str) -> Transfer:
    """The answer to a GET or HEAD of `size` bytes that never change.  HEAD gets no part."""
    headers = {"ETag": etag, "Cache-Control": IMMUTABLE, "Accept-Ranges": "bytes"}
    if matches(environ.get("HTTP_IF_NONE_MATCH"), etag):
        return Transfer(304, headers, None)
    if environ["REQUEST_METHOD"] != "GET":  # ranges are defined for GET alone
        return Transfer(200, {**headers, "Content-Length": str(size)}, None)
    try:
        part = parse_range(_range_header(environ, etag), size)
    except UnsatisfiableRange:
        return Transfer(416, {"Content-Range": f"bytes */{size}", "Content-Length": "0"}, None)
    if part is None:
        return Transfer(200, {**headers, "Content-Length": str(size)}, ByteRange(0, size - 1))
    headers["Content-Length"] = str(part.length)
    headers["Content-Range"] = f"bytes {part.first}-{part.last}/{size}"
    return Transfer(206, headers, part)


def matches(header: str | None, etag: str) -> bool:
    """Whether ``If-None-Match`` names this ETag (weak comparison)."""
    if not header:
        return False
    asked = parse_etags(header)
    return "*" in asked or etag.removeprefix("W/") in {tag.removeprefix("W/") for tag in asked}


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


def _range_header(environ: Mapping[str, Any], etag: str) -> str | None:
    """``If-Range`` with another entity tag asks for the whole file."""
    condition = environ.get("HTTP_IF_RANGE")
    return environ.get("HTTP_RANGE") if condition in (None, etag) else None


class Readable(Protocol):
    """Open bytes: a file, a part of one, or what a storage streams."""

    def read(self, size: int = -1, /) -> bytes: ...
    def close(self) -> None: ...


class Chunks:
    """Open bytes as the body of an answer; closed by the server at its end."""

    def __init__(self, file: Readable) -> None:
        self.file = file
        self.close = file.close

    def __iter__(self) -> Iterator[bytes]:
        while chunk := self.file.read(CHUNK):
            yield chunk
