"""``/_/oidc/`` and ``/.well-known/pytp``: trusted publishing as PyPI and PEP 807 (draft) speak it.

Refusals carry the members of RFC 9457, and besides those that PyPI's clients look into: ``message``
and ``errors`` with ``code`` and ``description``.
"""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import unquote

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse
from django.views.decorators.csrf import csrf_exempt

from accounts import actors, limits
from packages import minting
from pypi_site.lib import http, strict_json
from pypi_site.lib.problems import PROBLEM_JSON, NotFound, Problem
from pypi_site.lib.ratelimit import source_of

PYTP = "application/vnd.pypi.pytp.v1+json"
MOST_BYTES = 64 * 1024
PER_MINUTE = 300  # requests from one address; the jobs of a whole company may share one
SINGLE_USE, MULTI_USE = "single-use-token", "multi-use-token"
FEATURES = (MULTI_USE, SINGLE_USE)
UPLOADS = ("upload", "upload-2.0")  # the routes that take minted tokens
window = limits.SharedWindow("oidc", 60)


class InvalidPayload(Problem):
    """The body is not ``{"token": "..."}``."""

    status, code, title = 422, "invalid-payload", "Invalid request"


class UnknownFeature(Problem):
    """A feature of PEP 807 that this index has not, or two that exclude each other."""

    status, code, title = 422, "unknown-feature", "Unknown feature"


class NotAcceptable(Problem):
    """The client accepts no type in which discovery answers (PEP 807)."""

    status, code, title = 406, "pytp-not-acceptable", "Not acceptable"


def audience(request: HttpRequest) -> HttpResponse:
    """What identity tokens must be made for; 403 where trusted publishing is off."""
    if request.method not in ("GET", "HEAD"):
        return _wrong_method("GET, HEAD")
    try:
        minting.require_enabled()
    except Problem as problem:
        return _refusal(problem)
    return _answer({"audience": settings.OIDC_AUDIENCE})


@csrf_exempt  # no session is looked at
def mint_token(request: HttpRequest) -> HttpResponse:
    """Exchange a CI job's identity token for an API token that lives for minutes."""
    if request.method != "POST":
        return _wrong_method("POST")
    try:
        window.require(source_of(request), PER_MINUTE)
        body = _body(request)
        single_use = _is_single_use(body)
        actor = actors.of_request(request)
        text, ends = minting.mint(_token(body), actor=actor, single_use=single_use)
    except Problem as problem:
        return _refusal(problem)
    return _answer({"success": True, "token": text, "expires": int(ends.timestamp())})


@csrf_exempt  # no session is looked at
def burn_token(request: HttpRequest) -> HttpResponse:
    """End a minted token; 202 whether it was one of ours or not."""
    if request.method != "POST":
        return _wrong_method("POST")
    try:
        window.require(source_of(request), PER_MINUTE)
        minting.burn(_token(_body(request)), actor=actors.of_request(request))
    except Problem as problem:
        return _refusal(problem)
    return _answer({"success": True}, status=202)


def discover(request: HttpRequest) -> HttpResponse:
    """PEP 807: where the upload address that ``discover`` names exchanges identity tokens."""
    if request.method not in ("GET", "HEAD"):
        return _wrong_method("GET, HEAD")
    try:
        _require_acceptable(request)
        minting.require_enabled()
        _require_upload_address(request)
    except minting.NotEnabled:
        return _refusal(NotFound("This index takes no identity tokens."))
    except Problem as problem:
        return _refusal(problem)
    body = {
        "audience-endpoint": _absolute(request, "oidc-audience"),
        "token-mint-endpoint": _absolute(request, "oidc-mint-token"),
        "features": list(FEATURES),
        "default-features": [MULTI_USE],
    }
    return _answer(body, content_type=PYTP)


def _absolute(request: HttpRequest, route: str) -> str:
    return request.build_absolute_uri(reverse(route))


def _require_acceptable(request: HttpRequest) -> None:
    if http.choose(request.accepted_types, [PYTP, "application/json"]) is None:
        raise NotAcceptable(f"Discovery answers in {PYTP}; accept that.")


def _require_upload_address(request: HttpRequest) -> None:
    """A path that is encoded twice is another path, and there is nothing at it."""
    asked = request.GET.getlist("discover")
    known = {reverse(route) for route in UPLOADS}
    known |= {path.removesuffix("/") for path in known}
    if len(asked) != 1 or unquote(asked[0]) != asked[0] or asked[0] not in known:
        raise NotFound(
            f"Nothing is uploaded there; name {' or '.join(map(reverse, UPLOADS))} in discover."
        )


def _body(request: HttpRequest) -> dict[str, Any]:
    data = request.read(MOST_BYTES + 1)
    if len(data) > MOST_BYTES:
        raise InvalidPayload(f"The body has more than {MOST_BYTES} bytes; no identity token has.")
    try:
        body = strict_json.loads(data)
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise InvalidPayload('Send a JSON object: {"token": "..."}.')
    return body


def _token(body: dict[str, Any]) -> str:
    token = body.get("token")
    if not isinstance(token, str) or not token:
        raise InvalidPayload('Send the token as a text: {"token": "..."}.')
    return token


def _is_single_use(body: dict[str, Any]) -> bool:
    """Without ``features``, or with an empty list, a token may be used more than once."""
    wanted = body.get("features", [])
    if not isinstance(wanted, list) or not all(isinstance(each, str) for each in wanted):
        raise UnknownFeature("Send features as a list of texts.")
    if unknown := [each for each in wanted if each not in FEATURES]:
        raise UnknownFeature(
            f"There is no feature {unknown[0][:60]!r} here; choose of {', '.join(FEATURES)}."
        )
    if len(set(wanted)) > 1:
        raise UnknownFeature("A token is good for one use or for several; ask for one of them.")
    return SINGLE_USE in wanted


def _answer(
    body: dict[str, Any], status: int = 200, content_type: str = "application/json"
) -> HttpResponse:
    response = JsonResponse(body, status=status, content_type=content_type)
    response["Cache-Control"] = "no-store"
    return response


def _refusal(problem: Problem) -> HttpResponse:
    """In the words of PyPI's clients and of RFC 9457 at once; no token is ever repeated."""
    errors = [{"code": problem.code, "description": problem.detail, "message": problem.detail}]
    members = problem.as_dict() | {"message": "Token request failed", "errors": errors}
    response = HttpResponse(json.dumps(members), status=problem.status, content_type=PROBLEM_JSON)
    response.reason_phrase = problem.reason
    for name, value in {"Cache-Control": "no-store", **problem.headers}.items():
        response[name] = value
    return response


def _wrong_method(allowed: str) -> HttpResponse:
    return HttpResponse(status=405, headers={"Allow": allowed})
