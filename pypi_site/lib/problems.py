"""Refusals: a status, a code for programs, one sentence for people (RFC 9457).

twine shows only the reason phrase, flit and poetry the plain body, uv ``title`` and ``detail`` of
problem+json; so one refusal carries all three.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

from django.conf import settings
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.http.request import MediaType
from django.urls import reverse

logger = logging.getLogger(__name__)
PROBLEM_JSON = "application/problem+json"
REASON_LIMIT = 200  # UPL-20: longer phrases are cut by proxies or refused by clients
_JSON_TYPES = (PROBLEM_JSON, "application/json")


class Problem(Exception):
    """Base of every refusal.  ``detail`` tells what to do next, in one sentence.

    ``errors`` lists all findings, where there is more than one thing to mend.
    """

    status: ClassVar[int] = 400
    code: ClassVar[str] = "bad-request"
    title: ClassVar[str] = "The request cannot be served"

    def __init__(
        self,
        detail: str,
        *,
        errors: Sequence[Mapping[str, str]] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.errors = [dict(error) for error in errors]
        self.headers = dict(headers or {})

    def as_dict(self) -> dict[str, Any]:
        """The members of RFC 9457, with ``code`` and, where there are several, ``errors``."""
        members: dict[str, Any] = {
            "type": f"{settings.SITE_URL}/help/problems/#{self.code}",
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
            "code": self.code,
        }
        return members | ({"errors": self.errors} if self.errors else {})

    @property
    def reason(self) -> str:
        """The status line's phrase: Latin-1, one line, bounded (UPL-20)."""
        line = " ".join(self.detail.split()).encode("latin-1", "replace").decode("latin-1")
        line = "".join(character if character.isprintable() else "?" for character in line)
        return line if len(line) <= REASON_LIMIT else f"{line[: REASON_LIMIT - 3]}..."

    @property
    def text(self) -> str:
        """The plain body: the sentence, then every further finding on its own line."""
        more = [error["message"] for error in self.errors if error["message"] != self.detail]
        return "".join(f"{line}\n" for line in (self.detail, *more))


class Refused(Problem):
    """The actor may not do this."""

    status, code, title = 403, "forbidden", "Not allowed"


class NotFound(Problem):
    """There is no such thing, or the actor may not know of it."""

    status, code, title = 404, "not-found", "Not found"


class Conflict(Problem):
    """It cannot be done in the present state."""

    status, code, title = 409, "conflict", "Conflict"


class TooLarge(Problem):
    """More bytes than this index takes."""

    status, code, title = 413, "too-large", "Too large"


class Moved(Problem):
    """What is asked for is elsewhere: the same address, with other `arguments` of its route.

    Kept by caches for a minute only, since whoever moved it may end the redirect.
    """

    status, code, title = 301, "moved", "Moved"

    def __init__(self, detail: str, **arguments: str) -> None:
        headers = {"Cache-Control": "public, max-age=60", "Access-Control-Allow-Origin": "*"}
        super().__init__(detail, headers=headers)
        self.arguments = arguments

    def address(self, request: HttpRequest) -> str:
        """Where it is, with the query that was asked."""
        match = request.resolver_match
        assert match
        arguments = {name: self.arguments.get(name, value) for name, value in match.kwargs.items()}
        route = match.view_name if match.url_name else match.func
        address = reverse(route, args=match.args, kwargs=arguments)
        query = request.META.get("QUERY_STRING")
        return f"{address}?{query}" if query else address


class ReasonNeeded(Problem):
    """What is decided about other people's work says why."""

    code, title = "reason-needed", "A reason is needed"


class TryAgain(Problem):
    """The database is away for a moment; an upload may be repeated, it does no harm (UPL-18)."""

    status, code, title = 503, "try-again", "Unavailable for a moment"


def wants_json(request: HttpRequest) -> bool:
    """Whether the client names a JSON type that it accepts (``*/*`` is not naming it)."""
    return any(
        str(accepted).split(";")[0] in _JSON_TYPES and _quality(accepted) > 0
        for accepted in request.accepted_types
    )


def _quality(accepted: MediaType) -> float:
    try:
        return float(accepted.params.get("q", 1))
    except ValueError:
        return 1.0


def respond(request: HttpRequest, problem: Problem) -> HttpResponse:
    """The refusal as problem+json for whoever accepts it, else as plain text; never HTML."""
    if wants_json(request):
        body, content_type = json.dumps(problem.as_dict()), PROBLEM_JSON
    else:
        body, content_type = problem.text, "text/plain; charset=utf-8"
    status = status_for(request, problem)
    response = HttpResponse(body, status=status, content_type=content_type)
    response.reason_phrase = problem.reason
    response["Cache-Control"] = "no-store"
    response["Vary"] = "Accept"
    for name, value in headers_for(request, problem).items():
        response[name] = value
    return response


def status_for(request: HttpRequest, problem: Problem) -> int:
    """308 keeps the method where 301 would turn a POST into a GET."""
    moved = isinstance(problem, Moved)
    return 308 if moved and request.method not in ("GET", "HEAD") else problem.status


def headers_for(request: HttpRequest, problem: Problem) -> dict[str, str]:
    """Those of the problem, and where to go if it moved."""
    if isinstance(problem, Moved):
        return {**problem.headers, "Location": problem.address(request)}
    return problem.headers


class ProblemMiddleware:
    """Answers a `Problem` that a view raised, for every view alike."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Refusals are answers; a database that is away is one, too, and never a traceback."""
        if isinstance(exception, OperationalError | InterfaceError):
            logger.error("The database is away: %s", exception)
            exception = TryAgain(
                "The database is away for a moment; try again in some seconds.",
                headers={"Retry-After": "5"},
            )
        return respond(request, exception) if isinstance(exception, Problem) else None
