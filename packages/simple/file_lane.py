"""The lane for ``/files/`` ahead of Django, and the host that serves nothing else.

A file that was asked for before costs no query: `offered.Memory` knows it, and the server sends it
(``sendfile`` under gunicorn).  What is not here, or cannot be had, is left to Django to refuse.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from http import HTTPStatus
from urllib.parse import urlsplit

from django.conf import settings
from django.db import InterfaceError, OperationalError

from packages import storage
from packages.models.file import ADDRESS
from packages.simple import files
from packages.simple.files import USER_CONTENT, Answer
from packages.simple.offered import Memory, Offered
from pypi_site.lib import wsgi
from pypi_site.lib.transfers import CHUNK, Chunks
from pypi_site.lib.wsgi import Environ, StartResponse

SMALL = 64 * 1024  # bytes that are read at once: cheaper than a system call of their own
REDIRECT = "public, max-age=3600"
_NOTHING = b"This host serves files; the index is elsewhere.\n"
_memory = Memory()


def answer(environ: Environ, start_response: StartResponse) -> Iterable[bytes] | None:
    """Answer a request for a file.  None: it is for somebody else."""
    found = None if wsgi.must_redirect(environ) else _choose(environ)
    if found is None:
        return None
    status = f"{found.status} {HTTPStatus(found.status).phrase}"
    start_response(status, [*found.headers.items(), *_https_only(environ)])
    return _body(environ, found)


def _https_only(environ: Environ) -> list[tuple[str, str]]:
    """The host of files keeps to https as the site does (RFC 6797)."""
    if not settings.SECURE_HSTS_SECONDS or not wsgi.is_secure(environ):
        return []
    return [("Strict-Transport-Security", f"max-age={settings.SECURE_HSTS_SECONDS}")]


def _choose(environ: Environ) -> Answer | None:
    path = environ["PATH_INFO"]
    on_files_host = bool(settings.FILES_ORIGIN) and is_files_host(environ)
    if on_files_host and path != "/healthz" and not path.startswith("/files/"):
        return _nothing()
    if not path.startswith("/files/") or environ["REQUEST_METHOD"] not in ("GET", "HEAD"):
        return None
    if (match := ADDRESS.fullmatch(path)) is None:
        return None
    if settings.PRIVATE:
        return _nothing() if on_files_host else None
    if settings.FILES_ORIGIN and not on_files_host:
        private = wsgi.names_somebody(environ) and _find(match) is None
        return None if private else _to_files_host(environ)
    return _file(environ, match)


def _find(match: re.Match[str]) -> Offered | None:
    try:
        return _memory.find(match["sha256"], match["filename"])
    except (OperationalError, InterfaceError):
        return None


def _file(environ: Environ, match: re.Match[str]) -> Answer | None:
    sha256, filename, metadata = match.groups()
    try:
        found = _memory.find(sha256, filename)
        return found and files.answer(environ, found, metadata=bool(metadata))
    except (OperationalError, InterfaceError, storage.Unavailable):
        return None  # Django says so


def is_files_host(environ: Environ) -> bool:
    """Whether the request names the host of ``GATEHOUSE_FILES_HOST``.

    Proxies like to drop the port, so it counts only where site and files share a host name.
    """
    ours, site = urlsplit(str(settings.FILES_ORIGIN)), urlsplit(settings.SITE_URL)
    asked = urlsplit(f"//{environ.get('HTTP_HOST', '')}")
    if asked.hostname != ours.hostname:
        return False
    return ours.hostname != site.hostname or asked.netloc.lower() == ours.netloc.lower()


def _to_files_host(environ: Environ) -> Answer:
    """Old links and lock files go on working."""
    query = environ.get("QUERY_STRING")
    target = settings.FILES_ORIGIN + environ["PATH_INFO"] + (f"?{query}" if query else "")
    headers = {"Location": target, "Cache-Control": REDIRECT, "Content-Length": "0"}
    return Answer(302, {**headers, "Access-Control-Allow-Origin": "*"}, b"")


def _nothing() -> Answer:
    headers = {"Content-Type": "text/plain; charset=utf-8", "Content-Length": str(len(_NOTHING))}
    return Answer(404, {**headers, **USER_CONTENT, "Cache-Control": "no-store"}, _NOTHING)


def _body(environ: Environ, answer: Answer) -> Iterable[bytes]:
    body = answer.body
    if isinstance(body, bytes):
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [body]
    if int(answer.headers["Content-Length"]) <= SMALL:
        data = body.read()
        body.close()
        return [data]
    wrapper = environ.get("wsgi.file_wrapper")
    return wrapper(body, CHUNK) if wrapper else Chunks(body)
