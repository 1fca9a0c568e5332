"""The other side of the wire: HTTP by hand, and the tools that people use."""

from __future__ import annotations

import base64
import hashlib
import http.client
import json
import os
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from tests.patience import PATIENCE

BIN = Path(sys.executable).parent
JSON = "application/vnd.pypi.simple.v1+json"
V1_HTML = "application/vnd.pypi.simple.v1+html"
BOUNDARY = "gatehouse-boundary-7b1f"
# What would make a client look elsewhere than at our index, or measure it.
_CONFIGURATION = ("PIP_", "UV_", "TWINE_", "COVERAGE_", "PYTHON", "VIRTUAL_ENV", "DATABASE_URL")
Fields = Mapping[str, str | list[str] | None]


@dataclass(frozen=True)
class Answer:
    """An HTTP response, read to its end."""

    status: int
    reason: str
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def type(self) -> str:
        return self.headers.get("Content-Type", "")

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def anchors(self) -> list[Anchor]:
        return parse_page(self.text).anchors


@dataclass(frozen=True)
class Index:
    """An index by its address; one connection for each request."""

    host: str
    port: int

    def connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection(self.host, self.port, timeout=PATIENCE)

    def ask(
        self, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        connection = self.connect()
        try:
            connection.request(method, path, body=body, headers=dict(headers or {}))
            response = connection.getresponse()
            return Answer(response.status, response.reason, response.headers, response.read())
        finally:
            connection.close()

    def get(self, path: str, **headers: str) -> Answer:
        """Header names are written with underscores: ``if_none_match=...``."""
        return self.ask("GET", path, headers={k.replace("_", "-"): v for k, v in headers.items()})

    def project(self, name: str) -> Any:
        """The JSON page of a project, or None where there is none."""
        answer = self.get(f"/simple/{name}/", accept=JSON)
        if answer.status == 404:
            return None
        assert answer.status == 200, answer.text
        return answer.json

    def files(self, name: str) -> dict[str, dict[str, Any]]:
        page = self.project(name)
        return {file["filename"]: file for file in page["files"]} if page else {}

    def download(self, name: str, filename: str) -> bytes:
        answer = self.get(self.files(name)[filename]["url"])
        assert answer.status == 200, answer.text
        return answer.body

    def upload(
        self,
        path: Path,
        token: str | None,
        *,
        headers: Mapping[str, str] | None = None,
        fields: Fields | None = None,
        filename: str | None = None,
    ) -> Answer:
        """Send a distribution as twine does; `fields` change the form (None leaves one out)."""
        body = form(path, fields or {}, filename)
        return self.ask("POST", "/legacy/", body, upload_headers(token) | dict(headers or {}))


# -- HTML ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Anchor:
    attributes: dict[str, str | None]
    text: str

    @property
    def href(self) -> str:
        return self.attributes["href"] or ""


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.anchors: list[Anchor] = []
        self.meta: dict[str, str | None] = {}
        self._open: dict[str, str | None] | None = None
        self._text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag == "a":
            self._open, self._text = values, ""
        elif tag == "meta" and values.get("name"):
            self.meta[str(values["name"])] = values.get("content")

    def handle_data(self, data: str) -> None:
        self._text += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "a" and self._open is not None:
            self.anchors.append(Anchor(self._open, self._text))
            self._open = None


def parse_page(text: str) -> _Page:
    page = _Page()
    page.feed(text)
    return page


# -- the upload form -----------------------------------------------------------------------------


def upload_headers(token: str | None) -> dict[str, str]:
    headers = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
    if token is not None:
        credentials = base64.b64encode(f"__token__:{token}".encode()).decode()
        headers["Authorization"] = f"Basic {credentials}"
    return headers


def form(path: Path, changes: Fields, filename: str | None = None) -> bytes:
    """The body of an upload; name and version are guessed from the filename."""
    data = path.read_bytes()
    name, _, rest = path.name.partition("-")
    is_wheel = path.suffix == ".whl"
    fields: dict[str, str | list[str] | None] = {
        ":action": "file_upload",
        "protocol_version": "1",
        "filetype": "bdist_wheel" if is_wheel else "sdist",
        "pyversion": "py3" if is_wheel else "source",
        "metadata_version": "2.1",
        "name": name,
        "version": rest.partition("-")[0] if is_wheel else rest.removesuffix(".tar.gz"),
        "sha256_digest": hashlib.sha256(data).hexdigest(),
        **changes,
    }
    parts = [_text_part(name, value) for name, values in fields.items() for value in _each(values)]
    disposition = f'form-data; name="content"; filename="{filename or path.name}"'
    return b"".join([*parts, _part(disposition, data), f"--{BOUNDARY}--\r\n".encode()])


def _each(values: str | list[str] | None) -> Iterable[str]:
    return [values] if isinstance(values, str) else values or []


def _text_part(name: str, value: str) -> bytes:
    return _part(f'form-data; name="{name}"', value.encode())


def _part(disposition: str, data: bytes) -> bytes:
    head = f"--{BOUNDARY}\r\nContent-Disposition: {disposition}\r\n\r\n"
    return head.encode() + data + b"\r\n"


# -- tools ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Tools:
    """twine, uv and pip as on a machine that knows no index but ours."""

    url: str
    home: Path
    token: str = field(default="", repr=False)

    @property
    def simple(self) -> str:
        return f"{self.url}/simple/"

    def twine(self, *paths: Path, options: Iterable[str] = ()) -> subprocess.CompletedProcess[str]:
        where = ["--repository-url", f"{self.url}/legacy/", "-u", "__token__", "-p", self.token]
        quiet = ["--non-interactive", "--disable-progress-bar"]
        return self._run(BIN / "twine", "upload", *quiet, *where, *options, *paths)

    def uv_publish(
        self, *paths: Path, options: Iterable[str] = ()
    ) -> subprocess.CompletedProcess[str]:
        where = ["--publish-url", f"{self.url}/legacy/", "--token", self.token]
        never = ["--trusted-publishing", "never", "--keyring-provider", "disabled"]
        return self._run(BIN / "uv", "publish", "--no-config", *where, *never, *options, *paths)

    def pip(self, command: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
        """``pip install`` or ``pip download`` from our index."""
        quiet = ["--isolated", "--disable-pip-version-check", "--no-cache-dir", "--no-input"]
        where = ["--index-url", self.simple]
        pip = [sys.executable, "-m", "pip", command, *quiet, *where]
        return self._run(*pip, *arguments)

    def uv_install(self, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
        command = [BIN / "uv", "pip", "install", "--no-config", "--index-url", self.simple]
        return self._run(*command, "--python", sys.executable, "--no-python-downloads", *arguments)

    def _run(self, *command: str | Path) -> subprocess.CompletedProcess[str]:
        kept = {k: v for k, v in os.environ.items() if not k.startswith(_CONFIGURATION)}
        environment = kept | {
            "HOME": str(self.home),
            "XDG_CONFIG_HOME": str(self.home),
            "PIP_CONFIG_FILE": os.devnull,
            "UV_CACHE_DIR": str(self.home / "uv-cache"),
            "NO_COLOR": "1",
            "COLUMNS": "1000",
            "PYTHONWARNINGS": "ignore",
        }
        return subprocess.run(
            [str(word) for word in command],
            cwd=self.home,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=3 * PATIENCE,
        )


def sha256(data: bytes | Path) -> str:
    return hashlib.sha256(data.read_bytes() if isinstance(data, Path) else data).hexdigest()
