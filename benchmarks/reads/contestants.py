"""Who is asked: indexes that speak the simple API, and nginx with the same bytes as files."""

from __future__ import annotations

import gzip
import re
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from html import unescape
from typing import Protocol
from urllib.parse import urljoin

from benchmarks.reads.works import Form, Request, Work
from benchmarks.server import Site

DECODERS: dict[str, Callable[[bytes], bytes]] = {"": bytes, "gzip": gzip.decompress}


class NotOffered(Exception):
    """The contestant does not do this work; the text says what it did instead."""


class Contestant(Protocol):
    """`name` heads its column."""

    @property
    def name(self) -> str: ...

    def url(self, work: Work) -> str:
        """Where the work is asked for.  Raises `NotOffered`."""
        ...


@dataclass(frozen=True)
class Index:
    """An index with the simple API at an address that ends with a slash.

    `site` is where it takes uploads, if it does.
    """

    name: str
    simple: str
    site: Site | None = None

    def url(self, work: Work) -> str:
        page = urljoin(self.simple, f"{work.project}/" if work.project else "")
        return self._first_file(page) if work.form is Form.FILE else page

    def _first_file(self, page: str) -> str:
        answer = fetch(Request(page, (("Accept", Form.HTML),)))
        link = re.search(rb'<a[^>]*\bhref="([^"#]+)', answer.body)
        if link is None:
            raise NotOffered("no file on its page")
        return urljoin(page, unescape(link[1].decode()))


@dataclass(frozen=True)
class Answer:
    """What came back, undecoded."""

    status: int
    type: str
    encoding: str
    etag: str
    body: bytes


def fetch(request: Request) -> Answer:
    """One GET that follows no redirect, as wrk follows none."""
    asked = urllib.request.Request(request.url, headers=dict(request.headers))
    try:
        response = _OPENER.open(asked, timeout=120)
    except urllib.error.HTTPError as error:
        response = error
    with response:
        get = response.headers.get
        facts = (get("Content-Type", ""), get("Content-Encoding", ""), get("ETag", ""))
        return Answer(response.status, *facts, response.read())


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *arguments: object, **options: object) -> None:
        return None


_OPENER = urllib.request.build_opener(_NoRedirect, urllib.request.ProxyHandler({}))


def prepare(contestant: Contestant, work: Work) -> Request:
    """The request that does the work, tried once.  Raises `NotOffered`."""
    request = Request(contestant.url(work), work.headers)
    answer = fetch(request)
    _judge(answer, work)
    if not work.conditional:
        return request
    if not answer.etag:
        raise NotOffered("no ETag")
    conditional = Request(request.url, (*request.headers, ("If-None-Match", answer.etag)))
    if (status := fetch(conditional).status) != 304:
        raise NotOffered(f"{status} instead of 304")
    return conditional


def _judge(answer: Answer, work: Work) -> None:
    """Whether this is what was asked for, and all of it."""
    if answer.status != 200:
        raise NotOffered(f"status {answer.status}")
    if work.form is Form.FILE:
        return
    if not answer.type.lower().startswith(work.form):
        raise NotOffered(f"not as {work.form.name}")
    if answer.encoding.replace("identity", "") != work.encoding:
        raise NotOffered(f"not as {work.encoding or 'identity'}")
    decode = DECODERS.get(work.encoding)
    if decode and (found := _named(decode(answer.body), work)) < work.holds:
        raise NotOffered(f"{found} of {work.holds} named")


def _named(body: bytes, work: Work) -> int:
    """How many files or projects a page names."""
    if work.form is Form.HTML:
        return body.count(b"<a ")
    return body.count(b'"filename"') if work.project else body.count(b'"name"')
