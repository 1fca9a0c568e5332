"""``/upload/2.0/``: the Upload 2.0 API (PEP 694, draft of 2026-07-29, experimental)."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from typing import Any, Concatenate, ParamSpec
from uuid import UUID

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse

from accounts import refusals
from accounts.actors import Actor
from accounts.authentication import CredentialsNeeded, InvalidToken, token_actor
from packages.models import FileSession
from packages.uploads import forms, incoming, messages, staged_files, staging
from packages.uploads.messages import CONTENT_TYPE
from pypi_site.lib import http
from pypi_site.lib.problems import Problem, TryAgain

logger = logging.getLogger(__name__)
BYTES = "application/octet-stream"
P = ParamSpec("P")
Handler = Callable[Concatenate[HttpRequest, Actor, P], HttpResponse]


class WrongContentType(Problem):
    """Another type than the API's."""

    status, code, title = 415, "wrong-content-type", "Unsupported media type"


class NotAcceptable(Problem):
    """The client accepts none of the API's types."""

    status, code, title = 406, "not-acceptable", "Not acceptable"


class WrongMethod(Problem):
    """The address exists, the method does not."""

    status, code, title = 405, "method-not-allowed", "Method not allowed"


def _endpoint(**handlers: Handler[P]) -> Callable[Concatenate[HttpRequest, P], HttpResponse]:
    """A view that asks who is there, dispatches on the method, and answers as PEP 694 wants."""
    allowed = ", ".join(sorted(handlers))

    def view(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        try:
            handler = handlers.get(request.method or "")
            if handler is None:
                raise WrongMethod(f"Use {allowed} here.", headers={"Allow": allowed})
            actor = _actor(request)
            _require_acceptable(request)
            return handler(request, actor, *args, **kwargs)
        except (OperationalError, InterfaceError) as error:
            logger.error("The database is away: %s", error)  # noqa: TRY400 - no incident of ours
            problem: Problem = TryAgain(
                "The database is away for a moment; try again in some seconds.",
                headers={"Retry-After": "5"},
            )
        except Problem as refusal:
            refusals.note(request, refusal)
            problem = refusal
        forms.discard_rest(request)
        return _refusal(problem)

    view.csrf_exempt = True  # type: ignore[attr-defined] # a token in a header, never a cookie
    return view


def _actor(request: HttpRequest) -> Actor:
    """PEP 694 has 401 for useless credentials, too, where upload 1.0 has 403."""
    try:
        return token_actor(request)
    except InvalidToken as problem:
        raise CredentialsNeeded(problem.detail) from None


def _refusal(problem: Problem) -> HttpResponse:
    """RFC 9457 always: every client of this API understands it (U2-35)."""
    members = problem.as_dict() | {
        "meta": messages.META,
        "errors": [
            {"source": error.get("code", problem.code), "message": error["message"]}
            for error in problem.errors or [{"message": problem.detail}]
        ],
    }
    response = HttpResponse(
        json.dumps(members), status=problem.status, content_type="application/problem+json"
    )
    response.reason_phrase = problem.reason
    for name, value in problem.headers.items():
        response[name] = value
    return _private(response)


def _require_acceptable(request: HttpRequest) -> None:
    if http.choose(request.accepted_types, [CONTENT_TYPE]) is None:
        raise NotAcceptable(f"This API answers in {CONTENT_TYPE}; accept that.")


def _body(request: HttpRequest) -> dict[str, Any]:
    content_type = (request.content_type or "").lower()
    if content_type != CONTENT_TYPE:
        raise WrongContentType(f"Send the request as {CONTENT_TYPE}.")
    return messages.parse(request.read(messages.BODY_LIMIT + 1))


def _answer(body: dict[str, Any], status: int, **headers: str) -> HttpResponse:
    response = HttpResponse(json.dumps(body), status=status, content_type=CONTENT_TYPE)
    for name, value in headers.items():
        response[name.replace("_", "-")] = value
    return _private(response)


def _no_content() -> HttpResponse:
    return _private(HttpResponse(status=204))


def _private(response: HttpResponse) -> HttpResponse:
    response["Cache-Control"] = "private, no-store"
    return response


# -- the endpoints, by the numbers of the field notes ---------------------------------------------


def _create(request: HttpRequest, actor: Actor) -> HttpResponse:
    """E1: begin to prepare a release."""
    value = _body(request)
    name, version = messages.text(value, "name"), messages.text(value, "version")
    try:
        stage = staging.open_session(actor, name, version)
    except staging.SessionExists as problem:
        problem.headers["Location"] = request.build_absolute_uri(problem.headers["Location"])
        raise
    body = messages.session(stage, request.build_absolute_uri)
    return _answer(body, 201, Location=body["links"]["session"])


def _show(request: HttpRequest, actor: Actor, session: UUID) -> HttpResponse:
    """E2: what stands."""
    stage = staging.find_session(actor, session)
    return _answer(messages.session(stage, request.build_absolute_uri), 200)


def _cancel(request: HttpRequest, actor: Actor, session: UUID) -> HttpResponse:
    """E3: give up."""
    staging.cancel(staging.find_session(actor, session), actor=actor)
    return _no_content()


def _publish(request: HttpRequest, actor: Actor, session: UUID) -> HttpResponse:
    """E4: 201 when it is public, 202 when a moderator must look first."""
    stage = staging.find_unended_session(actor, session)
    location = request.build_absolute_uri(staging.session_path(stage))
    _body(request)
    try:
        stage = staging.publish(stage, actor=actor)
    except staging.SessionClosed as problem:
        problem.headers["Location"] = location
        raise
    body = messages.session(stage, request.build_absolute_uri)
    return _answer(body, 201 if messages.is_final(stage) else 202, Location=location)


def _extend(request: HttpRequest, actor: Actor, session: UUID) -> HttpResponse:
    """E5: keep it longer."""
    stage = staging.find_unended_session(actor, session)
    stage = staging.extend(stage, messages.seconds(_body(request)))
    return _answer(messages.session(stage, request.build_absolute_uri), 200)


def _announce(request: HttpRequest, actor: Actor, session: UUID) -> HttpResponse:
    """E6: a file will come."""
    stage = staging.find_unended_session(actor, session)
    said = messages.announcement(_body(request))
    item = staged_files.announce_file(stage, said.filename, said.size, said.hashes)
    body = messages.file(item, request.build_absolute_uri)
    location = body["links"]["file-upload-session"]
    return _answer(body, 202, Location=location, Retry_After="1")


def _receive(request: HttpRequest, actor: Actor, session: UUID, file: UUID) -> HttpResponse:
    """E7: the bytes."""
    item = staged_files.find_file(staging.find_unended_session(actor, session), file)
    if (request.content_type or "").lower() != BYTES:
        raise WrongContentType(f"Send the bytes of the file as {BYTES}.")
    staged_files.require_awaiting_bytes(item)
    length = _announced_length(request, item)
    with incoming.temporary_file() as place:
        content = incoming.Incoming(place, item.size, item.hashes)
        forms.read_exactly(request, length, content.write)
        content.close()
        staged_files.receive(item, content)
    return _no_content()


def _announced_length(request: HttpRequest, item: FileSession) -> int:
    length = forms.declared_length(request)
    if length > item.size:
        raise staged_files.UploadMismatch(
            f"{item.filename} was announced with {item.size} bytes, and more are sent; delete it"
            " and announce it anew."
        )
    return length


def _complete(request: HttpRequest, actor: Actor, session: UUID, file: UUID) -> HttpResponse:
    """E9: check what arrived and keep it."""
    item = staged_files.find_file(staging.find_unended_session(actor, session), file)
    _body(request)
    item = staged_files.complete(item, actor=actor)
    body = messages.file(item, request.build_absolute_uri)
    return _answer(body, 201, Location=body["links"]["file-upload-session"])


def _show_file(request: HttpRequest, actor: Actor, session: UUID, file: UUID) -> HttpResponse:
    """E10: what became of a file."""
    item = staged_files.find_file(staging.find_unended_session(actor, session), file)
    return _answer(messages.file(item, request.build_absolute_uri), 200)


def _remove_file(request: HttpRequest, actor: Actor, session: UUID, file: UUID) -> HttpResponse:
    """E11: take it out."""
    staged_files.remove_file(
        staged_files.find_file(staging.find_unended_session(actor, session), file)
    )
    return _no_content()


def _extend_file(request: HttpRequest, actor: Actor, session: UUID, file: UUID) -> HttpResponse:
    """E12: a file lives as long as its session."""
    item = staged_files.find_file(staging.find_unended_session(actor, session), file)
    item.stage = staging.extend(item.stage, messages.seconds(_body(request)))
    return _answer(messages.file(item, request.build_absolute_uri), 200)


def without_slash(request: HttpRequest) -> HttpResponse:
    """308 keeps the method, for clients that follow; the text tells the others."""
    return _refusal(forms.missing_slash(request, "/upload/2.0/"))


without_slash.csrf_exempt = True  # type: ignore[attr-defined] # it changes nothing

root = _endpoint(POST=_create)
session = _endpoint(GET=_show, HEAD=_show, DELETE=_cancel)
publish = _endpoint(POST=_publish)
extend = _endpoint(POST=_extend)
files = _endpoint(POST=_announce)
file = _endpoint(GET=_show_file, HEAD=_show_file, DELETE=_remove_file)
content = _endpoint(POST=_receive)
complete = _endpoint(POST=_complete)
extend_file = _endpoint(POST=_extend_file)
