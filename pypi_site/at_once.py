"""Prepared pages without a thread: a worker's own loop reads the request and sends the answer.

To hand a request to a thread and take the connection back costs several times what the answer of
a prepared page does, and makes requests wait for each other.  So for a plain ``GET`` of a page, on
a connection that is open already, the loop asks the lanes (`pypi_site.lanes`) for what lies in
memory.  Whatever is not exactly that takes the usual way, as if nobody had looked.
"""

from __future__ import annotations

import functools
import re
import time
from collections.abc import Iterable
from typing import Any

from gunicorn.http import wsgi
from gunicorn.http.errors import ParseException
from gunicorn.http.message import Request
from gunicorn.http.unreader import IterUnreader
from gunicorn.util import http_date

from pypi_site.lib.wsgi import Environ, Headers, Lane

HEAD_LIMIT = 2048  # bytes; what pip and uv send is a quarter of it
_KEPT = 1024  # heads that were understood: a client sends the same one again and again
_END = b"\r\n\r\n"
_LINE = re.compile(rb"GET (/simple/[a-z0-9-]*/?) HTTP/1\.1\r\n")
# With one of these there is more to a request than its head.
_UNUSUAL = {"CONTENT-LENGTH", "TRANSFER-ENCODING", "EXPECT", "UPGRADE", "SCRIPT_NAME"}


class Answer:
    """A whole answer, as gunicorn writes it, and what its access log wants to know of it."""

    def __init__(self, request: Request, environ: Environ) -> None:
        self.request, self.environ = request, environ
        self.status, self.sent, self.data = "", 0, b""
        self.headers: Headers = []

    def start(self, status: str, headers: Headers) -> None:
        """As `start_response` of PEP 3333."""
        self.status, self.headers = status, headers

    def finish(self, body: Iterable[bytes]) -> Answer:
        """Put it together; `sent` is the length of the body."""
        lines = "".join([f"{name}: {value}\r\n" for name, value in self.headers])
        head = (
            f"HTTP/1.1 {self.status}\r\nServer: {wsgi.SERVER}\r\n"
            f"Date: {_date(int(time.time()))}\r\nConnection: keep-alive\r\n{lines}\r\n"
        )
        bytes_of_body = b"".join(body)
        self.sent, self.data = len(bytes_of_body), head.encode("latin-1") + bytes_of_body
        return self


def answer(cfg: Any, lane: Lane, head: bytes, peer: Any) -> Answer | None:
    """What the lane answers to the request `head` of `peer`; None: it takes the usual way."""
    line = _LINE.match(head)
    if line is None or not head.endswith(_END) or head.count(_END) > 1:
        return None
    understood = _understand(cfg, head[line.end() :], _host(peer))
    if understood is None:
        return None
    request, environ = understood
    path = line[1].decode()
    found = Answer(request, {**environ, "PATH_INFO": path, "RAW_URI": path})
    body = lane(found.environ, found.start)
    return None if body is None else found.finish(body)


def _host(peer: Any) -> str | None:
    """That of a client who came by TCP; whether a proxy is believed depends on it."""
    return peer[0] if isinstance(peer, tuple) else None


@functools.lru_cache(_KEPT)
def _understand(cfg: Any, fields: bytes, host: str | None) -> tuple[Request, Environ] | None:
    """What gunicorn makes of these header fields; None when there is anything unusual to them."""
    peer = "" if host is None else (host, 0)
    unreader = IterUnreader([b"GET / HTTP/1.1\r\n" + fields])
    try:
        request = Request(cfg, unreader, peer)
    except (ParseException, StopIteration):
        return None
    if any(name in _UNUSUAL for name, _ in request.headers) or request.should_close():
        return None
    _, environ = wsgi.create(request, None, peer, ("", ""), cfg)
    return request, {name: value for name, value in environ.items() if isinstance(value, str)}


@functools.lru_cache(1)
def _date(seconds: int) -> str:
    return str(http_date(seconds))
