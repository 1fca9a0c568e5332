"""What pages may ask of a browser: keys to sign in with, and no sensors (Permissions Policy)."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

_NOBODY = ["accelerometer", "camera", "display-capture", "geolocation", "gyroscope", "magnetometer"]
_NOBODY += ["microphone", "midi", "payment", "usb"]
_OURSELVES = ("publickey-credentials-create", "publickey-credentials-get")
POLICY = ", ".join([f"{name}=()" for name in _NOBODY] + [f"{name}=(self)" for name in _OURSELVES])


class PermissionsPolicyMiddleware:
    """Says so on every page that people read.

    What every origin may read (CORS) is for programs: the simple API, whose pages go out without
    any middleware.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        for_programs = "Access-Control-Allow-Origin" in response
        if response.get("Content-Type", "").startswith("text/html") and not for_programs:
            response.headers.setdefault("Permissions-Policy", POLICY)
        return response
