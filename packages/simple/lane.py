"""The simple API ahead of Django: prepared pages, sent with nothing in between.

It takes GET and HEAD of ``/simple/`` and ``/simple/<normalized name>/`` where a page is there to
be sent.  Everything else, errors included, is for the views, which use the same store.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import lru_cache

from django.conf import settings
from django.db import close_old_connections, connection

from packages import markers
from packages.simple import codings, negotiation, root_files, store
from packages.simple.answers import Answer, Variant
from packages.simple.codings import Coding
from pypi_site.lib import wsgi
from pypi_site.lib.problems import Problem
from pypi_site.lib.transfers import CHUNK, Chunks
from pypi_site.lib.wsgi import Environ, StartResponse

PREFIX = "/simple/"
_NORMALIZED = re.compile(r"(?:[a-z0-9]+(?:-[a-z0-9]+)*)?", re.ASCII)
NAME_LENGTH = 128
_ALL = tuple(Coding)
Find = Callable[[str, Variant], Answer | None]
_MEMORY = 4096  # strings of Accept and Accept-Encoding; clients send few


def answer(environ: Environ, start_response: StartResponse) -> Iterable[bytes] | None:
    """The lane (see `pypi_site.lib.wsgi`)."""
    return _answer(environ, start_response, _find)


def answer_from_memory(environ: Environ, start_response: StartResponse) -> Iterable[bytes] | None:
    """The same for what can be sent as it is: asks neither disk nor database, so it never waits."""
    return _answer(environ, start_response, _bytes_in_memory)


def _answer(environ: Environ, start_response: StartResponse, find: Find) -> Iterable[bytes] | None:
    path = environ["PATH_INFO"]
    if not path.startswith(PREFIX) or environ.get("QUERY_STRING"):
        return None
    method = environ["REQUEST_METHOD"]
    if method not in ("GET", "HEAD") or _is_for_somebody(environ, path):
        return None
    offered = root_files.CODINGS if path == PREFIX else _ALL
    variant = _variant(environ.get("HTTP_ACCEPT", ""), environ.get("HTTP_ACCEPT_ENCODING"), offered)
    found = find(path, variant) if variant else None
    if found is None or (settings.SECURE_SSL_REDIRECT and wsgi.must_redirect(environ)):
        return None
    return _send(environ, start_response, found, method)


def _is_for_somebody(environ: Environ, path: str) -> bool:
    """In a private index every page is, else the list of projects for whoever may see more."""
    return bool(settings.PRIVATE) or (path == PREFIX and wsgi.names_somebody(environ))


def _send(
    environ: Environ, start_response: StartResponse, found: Answer, method: str
) -> Iterable[bytes]:
    security = wsgi.security_headers(wsgi.is_secure(environ))
    condition = environ.get
    if found.is_known(condition("HTTP_IF_NONE_MATCH"), condition("HTTP_IF_MODIFIED_SINCE")):
        start_response("304 Not Modified", found.not_modified + security)
        return ()
    body = () if method == "HEAD" else _body(environ, found)
    start_response("200 OK", found.headers + security)
    return body


def _body(environ: Environ, found: Answer) -> Iterable[bytes]:
    """The server sends what is large from its file (``sendfile`` under gunicorn)."""
    if isinstance(found.body, bytes):
        return (found.body,)
    file = found.body.open("rb")
    wrapper = environ.get("wsgi.file_wrapper")
    return wrapper(file, CHUNK) if wrapper else Chunks(file)  # type: ignore[no-any-return]


@lru_cache(_MEMORY)
def _variant(
    accept: str, accept_encoding: str | None, offered: tuple[Coding, ...]
) -> Variant | None:
    """None when nothing suits: the views say what is wrong."""
    try:
        return Variant(negotiation.by_accept(accept), codings.choose(accept_encoding, offered))
    except Problem:
        return None


def _find(path: str, variant: Variant) -> Answer | None:
    """What is in memory and current; else whatever the store finds."""
    return _in_memory(path, variant) or _ask(path, path[len(PREFIX) : -1], variant)


def _in_memory(path: str, variant: Variant) -> Answer | None:
    document = store.documents.get((path[len(PREFIX) : -1], variant.kind))
    if document and path[-1] == "/" and document.is_current(markers.here()):
        document.used = True
        return document.answers.get(variant)
    return None


def _bytes_in_memory(path: str, variant: Variant) -> Answer | None:
    found = _in_memory(path, variant)
    return found if found and isinstance(found.body, bytes) else None


def _ask(path: str, name: str, variant: Variant) -> Answer | None:
    if not _is_page(path, name):
        return None
    if not connection.in_atomic_block:  # as it is in tests
        close_old_connections()  # no request of Django's does it for us
    try:
        return store.answer(name, variant)
    except store.DATABASE_AWAY:
        return None


def _is_page(path: str, name: str) -> bool:
    """Whether it is the address of a page, spelled as we spell it."""
    if path == PREFIX:
        return True
    return (
        path == f"{PREFIX}{name}/"
        and 0 < len(name) <= NAME_LENGTH
        and _NORMALIZED.fullmatch(name) is not None
    )
