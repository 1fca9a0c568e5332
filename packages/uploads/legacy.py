"""The endpoint that twine, uv and every other publishing tool knows: ``POST /legacy/``."""

from __future__ import annotations

from django.conf import settings
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse, HttpResponsePermanentRedirect
from django.views.decorators.csrf import csrf_exempt

from accounts.authentication import token_actor
from packages.uploads import forms, stages
from packages.uploads.stages import Outcome, Result
from pypi_site.lib.problems import Problem

TEXT = "text/plain; charset=utf-8"


class MethodNotAllowed(Problem):
    """Only POST uploads."""

    status, code, title = 405, "method-not-allowed", "Method not allowed"


@csrf_exempt  # authenticated by a token in a header, never by a cookie
def upload(request: HttpRequest) -> HttpResponse:
    """Take one file: 200 published (or here already), 202 held for review, else a refusal."""
    if request.method != "POST":
        raise MethodNotAllowed(
            "Files are uploaded here by POST: set this address as the repository URL of twine or"
            " uv publish.",
            headers={"Allow": "POST"},
        )
    try:
        actor = token_actor(request)
        with forms.receive(request) as form:
            outcome = stages.submit(actor, form.as_upload())
    except (Problem, DatabaseError):
        forms.discard_rest(request)
        raise
    return _answer(outcome)


@csrf_exempt
def without_slash(request: HttpRequest) -> HttpResponse:
    """308 keeps the method; the text tells people whose client does not follow."""
    raise forms.missing_slash(request, "/legacy/")


def to_release(request: HttpRequest, name: str, version: str) -> HttpResponse:
    """Where hatch sends people after an upload."""
    return HttpResponsePermanentRedirect(f"/project/{name}/{version}/")


def _answer(outcome: Outcome) -> HttpResponse:
    name = f"{outcome.project.name} {outcome.version}"
    if outcome.result is Result.STAGED:
        address = f"{settings.SITE_URL}{outcome.project.get_absolute_url()}stages/"
        text = f"Staged: {name} is not public yet; look at it and publish it at {address}"
        return _accepted(text, "Accepted, staged until you publish it")
    if outcome.result is Result.HELD:
        reasons = " ".join(hold["reason"] for hold in outcome.holds)
        text = f"Held for review: {name} is published once a moderator approves it. {reasons}"
        return _accepted(text, "Accepted, held for review by a moderator")
    warnings = "".join(f"Warning: {line}\n" for line in outcome.warnings)
    return HttpResponse(warnings, content_type=TEXT)


def _accepted(text: str, phrase: str) -> HttpResponse:
    response = HttpResponse(f"{text}\n", status=202, content_type=TEXT)
    response.reason_phrase = phrase
    return response
