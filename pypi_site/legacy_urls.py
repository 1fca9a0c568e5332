"""Addresses of former years, which stand in READMEs, bookmarks and scripts: each leads on.

Of the first index (``/pypi?:action=...``), of its files (``/packages/...``), and of PyPI as it is
today where ours are others.  Targets are our own addresses only.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import urlencode

import trove_classifiers
from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponsePermanentRedirect
from django.http.response import HttpResponseBase
from django.urls import NoReverseMatch, URLPattern, path, reverse
from django.views.decorators.csrf import csrf_exempt
from django.views.generic import RedirectView

from accounts.models import USERNAME_GRAMMAR
from packages import names, readers
from packages.models import File, Reader
from pypi_site import xmlrpc
from pypi_site.lib import http
from pypi_site.lib.problems import NotFound, Problem

CACHE = "public, max-age=3600"
METADATA = ".metadata"
# ``/packages/ab/cd/<the rest of a digest>/<filename>``, by BLAKE2b-256, SHA-256 or MD5
_BY_DIGEST = re.compile(r"([0-9a-f]{2})/([0-9a-f]{2})/([0-9a-f]{28}|[0-9a-f]{60})/([^/]+)")
# ``/packages/source/d/demo/<filename>``, ``/packages/py3/d/demo/<filename>``
_BY_PROJECT = re.compile(r"[A-Za-z0-9.]{1,40}/[A-Za-z0-9]/[A-Za-z0-9._-]{1,128}/([^/]+)")


class Gone(Problem):
    """What former indexes did here, and none does any more."""

    status, code, title = 410, "gone", "Gone"


# -- ``/pypi`` -----------------------------------------------------------------------------------


@csrf_exempt  # XML-RPC changes nothing, and nothing else is done by POST
def root(request: HttpRequest) -> HttpResponseBase:
    """XML-RPC by POST; else what ``:action`` asks for."""
    if request.content_type == "multipart/form-data":
        raise _gone_upload()
    if request.method == "POST" and ":action" not in request.GET:
        return xmlrpc.endpoint(request)
    return action(request)


@http.read_only
def action(request: HttpRequest) -> HttpResponseBase:
    """An address of the first index."""
    asked = request.GET.get(":action") or ("display" if request.GET.get("name") else "")
    if asked in GONE:
        raise _gone_upload() if asked in UPLOADS else Gone(f"This index does not do {asked}.")
    if asked not in ACTIONS:
        raise NotFound("There is nothing at this address; look for a project on the search page.")
    return ACTIONS[asked](request)


UPLOADS = {"file_upload", "submit", "submit_pkg_info", "doc_upload"}
GONE = {*UPLOADS, "doap", "verify", "show_md5", "openid", "cheesecake"}


def _gone_upload() -> Gone:
    address = f"{settings.SITE_URL}{reverse('upload')}"
    return Gone(f"Files are uploaded elsewhere now: set {address} as the repository URL.")


def _display(request: HttpRequest) -> HttpResponseBase:
    return page(request, request.GET.get("name", ""), request.GET.get("version", ""))


def _json(request: HttpRequest) -> HttpResponse:
    return _to("json", name=request.GET.get("name", ""))


def _search(request: HttpRequest) -> HttpResponse:
    words = request.GET.get("term") or request.GET.get("text") or ""
    return _to("search", urlencode({"q": words}) if words else "")


def _list_classifiers(request: HttpRequest) -> HttpResponse:
    """One a line: flit and others check theirs against it (CLS-2)."""
    known = [*trove_classifiers.sorted_classifiers, *sorted(settings.UPLOAD_EXTRA_CLASSIFIERS)]
    text = "".join(f"{classifier}\n" for classifier in known)
    kind = "text/plain; charset=utf-8"
    return HttpResponse(text, content_type=kind, headers={"Cache-Control": CACHE})


def _always(view: str, **arguments: str) -> Callable[[HttpRequest], HttpResponse]:
    return lambda request: _to(view, **arguments)


ACTIONS: dict[str, Callable[[HttpRequest], HttpResponseBase]] = {
    "": _always("home"),
    "display": _display,
    "files": _display,
    "urls": _display,
    "role_form": _display,
    "pkg_edit": _display,
    "json": _json,
    "search": _search,
    "search_form": _search,
    "browse": _always("search"),
    "index": _always("search"),
    "list_classifiers": _list_classifiers,
    "rss": _always("feed-releases", form="rss"),
    "packages_rss": _always("feed-projects", form="rss"),
    "login": _always("account_login"),
    "login_form": _always("account_login"),
    "register_form": _always("account_signup"),
    "forgotten_password_form": _always("account_reset_password"),
    "password_reset": _always("account_reset_password"),
    "user_form": _always("account_signup"),
}


# -- pages ---------------------------------------------------------------------------------------


@http.read_only
def page(request: HttpRequest, name: str, version: str = "") -> HttpResponse:
    """The page of a project or release; whether there is one is for that page to say."""
    normalized = names.normalize(name)
    if version:
        return _to("release", name=normalized, version=version)
    return _to("project", name=normalized)


@http.read_only
def person(request: HttpRequest, username: str) -> HttpResponse:
    """What somebody keeps."""
    if not re.fullmatch(USERNAME_GRAMMAR, username):
        raise NotFound("Nobody has such a name; check its spelling.")
    return _to("search", urlencode({"q": f"owner:{username}"}))


def _to(view: str, query: str = "", **arguments: str) -> HttpResponse:
    """301 to one of our own addresses, or `NotFound` where the arguments cannot be right."""
    try:
        address = reverse(view, kwargs=arguments)
    except NoReverseMatch:
        raise NotFound("There is no such project here; check its name and version.") from None
    return _redirect(f"{address}?{query}" if query else address)


def _redirect(address: str) -> HttpResponse:
    headers = {"Cache-Control": CACHE, "Access-Control-Allow-Origin": "*"}
    return HttpResponsePermanentRedirect(address, headers=headers)


# -- files ---------------------------------------------------------------------------------------


@http.read_only
def file(request: HttpRequest, rest: str) -> HttpResponse:
    """A file where former indexes had it, or its metadata file."""
    found = _file(rest.removesuffix(METADATA), readers.of_request(request))
    if found is None:
        raise NotFound("There is no such file here; ask the simple index for its address.")
    suffix = METADATA if rest.endswith(METADATA) else ""
    return _redirect(f"{found.get_absolute_url()}{suffix}")


def _file(rest: str, reader: Reader) -> File | None:
    if match := _BY_DIGEST.fullmatch(rest):
        found = _named(match[4], reader)
        digest = "".join(match.groups()[:3])
        return found if found and digest in (found.blake2b_256, found.sha256, found.md5) else None
    match = _BY_PROJECT.fullmatch(rest)
    return _named(match[1], reader) if match else None


def _named(filename: str, reader: Reader) -> File | None:
    """By any spelling of the filename that means the same."""
    try:
        identity = names.parse_filename(filename).identity
    except names.InvalidFilename:
        return None
    found = File.objects.offered(reader).filter(identity=identity)
    return found.without_metadata().select_related("release__project").first()


def _moved(pattern: str) -> Callable[..., HttpResponseBase]:
    return http.read_only(RedirectView.as_view(pattern_name=pattern, permanent=True))


def patterns() -> list[URLPattern]:
    """The routes."""
    return [
        path("pypi", root, name="xmlrpc"),
        path("pypi/", root),
        path("RPC2", xmlrpc.endpoint),
        *[
            path(f"{prefix}/<project:name>{rest}", page)
            for prefix in ("pypi", "p")
            for rest in ("", "/", "/<version:version>", "/<version:version>/")
        ],
        *[path(f"{prefix}/<str:username>{s}", person) for prefix in ("user", "u") for s in ENDS],
        path("packages/<path:rest>", file),
        *[path(f"{address}{s}", _moved(name)) for address, name in MOVED.items() for s in ENDS],
    ]


ENDS = ("", "/")
MOVED = {
    "account/login": "account_login",
    "account/register": "account_signup",
    "account/reset-password": "account_reset_password",
    "help": "apis",
    "security": "security",
}
