"""Every address that shows something of projects, asked as programs ask: by the lanes, too."""

from __future__ import annotations

import io
import json
import re
import xmlrpc.client
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from django.core.handlers.wsgi import WSGIHandler
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from django.test import Client
from django.test.client import RequestFactory

from accounts.models import User
from pypi_site.lanes import WithLanes

FACTORY = RequestFactory()
VARYING = {"date", "set-cookie"}


@dataclass(frozen=True)
class Reply:
    """What came back; `headers` in lower case, without what differs each time."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def text(self) -> str:
        return self.body.decode(errors="replace")

    def without(self, name: str) -> tuple[int, dict[str, str], str]:
        """The same whatever the project is called."""
        headers = {key: value.replace(name, "NAME") for key, value in self.headers.items()}
        return self.status, headers, self.text.replace(name, "NAME")


@dataclass(frozen=True)
class Asker:
    """Somebody with headers: a token's, or a session's cookie."""

    headers: dict[str, str] = field(default_factory=dict)

    def get(self, address: str, method: str = "GET", **headers: str) -> Reply:
        return _ask(method, address, {**self.headers, **headers})

    def post(self, address: str, body: bytes, kind: str, **headers: str) -> Reply:
        return _ask("POST", address, {**self.headers, **headers}, body, kind)

    def call(self, method: str, *arguments: Any) -> Any:
        """By XML-RPC; None where that is refused."""
        reply = self.post("/pypi", xmlrpc.client.dumps(arguments, method).encode(), "text/xml")
        if reply.status != 200:
            return None
        return xmlrpc.client.loads(reply.text, use_builtin_types=True)[0][0]


def anybody() -> Asker:
    return Asker()


def signed_in(user: User) -> Asker:
    client = Client()
    client.force_login(user)
    return Asker({"cookie": f"sessionid={client.cookies['sessionid'].value}"})


def with_token(text: str) -> Asker:
    return Asker({"authorization": f"Bearer {text}"})


@contextmanager
def _one_connection() -> Iterator[None]:
    """Requests of a server end their connection; those of a test are in its transaction."""
    ends = (request_started, request_finished)
    for signal in ends:
        signal.disconnect(close_old_connections)
    yield
    for signal in ends:
        signal.connect(close_old_connections)


def _ask(
    method: str, address: str, headers: dict[str, str], body: bytes = b"", kind: str = ""
) -> Reply:
    names = {f"HTTP_{key.upper().replace('-', '_')}": value for key, value in headers.items()}
    options = {"content_type": kind} if kind else {}
    environ = FACTORY.generic(method, address, body, **options, **names).environ
    if "cookie" in headers:
        environ["HTTP_COOKIE"] = headers["cookie"]
    environ["wsgi.input"] = io.BytesIO(body)
    sent: dict[str, Any] = {}

    def start(status: str, found: list[tuple[str, str]], exc_info: Any = None) -> None:
        sent["status"] = int(status.split(maxsplit=1)[0])
        sent["headers"] = {key.lower(): value for key, value in found}

    with _one_connection():
        answer = WithLanes(WSGIHandler())(environ, start)
        data = b"".join(answer)
        if hasattr(answer, "close"):
            answer.close()
    kept = {key: value for key, value in sent["headers"].items() if key not in VARYING}
    return Reply(sent["status"], kept, data)


# -- doors: `{name}` is a project, `{sha}` of its wheel, `{stage}` the token of its stage ----------

SIMPLE_JSON = {"accept": "application/vnd.pypi.simple.v1+json"}
OF_A_PROJECT: dict[str, dict[str, str]] = {
    "/simple/{name}/": {},
    "/simple/{name}/#json": SIMPLE_JSON,
    "/legacy/+simple/{name}/": {},
    "/files/{sha}/{name}-1.0-py3-none-any.whl": {},
    "/files/{sha}/{name}-1.0-py3-none-any.whl#part": {"range": "bytes=0-9"},
    "/files/{sha}/{name}-1.0-py3-none-any.whl#known": {"if-none-match": '"{sha}"'},
    "/files/{sha}/{name}-1.0-py3-none-any.whl.metadata": {},
    "/pypi/{name}/json": {},
    "/pypi/{name}/1.0/json": {},
    "/feeds/project/{name}/releases.rss": {},
    "/feeds/project/{name}/releases.atom": {},
    "/rss/project/{name}/releases.xml": {},
    "/packages/py3/{first}/{name}/{name}-1.0-py3-none-any.whl": {},
    "/api/v1/projects/{name}/": {},
    "/api/v1/projects/{name}/downloads/": {},
    "/project/{name}/": {},
    "/project/{name}/1.0/": {},
    "/stages/{stage}/": {},
    "/stages/{stage}/{name}/": {},
}
LISTS = (
    "/",
    "/simple/",
    "/simple/#json",
    "/search/?q=demonstration",
    "/search/?q={name}",
    "/search/?q={name}&order=updated",
    "/api/v1/search/?q=demonstration",
    "/api/v1/search/?q=owner:keeper",
    "/api/v1/search/",
    "/api/v1/suggest/?q={start}",
    "/api/v1/projects/?page_size=500",
    "/feeds/releases.rss",
    "/feeds/projects.atom",
    "/feeds/user/keeper/releases.atom",
    "/feeds/user/keeper/projects.rss",
    "/rss/updates.xml",
    "/rss/packages.xml",
    "/sitemaps/0.xml",
)


def calls(name: str) -> dict[str, tuple[Any, ...]]:
    """XML-RPC about one project."""
    return {
        "package_releases": (name,),
        "package_roles": (name,),
        "release_urls": (name, "1.0"),
        "release_data": (name, "1.0"),
    }


LISTING_CALLS: dict[str, tuple[Any, ...]] = {
    "list_packages": (),
    "list_packages_with_serial": (),
    "user_packages": ("keeper",),
    "updated_releases": (0,),
    "changelog_since_serial": (0,),
    "changelog": (0,),
    "browse": (["Topic :: Utilities"],),
    "search": ({"name": "demonstration"},),
}


def names_in(text: str, *names: str) -> set[str]:
    """Which of the projects a text names."""
    return {name for name in names if re.search(rf"\b{name}\b", text)}


def listed(asker: Asker, address: str, name: str) -> str:
    """What a list says, lists of programs included."""
    headers = SIMPLE_JSON if address.endswith("#json") else {}
    asked = address.partition("#")[0].format(name=name, start=name[:3])
    return asker.get(asked, **headers).text


def called(asker: Asker, method: str) -> str:
    return json.dumps(asker.call(method, *LISTING_CALLS[method]))


Listing = Callable[[Asker], str]
