"""``POST /_/leaked-tokens/``: whoever finds a token in public has it revoked.

The body is what secret scanners send (GitHub's partner programme): a JSON list of objects with
``token`` and, where it was found, ``url``.  Nobody need sign in: who knows the whole token could
use it, and revoking is the least that he can do with it.
"""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt

from accounts import actors, limits, tokens
from accounts.actors import Actor
from pypi_site.lib import jobs, strict_json
from pypi_site.lib.problems import Problem, TooLarge
from pypi_site.lib.ratelimit import source_of

MOST_TOKENS = 100
MOST_BYTES = 256 * 1024
URL_LENGTH = 500
PER_MINUTE = 60  # reports from one address
window = limits.SharedWindow("leaks", 60)


class InvalidReport(Problem):
    """Not a list of leaked tokens."""

    code, title = "invalid-report", "Invalid report"


@csrf_exempt  # no session is looked at
def report(request: HttpRequest) -> HttpResponse:
    """Revoke what is reported; answers for each token whether it was one of ours."""
    if request.method != "POST":
        return HttpResponse(status=405, headers={"Allow": "POST"})
    window.require(source_of(request), PER_MINUTE)
    actor = actors.of_request(request)
    findings = _findings(request)
    return JsonResponse([_handled(actor, *finding) for finding in findings], safe=False)


def _findings(request: HttpRequest) -> list[tuple[str, str]]:
    body = request.read(MOST_BYTES + 1)
    if len(body) > MOST_BYTES:
        raise TooLarge(f"The report has more than {MOST_BYTES} bytes; send it in parts.")
    try:
        rows = strict_json.loads(body)
    except ValueError:
        raise InvalidReport("The report is no JSON; send a list of objects with 'token'.") from None
    if not isinstance(rows, list) or len(rows) > MOST_TOKENS:
        raise InvalidReport(f"Send a list of at most {MOST_TOKENS} objects with 'token'.")
    return [_finding(row) for row in rows]


def _finding(row: Any) -> tuple[str, str]:
    text, url = (row.get("token"), row.get("url", "")) if isinstance(row, dict) else (None, "")
    if not isinstance(text, str):
        raise InvalidReport("Every object needs the whole token as the text 'token'.")
    return text, url if isinstance(url, str) else ""


@transaction.atomic
def _handled(actor: Actor, text: str, url: str) -> dict[str, str]:
    """Revoke one token, leave a trace and tell its owner; what scanners expect in return."""
    token = tokens.verify(text)
    if token is not None:
        where = "".join(filter(str.isprintable, url))[:URL_LENGTH]
        reason = f"Found in public{f': {where}' if where else ''}"
        tokens.revoke(token, actor=actor, reason=reason)
        jobs.enqueue("accounts.tasks.tell_of_leak", token.pk, where)
    label = "true_positive" if token else "false_positive"
    return {"token_raw": text, "token_type": tokens.PREFIX.rstrip("-"), "label": label}
