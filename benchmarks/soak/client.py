"""One connection that stays open, and what comes over it."""

from __future__ import annotations

import http.client
import json
import zlib
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import brotli
import zstandard

from packages.simple.codings import Coding

TIMEOUT = 60  # seconds
DECODERS: dict[str, Callable[[bytes], bytes]] = {
    Coding.IDENTITY: bytes,
    Coding.GZIP: lambda body: zlib.decompress(body, wbits=31),
    Coding.BROTLI: brotli.decompress,
    Coding.ZSTD: lambda body: zstandard.ZstdDecompressor().decompress(body),
}
JSON = "application/vnd.pypi.simple.v1+json"
FORMS = ("text/html", JSON, "application/vnd.pypi.simple.v1+html")


@dataclass(frozen=True)
class Answer:
    """`body` is decoded."""

    status: int
    type: str
    etag: str
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Unexpected(AssertionError):
    """What the server should not have done; the text goes into the report."""


class Client:
    """A reader of one address.  A server may close an idle connection, so a GET is sent twice."""

    def __init__(self, host: str, port: int) -> None:
        self.connection = http.client.HTTPConnection(host, port, timeout=TIMEOUT)

    def get(self, path: str, headers: Mapping[str, str] | None = None) -> Answer:
        with suppress(http.client.RemoteDisconnected, ConnectionError):
            return self._get(path, headers or {})
        self.connection.close()
        return self._get(path, headers or {})

    def page(self, path: str, form: str, coding: str, etag: str = "") -> Answer:
        """A page in one of its forms.  Raises `Unexpected` for anything else."""
        headers = {"Accept": form, "Accept-Encoding": coding}
        answer = self.get(path, headers | ({"If-None-Match": etag} if etag else {}))
        expected = (200, 304) if etag else (200,)
        if answer.status not in expected:
            raise Unexpected(f"{path} as {form}, {coding}: {answer.status} {answer.body[:200]!r}")
        if answer.status == 200 and not answer.type.startswith(form):
            raise Unexpected(f"{path} as {form}, {coding}: it came as {answer.type}")
        return answer

    def _get(self, path: str, headers: Mapping[str, str]) -> Answer:
        self.connection.request("GET", path, headers=dict(headers))
        response = self.connection.getresponse()
        get = response.headers.get
        body = DECODERS[get("Content-Encoding", Coding.IDENTITY)](response.read())
        return Answer(response.status, get("Content-Type", ""), get("ETag", ""), body)
