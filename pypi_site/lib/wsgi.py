"""What answers ahead of Django: lanes (PEP 3333), and the headers that Django would have set.

A lane is called with every request, as a WSGI application is, and returns None for what is not
his; then the next one is asked, and Django at last.  It must not call `start_response` then.
"""

from __future__ import annotations

import functools
import io
from collections.abc import Callable, Iterable
from typing import Any

from csp.middleware import CSPMiddleware
from django.conf import settings
from django.core.handlers.wsgi import WSGIRequest
from django.http import HttpResponse
from django.middleware.clickjacking import XFrameOptionsMiddleware
from django.middleware.security import SecurityMiddleware

Environ = dict[str, Any]
StartResponse = Callable[..., Any]
Lane = Callable[[Environ, StartResponse], Iterable[bytes] | None]
Headers = list[tuple[str, str]]


def is_secure(environ: Environ) -> bool:
    """As `HttpRequest.is_secure` says, for whom the proxy's header may decide."""
    if settings.SECURE_PROXY_SSL_HEADER:
        header, value = settings.SECURE_PROXY_SSL_HEADER
        if header in environ:
            return bool(environ[header].split(",")[0].strip() == value)
    return bool(environ.get("wsgi.url_scheme") == "https")


def names_somebody(environ: Environ) -> bool:
    """Whether credentials came with the request, or a session's cookie."""
    cookies: str = environ.get("HTTP_COOKIE", "")
    return "HTTP_AUTHORIZATION" in environ or settings.SESSION_COOKIE_NAME in cookies


def must_redirect(environ: Environ) -> bool:
    """Whether Django sends this request to https first."""
    return bool(settings.SECURE_SSL_REDIRECT) and not is_secure(environ)


@functools.cache
def security_headers(secure: bool) -> Headers:
    """What the middlewares set on every answer, asked of the middlewares themselves."""
    scheme = "https" if secure else "http"
    request = WSGIRequest(
        {"REQUEST_METHOD": "GET", "wsgi.url_scheme": scheme, "wsgi.input": io.BytesIO()}
    )
    response = HttpResponse()
    del response["Content-Type"]
    for middleware in (SecurityMiddleware, CSPMiddleware, XFrameOptionsMiddleware):
        middleware(lambda request: response).process_response(request, response)
    return list(response.items())
