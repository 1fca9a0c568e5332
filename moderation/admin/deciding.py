"""Decide a case, after a look at what it would do; confirm, withdraw and undo decisions."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest
from django.shortcuts import get_object_or_404

from accounts import actors
from accounts.actors import Actor
from moderation import consequences, decisions, offers, queues
from moderation.actions import ACTIONS, BY_KIND, Action
from moderation.admin import queue, wording
from moderation.cases import CaseDecided
from moderation.models import (
    Case,
    Decision,
    DecisionKind,
    DecisionState,
    Step,
    Subject,
)
from moderation.models.decisions import HARMFUL
from moderation.models.subjects import kind_of
from pypi_site.lib.problems import Problem

# -- decide ----------------------------------------------------------------------------------------


def decide(request: HttpRequest, case: Case, verb: str) -> str | None:
    """By POST: do it; the address of what comes next, or None if it was refused."""
    action = _action(verb)
    if request.method != "POST":
        return None
    target = _target(request, case, action)
    closes = ("closes" in request.POST) if "choosable" in request.POST else None
    reason, done = wording.given(request), _done(action, case)
    try:
        decision = decisions.decide(
            case, verb, target, actor=actors.of_request(request), reason=reason, closes=closes
        )
    except CaseDecided as problem:  # by a colleague, or by a second press of the same button
        messages.warning(request, problem.detail)
        return case.get_absolute_url()
    except Problem as problem:
        messages.error(request, f"{case}: {problem.detail}")
        return None
    if decision.state == DecisionState.PROPOSED:
        done = "proposed; another moderator has to confirm"
    messages.success(request, f"{target}: {done}.")
    return _next(request, case)


def _done(action: Action, case: Case) -> str:
    """What is said of it afterwards; asked before, while an appeal waits."""
    return "the appeal is refused" if offers.refuses_an_appeal(action, case) else action.done


def _next(request: HttpRequest, case: Case) -> str:
    """The next case in the queue; this one again while there is something to do."""
    if Case.objects.live().filter(pk=case.pk).exists():
        return case.get_absolute_url()
    following = queues.next_after(case, queue.moderator(request), queue.wish_of(request))
    return following.get_absolute_url() if following else queue.address_of(request)


def preview(request: HttpRequest, case: Case, verb: str) -> dict[str, Any]:
    """What the page before a decision shows."""
    action = _action(verb)
    target = _target(request, case, action)
    label = offers.label_of(action, case, target)
    return {
        **_choice(request, case, action, target),
        "title": label if action.named else f"{label}: {target}",
        "label": label,
        "action": action,
        "target": target,
        "consequences": consequences.of(case, action, target),
        "ready": wording.ready(action.kind),
        "reason": request.POST.get("reason", ""),
        "preselect": not action.is_grave,
        "second": decisions.needs_second(action),
        "choosable": action.verb != "dismiss" and not decisions.waits(case),
    }


def _choice(request: HttpRequest, case: Case, action: Action, target: Subject) -> dict[str, Any]:
    """To what else it could be done: what is near at once, a part of it by a list or by search."""
    near, further = offers.targets_of(case), offers.parts_of(case, target)
    possible = offers.offered(case, actors.of_request(request), further).get(action.verb, [])
    wanted = request.GET.get("find", "")
    listed = [item for item in possible if item not in near]
    if target not in (*near, *listed):
        listed.insert(0, target)
    return {
        "target_key": offers.key_of(target),
        "targets": _named(item for item in possible if item in near),
        "parts": _named(listed),
        "wanted": wanted,
        "found": _named(offers.search(case, action, wanted)),
        # One part after the other is let go, and then the case is over.
        "closes": action.closes and not (action.verb == "clear" and len(possible) > 1),
    }


def _named(items: Iterable[Subject]) -> list[tuple[str, str, Subject]]:
    return [(offers.key_of(item), kind_of(item), item) for item in items]


def _action(verb: str) -> Action:
    if verb not in ACTIONS:
        raise Http404
    return ACTIONS[verb]


def _target(request: HttpRequest, case: Case, action: Action) -> Subject:
    """What was chosen, else the nearest that it could be done to, else what the case is about."""
    wanted = request.POST.get("target") or request.GET.get("target", "")
    if wanted:
        found = offers.find(case, action, wanted)
    else:
        found = offers.nearest(case, action, actors.of_request(request))
    if found is None:
        raise Http404
    return found


# -- decisions that were made ----------------------------------------------------------------------


def listed(case: Case, actor: Actor) -> list[dict[str, Any]]:
    """The decisions of a case, the newest first, with what can be done about each."""
    related = ("moderator", "second_moderator", "undone_by")
    rows = case.decisions.select_related(*related, "stage__project", "release__project")
    found: list[dict[str, Any]] = [
        {"decision": row, "choices": _choices(row, actor), "keyed": False}
        for row in rows.order_by("-decided_at", "-pk")
    ]
    if undoable := next((row for row in found if "undo" in dict(row["choices"])), None):
        undoable["keyed"] = True
    return found


def _choices(decision: Decision, actor: Actor) -> list[tuple[str, str]]:
    """Verb and label of what this moderator may do about it."""
    action = BY_KIND[DecisionKind(decision.kind)]
    if not actor.may(action.permission):
        return []
    if decision.state == DecisionState.DONE:
        return [("undo", action.undo_label)]
    if decision.state != DecisionState.PROPOSED:
        return []
    mine = decision.moderator == actor.user
    confirm = [] if mine else [("confirm", f"Confirm: {action.label.lower()}")]
    return [*confirm, ("withdraw", "Withdraw the proposal")]


_REVISIONS = {
    "undo": (decisions.undo, "undone"),
    "confirm": (decisions.confirm, "confirmed and done"),
    "withdraw": (decisions.withdraw, "withdrawn"),
}


def revise(request: HttpRequest, case: Case, pk: int, verb: str) -> bool:
    """By POST: undo, confirm or withdraw; False if it was refused."""
    if verb not in _REVISIONS:
        raise Http404
    decision = get_object_or_404(Decision, pk=pk, case=case)
    if request.method != "POST":
        return False
    act, done = _REVISIONS[verb]
    try:
        act(decision, actor=actors.of_request(request), reason=wording.given(request))
    except (CaseDecided, decisions.NotInForce) as problem:
        messages.warning(request, problem.detail)
        return True
    except Problem as problem:
        messages.error(request, f"{case}: {problem.detail}")
        return False
    messages.success(request, f"{decision}: {done}.")
    return True


def revision(request: HttpRequest, case: Case, pk: int, verb: str) -> dict[str, Any]:
    """What the page before that shows."""
    decision = get_object_or_404(Decision, pk=pk, case=case)
    action = BY_KIND[DecisionKind(decision.kind)]
    label = {"undo": action.undo_label, "confirm": f"Confirm: {action.label.lower()}"}
    return {
        "title": label.get(verb, "Withdraw the proposal"),
        "decision": decision,
        "verb": verb,
        "consequences": _foreseen(case, action, decision, verb),
        "ready": wording.ready(_step(decision, verb)),
        "reason": request.POST.get("reason", ""),
        "reason_needed": verb != "confirm",
        "hint": _REASON_READ_BY[verb],
    }


def _step(decision: Decision, verb: str) -> str:
    """Which ready reasons fit; to confirm needs none."""
    if verb != "undo":
        return Step.WITHDRAW if verb == "withdraw" else ""
    return Step.UNDO if decision.kind in HARMFUL else Step.REVOKE


_REASON_READ_BY = {
    "undo": "The people concerned will read it; it is kept in the audit trail.",
    "confirm": "If you want to add something: moderators read it among the notes.",
    "withdraw": "It is kept in the audit trail, and nobody is told.",
}


def _foreseen(
    case: Case, action: Action, decision: Decision, verb: str
) -> list[consequences.Consequence]:
    """What would come of it; nothing has happened yet where a proposal is withdrawn."""
    if verb == "undo":
        return consequences.of_undoing(case, decision)
    target = decision.subject
    return consequences.of(case, action, target) if verb == "confirm" and target else []
