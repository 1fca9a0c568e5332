"""What a moderator does with a case without deciding it."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import messages
from django.http import Http404, HttpRequest

from accounts import actors
from accounts.actors import Actor
from accounts.models import User
from moderation import cases
from moderation.admin import wording
from moderation.models import Case, ReadyReason, Step
from pypi_site.lib.problems import Problem

STEPS = (Step.ASK, Step.WAIT, Step.HAND_OVER)
Verb = Callable[[HttpRequest, Case, Actor, str], str]


def do(request: HttpRequest, case: Case, verb: str) -> bool:
    """By POST; says how it went.  False if it was refused."""
    if verb not in _VERBS:
        raise Http404
    text = wording.given(request, "text")
    try:
        messages.success(request, _VERBS[verb](request, case, actors.of_request(request), text))
    except Problem as problem:
        messages.error(request, problem.detail)
        return False
    return True


def ready_words() -> dict[str, list[ReadyReason]]:
    """For each step that wants words those that are ready, by the step's name in templates."""
    ready = wording.ready_for(STEPS)
    return {step.name.lower(): ready[step] for step in STEPS}


def _claim(request: HttpRequest, case: Case, actor: Actor, text: str) -> str:
    cases.claim(case, actor=actor)
    return "It is yours."


def _take_over(request: HttpRequest, case: Case, actor: Actor, text: str) -> str:
    cases.claim(case, actor=actor, take_over=True)
    return "You have taken it over."


def _release(request: HttpRequest, case: Case, actor: Actor, text: str) -> str:
    cases.release(case, actor=actor, reason=text)
    return "It is everybody's again."


def _wait(request: HttpRequest, case: Case, actor: Actor, text: str) -> str:
    cases.wait(case, actor=actor, reason=text)
    return "It is laid aside."


def _note(request: HttpRequest, case: Case, actor: Actor, text: str) -> str:
    cases.note(case, actor=actor, text=text)
    return "Your note is there."


def _ask(request: HttpRequest, case: Case, actor: Actor, text: str) -> str:
    cases.ask(case, actor=actor, reason=text)
    return "The uploader gets your question by e-mail."


def _hand_over(request: HttpRequest, case: Case, actor: Actor, text: str) -> str:
    to = User.objects.filter(username=request.POST.get("to", "")).first()
    if to is None:
        raise cases.NoModerator("Choose the moderator to whom you hand it.")
    cases.hand_over(case, to=to, actor=actor, reason=text)
    return f"{to.username} has it now."


_VERBS: dict[str, Verb] = {
    "claim": _claim,
    "take-over": _take_over,
    "release": _release,
    "wait": _wait,
    "note": _note,
    "ask": _ask,
    "hand-over": _hand_over,
}
