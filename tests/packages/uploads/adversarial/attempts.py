"""An upload as it goes over the wire, byte by byte: nothing here mends what a test wants broken."""

from __future__ import annotations

import base64
import hashlib
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from io import BytesIO
from pathlib import Path
from typing import Any

from django.http import HttpResponse
from django.test import Client

from accounts.models import User
from packages import names
from tests.factories.dists import make_sdist, make_wheel

BOUNDARY = "gatehouse-tests-boundary"
WHEEL = "demo-1.0-py3-none-any.whl"
SDIST = "demo-1.0.tar.gz"
PROBLEM = "application/problem+json"

Value = str | bytes | list[str] | None


@dataclass(frozen=True)
class Attempt:
    """One POST: the file, the fields, and what is unusual about the envelope.

    `fields` are sent in order, lists as repeated fields, None not at all.  `disposition` stands in
    the place of the file's Content-Disposition, `headers` of the request's headers (None leaves
    one out); `extra` is raw parts behind the file, `framing` has the last word on the body.
    """

    filename: str
    data: bytes
    fields: Mapping[str, Value]
    disposition: bytes = b""
    part_headers: bytes = b"Content-Type: application/octet-stream\r\n"
    extra: bytes = b""
    headers: Mapping[str, str | None] = field(default_factory=dict)
    framing: Callable[[bytes], bytes] = bytes

    def changed(self, **changes: Any) -> Attempt:
        """The same upload, but for this."""
        return replace(self, **changes)

    def with_fields(self, **fields: Value) -> Attempt:
        """The same upload with other fields; `action` is `:action`."""
        if "action" in fields:
            fields[":action"] = fields.pop("action")
        return replace(self, fields={**self.fields, **fields})

    def body(self) -> bytes:
        parts = [text_part(name, value) for name, value in self._pairs()]
        parts += [self._file_part(), self.extra, f"--{BOUNDARY}--\r\n".encode()]
        return self.framing(b"".join(parts))

    def _pairs(self) -> list[tuple[str, str | bytes]]:
        return [
            (name, single)
            for name, value in self.fields.items()
            if value is not None
            for single in (value if isinstance(value, list) else [value])
        ]

    def _file_part(self) -> bytes:
        quoted = self.filename.replace("\n", "%0A").replace("\r", "%0D").replace('"', "%22")
        usual = f'form-data; name="content"; filename="{quoted}"'.encode()
        return raw_part(self.disposition or usual, self.data, self.part_headers)

    def send(self, client: Client, token: str, accept: str) -> HttpResponse:
        """POST it to the endpoint; the server sees exactly these bytes."""
        body = self.body()
        headers = {"Authorization": basic(token), "Accept": accept, **self.headers}
        content_type = headers.pop("Content-Type", f"multipart/form-data; boundary={BOUNDARY}")
        # Django's own stand-in for a socket fails when more is declared than sent.
        environ: dict[str, Any] = {
            "wsgi.input": BytesIO(body),
            "CONTENT_LENGTH": str(len(body)),
            "CONTENT_TYPE": content_type,
        }
        if "Content-Length" in headers:
            environ["CONTENT_LENGTH"] = headers.pop("Content-Length") or ""
        sent = {name: value for name, value in headers.items() if value is not None}
        return client.generic("POST", "/legacy/", headers=sent, **environ)


def raw_part(disposition: bytes, content: bytes, headers: bytes = b"") -> bytes:
    """One part of the form."""
    head = b"--" + BOUNDARY.encode() + b"\r\nContent-Disposition: " + disposition + b"\r\n"
    return head + headers + b"\r\n" + content + b"\r\n"


def text_part(name: str, value: str | bytes) -> bytes:
    """A field."""
    content = value.encode() if isinstance(value, str) else value
    return raw_part(f'form-data; name="{name}"'.encode(), content)


def basic(token: str) -> str:
    """The header by which twine and uv send a token."""
    return "Basic " + base64.b64encode(f"__token__:{token}".encode()).decode()


def attempt(filename: str, data: bytes, name: str = "demo", version: str = "1.0") -> Attempt:
    """What twine would send for this file."""
    wheel = filename.endswith(".whl")
    fields: dict[str, Value] = {
        ":action": "file_upload",
        "protocol_version": "1",
        "metadata_version": "2.1",
        "name": name,
        "version": version,
        "filetype": "bdist_wheel" if wheel else "sdist",
        "pyversion": "py3" if wheel else "source",
        "sha256_digest": hashlib.sha256(data).hexdigest(),
        "blake2_256_digest": hashlib.blake2b(data, digest_size=32).hexdigest(),
    }
    return Attempt(filename, data, fields)


def wheel(name: str = "demo", version: str = "1.0", **knobs: Any) -> Attempt:
    """A wheel made with these knobs of the factory."""
    return _made(make_wheel, name, version, knobs)


def sdist(name: str = "demo", version: str = "1.0", **knobs: Any) -> Attempt:
    """A source distribution made with these knobs of the factory."""
    return _made(make_sdist, name, version, knobs)


def _made(make: Callable[..., Path], name: str, version: str, knobs: dict[str, Any]) -> Attempt:
    form_name, form_version = knobs.pop("form_name", name), knobs.pop("form_version", version)
    filename = knobs.pop("filename", "")
    with tempfile.TemporaryDirectory() as folder:
        path = make(Path(folder), name, version, **knobs)
        return attempt(filename or path.name, path.read_bytes(), form_name, form_version)


def good(filename: str) -> Attempt:
    """A faultless upload under this very filename."""
    found = names.parse_filename(filename)
    if found.filetype == "sdist":
        return sdist(found.name, found.version, filename=filename)
    tag = "-".join(filename.removesuffix(".whl").split("-")[-3:])
    return wheel(found.name, found.version, tag=tag, build=found.build, filename=filename)


@dataclass(frozen=True)
class Row:
    """A line of the table: an upload that is refused, and how.

    `finding` is among the `errors` of the refusal, `says` is within its sentence.  `before`
    prepares the index for the uploader and may return a token to be used instead of his.
    `afterwards` names a good upload that must succeed, if the row's own filename cannot.
    `defect` says why the endpoint still errs.
    """

    slug: str
    build: Callable[[], Attempt]
    finding: str = ""
    code: str = "invalid-distribution"
    status: int = 400
    items: tuple[int, ...] = ()
    before: Callable[[User], str | None] | None = None
    afterwards: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)
    says: str = ""
    defect: str = ""

    @property
    def id(self) -> str:
        """Which of the field notes' numbered inputs it is, and what is wrong."""
        return f"{'+'.join(map(str, self.items)) or 'own'}-{self.slug}"


def form_row(slug: str, says: str, build: Callable[[], Attempt], *items: int, **facts: Any) -> Row:
    """An upload whose envelope is wrong; they share a code, so the sentence must be right."""
    return Row(slug, build, items=items, says=says, **{"code": "invalid-form", **facts})
