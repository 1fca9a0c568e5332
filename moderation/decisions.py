"""What a moderator decides about a case, how another confirms it, and how it is undone."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from accounts import audit
from accounts.actors import Actor
from accounts.models import User
from accounts.powers import SecondModeratorNeeded
from moderation import appeals, cases, events, siblings, standings
from moderation.actions import ACTIONS, BY_KIND, Action
from moderation.models import (
    Case,
    CaseKind,
    CaseState,
    Decision,
    DecisionKind,
    DecisionState,
    Observation,
    Outcome,
    Subject,
)
from moderation.models.decisions import HARMFUL
from moderation.models.subjects import as_fields, kind_of, project_of
from packages.models import Stage
from packages.uploads import publication
from pypi_site.lib import jobs
from pypi_site.lib.problems import Conflict, NotFound, ReasonNeeded, Refused


class NotInForce(Conflict):
    """It was undone, withdrawn or never confirmed."""

    code, title = "decision-not-in-force", "Not in force"


class ProposedAlready(Conflict):
    """A proposal waits for another moderator; confirm or withdraw that one first."""

    code, title = "proposed-already", "A proposal waits already"


# -- verbs by name ---------------------------------------------------------------------------------


def approve(stage: Stage, *, actor: Actor, reason: str) -> Decision:
    """Publish a held upload, and let its uploader's next projects pass.

    Raises `NotHeld` when another moderator was faster.
    """
    return _decide_held(stage, "approve", actor, reason)


def reject(stage: Stage, *, actor: Actor, reason: str) -> Decision:
    """Turn a held upload away; its filename may be used again, by a better file."""
    return _decide_held(stage, "reject", actor, reason)


def quarantine(case: Case, target: Subject, *, actor: Actor, reason: str) -> Decision:
    """Hide a file, a release or a project from everybody until it is cleared."""
    return decide(case, "quarantine", target, actor=actor, reason=reason)


def clear(case: Case, target: Subject, *, actor: Actor, reason: str) -> Decision:
    """End a quarantine: it is again exactly what it was before."""
    return decide(case, "clear", target, actor=actor, reason=reason)


def remove(case: Case, target: Subject, *, actor: Actor, reason: str) -> Decision:
    """Put a file, a release or a project into the bin."""
    return decide(case, "remove", target, actor=actor, reason=reason)


def prohibit_name(case: Case, *, actor: Actor, reason: str) -> Decision:
    """Let nobody register the project's name (again)."""
    project = case.subject_project
    if project is None:
        raise Conflict("This case is about a person, and not about a name.")
    return decide(case, "prohibit", project, actor=actor, reason=reason)


def freeze(case: Case, target: User, *, actor: Actor, reason: str) -> Decision:
    """Let a person of the case neither sign in nor use a token."""
    return decide(case, "freeze", target, actor=actor, reason=reason)


def dismiss(case: Case, *, actor: Actor, reason: str) -> Decision:
    """Close the case: nothing is wrong."""
    subject = case.subject
    if subject is None:
        raise Conflict("The account that this case is about is deleted.")
    return decide(case, "dismiss", subject, actor=actor, reason=reason)


@transaction.atomic
def _decide_held(stage: Stage, verb: str, actor: Actor, reason: str) -> Decision:
    _authorize(ACTIONS[verb], actor, reason)
    stage = publication.lock_held(stage)
    case = cases.open_about(stage, kind=CaseKind.HELD, at=stage.created_at)
    return decide(case, verb, stage, actor=actor, reason=reason)


# -- decide ----------------------------------------------------------------------------------------


@transaction.atomic
def decide(
    case: Case,
    verb: str,
    target: Subject,
    *,
    actor: Actor,
    reason: str,
    closes: bool | None = None,
) -> Decision:
    """Do it to `target`, which the case is about or which belongs to it, and file why.

    `closes` says whether the case is decided with it; None leaves that to the action, and a case
    whose upload waits still is never closed.  A destructive action becomes a proposal where
    ``GATEHOUSE_SECOND_MODERATOR`` asks for one.  Raises `CaseDecided`, `ClaimedByAnother`, or
    whatever the verb itself objects to; nothing has happened then.
    """
    action = ACTIONS[verb]
    _authorize(action, actor, reason)
    case = cases.lock_to_work(case, actor)
    require_target(case, action, target)
    if action.kind == DecisionKind.DISMISSED and waits(case):
        raise Conflict(f"{case} waits to be published; approve or reject it.")
    decision = Decision(
        case=case,
        **as_fields(target),
        title=str(target)[:300],
        kind=action.kind,
        reason=reason.strip(),
        moderator=actor.user,
        details={} if closes is None else {"closes": closes},
    )
    if needs_second(action):
        return _propose(case, decision, actor)
    return _carry_out(case, action, decision, target, actor)


def needs_second(action: Action) -> bool:
    """Whether this site wants two moderators for it."""
    return action.destructive and bool(settings.SECOND_MODERATOR)


def require_target(case: Case, action: Action, target: Subject) -> None:
    """Refuse what such an action is not done to, and what belongs to another case."""
    project = project_of(target)
    if isinstance(target, User):
        concerned = case.person_id == target.pk or case.concerned.filter(user=target).exists()
    else:
        concerned = project is not None and project == case.subject_project
    if kind_of(target) not in action.subjects or not concerned:
        raise NotFound(f"The case of {case} is not about that; choose what it offers.")


def _authorize(action: Action, actor: Actor, reason: str) -> None:
    cases.require_moderator(actor)
    if not actor.may(action.permission):
        raise Refused(
            f"You may decide cases, but not this: {action.label.lower()}. Hand the case to a"
            " moderator who may, or ask an administrator."
        )
    if not reason.strip():
        raise ReasonNeeded("Write the reason for your decision; the people concerned will read it.")


def _carry_out(
    case: Case, action: Action, decision: Decision, target: Subject, actor: Actor
) -> Decision:
    before = _standing(case, decision)
    if subject := case.subject:  # whoever owns it now is told and may appeal, too
        cases.concern(case, cases.people_of(subject))
    seconded = replace(actor, seconded=decision.second_moderator is not None)
    done = action.do(target, seconded, decision.reason)
    decision.details = {**decision.details, **done}
    decision.before, decision.after = before["subject"], standings.of(target)
    decision.state, decision.decided_at = DecisionState.DONE, timezone.now()
    decision.save()
    _settle(case, action, decision, actor)
    _record(case, decision, actor, action.verb, decision.reason, before)
    if decision.kind in (DecisionKind.APPROVED, DecisionKind.REJECTED):
        seconds = siblings.GATHERING
        jobs.enqueue_later("moderation.tasks.tell_uploader", decision.pk, seconds=seconds)
    events.case_decided.send(Case, case=case, decision=decision)
    return decision


def _settle(case: Case, action: Action, decision: Decision, actor: Actor) -> None:
    """Close the case, or go on with it."""
    holder = case.claimed_by or actor.user
    if not _closes(case, action, decision):
        cases.set_state(case, cases.state_of_work(case, holder), holder)
        return
    case.decisions.filter(state=DecisionState.PROPOSED).update(state=DecisionState.WITHDRAWN)
    _judge_observations(case, Outcome.CONFIRMED if acted_upon(case) else Outcome.UNFOUNDED)
    decision.details = {**decision.details, "closed": True}
    decision.save(update_fields=["details"])
    cases.set_state(case, CaseState.DECIDED, holder)


def _closes(case: Case, action: Action, decision: Decision) -> bool:
    """As was asked for; but what waits to be published, or an appeal that it leaves, stays."""
    wanted = decision.details.get("closes", action.closes)
    return bool(wanted) and not waits(case) and not appeals.left_by(decision, case)


def acted_upon(case: Case) -> bool:
    """Whether something was decided against somebody, and is in force."""
    return case.decisions.filter(kind__in=HARMFUL, state=DecisionState.DONE).exists()


def waits(case: Case) -> bool:
    """Whether it is about an upload that is held still: only that being decided closes it."""
    return Stage.objects.held().filter(cases=case).exists()


def _judge_observations(case: Case, outcome: str) -> None:
    Observation.objects.filter(case=case).update(outcome=outcome)


# -- a second pair of eyes -------------------------------------------------------------------------


def _propose(case: Case, decision: Decision, actor: Actor) -> Decision:
    """File it without effect; the case waits for another moderator."""
    if case.decisions.filter(state=DecisionState.PROPOSED).exists():
        raise ProposedAlready("A proposal waits for another moderator; confirm or withdraw it.")
    decision.state = DecisionState.PROPOSED
    decision.save()
    before = _standing(case, decision)
    cases.set_state(case, CaseState.WAITING, None)
    _record(case, decision, actor, "propose", decision.reason, before)
    events.decision_proposed.send(Case, case=case, decision=decision)
    return decision


@transaction.atomic
def confirm(decision: Decision, *, actor: Actor, reason: str = "") -> Decision:
    """Carry out what another moderator proposed.  Raises `SecondModeratorNeeded` for himself."""
    action = BY_KIND[DecisionKind(decision.kind)]
    _authorize(action, actor, decision.reason)
    case = _lock_case(decision, actor)
    decision = _lock(decision, DecisionState.PROPOSED)
    target = decision.subject
    if decision.moderator == actor.user:
        raise SecondModeratorNeeded("You proposed it yourself; another moderator has to confirm.")
    if target is None:
        raise NotInForce("The account that this was about is deleted.")
    decision.second_moderator = actor.user
    if reason.strip():
        cases.note(case, actor=actor, text=f"Confirmed: {reason.strip()}")
    return _carry_out(case, action, decision, target, actor)


@transaction.atomic
def withdraw(decision: Decision, *, actor: Actor, reason: str) -> Decision:
    """Take a proposal back, one's own or another's; nothing has happened."""
    _authorize(BY_KIND[DecisionKind(decision.kind)], actor, reason)
    case = _lock_case(decision, actor)
    decision = _lock(decision, DecisionState.PROPOSED)
    before = _standing(case, decision)
    decision.state = DecisionState.WITHDRAWN
    decision.save(update_fields=["state"])
    cases.set_state(case, cases.state_of_work(case, None), None)
    _record(case, decision, actor, "withdraw", reason, before)
    return decision


def _lock_case(decision: Decision, actor: Actor) -> Case:
    assert decision.case
    return cases.lock_to_work(decision.case, actor)


def _lock(decision: Decision, state: DecisionState) -> Decision:
    """The decision under lock; the caller has locked its case."""
    rows = Decision.objects.select_for_update(of=("self",)).select_related("moderator")
    decision = rows.get(pk=decision.pk)
    if decision.state != state:
        how = decision.get_state_display().lower()
        raise NotInForce(f"It is {how}; the page of the case says more.")
    return decision


# -- undo ------------------------------------------------------------------------------------------


@transaction.atomic
def undo(decision: Decision, *, actor: Actor, reason: str) -> Decision:
    """Bring back what was, by the right that the decision itself took; the case is open again.

    Raises `NotInForce`, or what the verb objects to where it cannot be undone any more: a bin
    that was emptied, a filename that is used again.
    """
    action = BY_KIND[DecisionKind(decision.kind)]
    _authorize(action, actor, reason)
    case = _case_to_undo(decision)
    decision = _lock(decision, DecisionState.DONE)
    before = _standing(case, decision)
    action.undo(decision, actor, reason.strip())
    decision.case, decision.state = case, DecisionState.UNDONE
    decision.undone_at, decision.undone_by = timezone.now(), actor.user
    decision.undone_reason = reason.strip()
    decision.save(update_fields=["case", "state", "undone_at", "undone_by", "undone_reason"])
    _reopen(case, decision, actor)
    _record(case, decision, actor, "undo", reason, before)
    events.case_undone.send(Case, case=case, decision=decision)
    return decision


def _case_to_undo(decision: Decision) -> Case:
    """Decisions of former versions have none; one is opened for them."""
    if decision.case:
        return cases.lock(decision.case)
    subject = decision.subject
    if subject is None:
        raise NotInForce("The account that this was about is deleted.")
    return cases.lock(cases.open_about(subject))


def _reopen(case: Case, decision: Decision, actor: Actor) -> None:
    """It is on the desk of whoever undid it, unless another case about the same thing is.

    Appeals against other decisions wait there as before.
    """
    appeals.reopen(decision)
    others = case.appeals.filter(outcome="").exclude(decision=decision).exists()
    state = CaseState.APPEALED if others else CaseState.CLAIMED
    if case.state == CaseState.APPEALED and not others:
        cases.set_state(case, state, actor.user)
    rival = Case.objects.live().about(case.subject).exclude(pk=case.pk) if case.subject else None
    if case.is_live or (rival is not None and rival.exists()):
        return
    _judge_observations(case, "")
    cases.set_state(case, state, None if others else actor.user)


# -- record ----------------------------------------------------------------------------------------


def _standing(case: Case, decision: Decision) -> dict[str, Any]:
    """How the case and the thing stand now, for the trail."""
    subject = decision.subject
    return {
        "case": cases.standing(case),
        "subject": standings.of(subject) if subject else {},
        "decision": decision.state,
    }


def _record(
    case: Case, decision: Decision, actor: Actor, verb: str, reason: str, before: dict[str, Any]
) -> None:
    about = {"id": decision.pk, "about": decision.title}
    after = _standing(case, decision)
    audit.record(
        actor,
        f"case.{verb}",
        case,
        reason=reason,
        before={**about, **before},
        after={**about, **after},
    )
