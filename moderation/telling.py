"""Jobs that tell people what moderators decided: reporters, whom `packages.letters` does not reach,
who appealed, and moderators what colleagues left to them.  Each may run twice, and tells once.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from accounts import emails, notices
from accounts.models import AuditEvent, User
from moderation import appeals
from moderation.actions import BY_KIND
from moderation.cases import moderators
from moderation.models import (
    Appeal,
    AppealOutcome,
    Case,
    Decision,
    DecisionKind,
    DecisionState,
    Note,
    Observation,
    Outcome,
    Source,
)
from moderation.models.decisions import ANSWERS
from moderation.tasks import people_of
from packages import insiders

BY_PACKAGES = (DecisionKind.QUARANTINED, DecisionKind.CLEARED, DecisionKind.REMOVED)
BY_UPLOAD = (DecisionKind.APPROVED, DecisionKind.REJECTED)
LETTERS = "moderation/email/"


def tell_concerned(decision_pk: int, *, undone: bool = False) -> int:
    """Write to whom a decision, or its undoing, concerns and whom nobody else tells."""
    decision = _decision(decision_pk)
    context = {"decision": decision, "undone": undone}
    occasion = f"decision:{decision.pk}{':undone' if undone else ''}"
    if decision.kind == DecisionKind.FROZEN:
        context["appeal_at"] = appeals.address_for(decision)
    kind = "account" if decision.kind == DecisionKind.FROZEN else "decision"
    template, link = f"{LETTERS}decided.txt", reverse("decisions")
    answered = appeals.appellants(decision, undone=undone)
    told = [
        notices.notify(user, kind, template, context, link=link, occasion=occasion)
        for user in _untold(decision, undone=undone)
        if user.pk not in answered
    ]
    return sum(told)


def told_of(event: AuditEvent) -> set[int]:
    """Who reads of a change in the answer that grants his appeal; `packages.letters` asks."""
    what = event.subject_type.rpartition(".")[2]
    if what not in ("file", "release", "project"):
        return set()
    answered = Appeal.objects.filter(
        **{f"decision__{what}": event.subject_id},
        outcome=AppealOutcome.GRANTED,
        answered_at__range=(event.at, event.at + timedelta(minutes=1)),
        user__isnull=False,
    )
    return set(answered.values_list("user", flat=True))


def tell_concerned_of_undoing(decision_pk: int) -> int:
    """The same when a decision was taken back."""
    return tell_concerned(decision_pk, undone=True)


def _decision(pk: int) -> Decision:
    related = ("case", "person", "stage__project", "project", "release__project")
    return Decision.objects.select_related(*related).get(pk=pk)


def _untold(decision: Decision, *, undone: bool) -> list[User]:
    """Of what is public everybody with a role is told by `packages`, of uploads by `tasks`."""
    if decision.kind == DecisionKind.FROZEN:
        return [decision.person] if decision.person else []
    if decision.case is None or decision.kind == DecisionKind.DISMISSED:
        return []
    if decision.kind in BY_UPLOAD and not undone:
        return []
    people = people_of(decision.case)
    project = decision.subject_project
    if decision.kind not in (*BY_PACKAGES, DecisionKind.APPROVED) or project is None:
        return people
    members = set(insiders.people_of(project).values_list("pk", flat=True))
    return [user for user in people if user.pk not in members]


# -- reporters -------------------------------------------------------------------------------------


def thank_reporter(observation_pk: int) -> bool:
    """Tell somebody who reported something, or left his address with it, that it arrived."""
    row = Observation.objects.select_related("case", "reporter").get(pk=observation_pk)
    if row.email:
        return _tell_visitor(row, "report_received.txt", {}, "received")
    if row.reporter is None or row.source != Source.PERSON:
        return False
    return _tell_reporter(row.reporter, row, "report_received.txt", {}, "received")


def tell_reporters(decision_pk: int, *, undone: bool = False) -> int:
    """Tell everybody who reported it of a step, also of the last, with the moderator's sentence."""
    decision = _decision(decision_pk)
    if decision.case is None:
        return 0
    occasion = f"decided:{decision.pk}{':undone' if undone else ''}"
    context = {
        "decision": decision,
        "undone": undone,
        "closed": bool(decision.details.get("closed")),
        "confirmed": _harmful(decision.case),
    }
    return sum(
        _tell_of_report(row, _open_to(row, context), occasion)
        for row in _reports_to_tell_of(decision.case, decision, undone=undone)
    )


def _reports_to_tell_of(case: Case, decision: Decision, *, undone: bool) -> list[Observation]:
    """One of each reporter; whose appeal it answers is told by that answer."""
    rows = case.observations.select_related("case", "reporter")
    found: dict[object, Observation] = {}
    for row in rows.filter(~Q(email="") | Q(source=Source.PERSON, reporter__isnull=False)):
        found.setdefault(_who(row), row)
    answered = appeals.answered_by(decision, undone=undone).select_related("report")
    for appeal in answered:
        found.pop(_who(appeal.report) if appeal.report else appeal.user_id, None)
    return list(found.values())


def _who(row: Observation) -> object:
    """The same for every report of the same person."""
    return row.reporter_id or row.email.lower()


def _tell_of_report(row: Observation, context: dict[str, Any], occasion: str) -> bool:
    if row.reporter:
        return _tell_reporter(row.reporter, row, "report_decided.txt", context, occasion)
    return _tell_visitor(row, "report_decided.txt", context, occasion)


def _open_to(row: Observation, context: dict[str, Any]) -> dict[str, Any]:
    """Whether the reporter can appeal against it, and where a visitor does."""
    decision = context["decision"]
    may = appeals.open_to(row.reporter or row).filter(pk=decision.pk).exists()
    where = appeals.address_for(decision, row) if may and row.reporter is None else ""
    return {**context, "open": may, "appeal_at": where}


def tell_reporters_of_undoing(decision_pk: int) -> int:
    """The same when a decision was taken back."""
    return tell_reporters(decision_pk, undone=True)


def _harmful(case: Case) -> bool:
    return case.observations.filter(outcome=Outcome.CONFIRMED).exists()


def _tell_reporter(
    user: User, row: Observation, template: str, context: dict[str, Any], occasion: str
) -> bool:
    return notices.notify(
        user,
        "moderation",
        LETTERS + template,
        {**context, "report": row},
        link=reverse("reports"),
        occasion=f"report:{row.pk}:{occasion}",
    )


@transaction.atomic
def _tell_visitor(row: Observation, template: str, context: dict[str, Any], occasion: str) -> bool:
    """Of each occasion once: the lock keeps two jobs from doing it at the same time."""
    row = Observation.objects.select_for_update(of=("self",)).select_related("case").get(pk=row.pk)
    if occasion in row.told:
        return False
    emails.send_to(row.email, LETTERS + template, {**context, "report": row})
    row.told, row.told_at = [*row.told, occasion], timezone.now()
    row.save(update_fields=["told", "told_at"])
    return True


# -- moderators among themselves -------------------------------------------------------------------


def tell_handed_over(note_pk: int, user_pk: int) -> bool:
    """Tell a moderator that a case is his now, and what he should know."""
    note = Note.objects.select_related("case", "author").get(pk=note_pk)
    user = User.objects.get(pk=user_pk)
    return _tell_moderator(user, "handed_over.txt", note.case, f"note:{note.pk}", note=note)


def tell_answered(note_pk: int) -> int:
    """Tell who asked, or has the case by now, that the answer is there; else every moderator."""
    note = Note.objects.select_related("case__claimed_by", "author").get(pk=note_pk)
    holder = note.case.claimed_by
    waiting = [holder] if holder and holder.is_active else list(moderators())
    told = [
        _tell_moderator(user, "answered.txt", note.case, f"note:{note.pk}", note=note)
        for user in waiting
    ]
    return sum(told)


def tell_proposed(decision_pk: int) -> int:
    """Tell the moderators who may confirm a proposal that it waits for one of them."""
    decision = _decision(decision_pk)
    case, action = decision.case, BY_KIND[DecisionKind(decision.kind)]
    if case is None or decision.state != DecisionState.PROPOSED:
        return 0
    told = [
        _tell_moderator(user, "proposed.txt", case, f"proposed:{decision.pk}", decision=decision)
        for user in moderators()
        if user != decision.moderator and user.has_perm(action.permission)
    ]
    return sum(told)


def _tell_moderator(user: User, template: str, case: Case, occasion: str, **context: Any) -> bool:
    link, context = case.get_absolute_url(), {"case": case, **context}
    return notices.notify(user, "desk", LETTERS + template, context, link=link, occasion=occasion)


# -- appeals ---------------------------------------------------------------------------------------


def announce_appeal(appeal_pk: int) -> int:
    """Tell the moderators, but for who decided unless he is the only one."""
    related = ("decision__moderator", "case", "user", "report__reporter")
    appeal = Appeal.objects.select_related(*related).get(pk=appeal_pk)
    every = moderators()
    decider = appeal.decision.moderator
    others = [user for user in every if user != decider] or list(every)
    template, context = f"{LETTERS}appealed.txt", {"appeal": appeal}
    link, occasion = appeal.case.get_absolute_url(), f"appeal:{appeal.pk}"
    return sum(
        notices.notify(user, "desk", template, context, link=link, occasion=occasion)
        for user in others
    )


def tell_appellant(appeal_pk: int) -> bool:
    """Tell who appealed what came of it."""
    related = ("decision", "user", "report")
    appeal = Appeal.objects.select_related(*related).get(pk=appeal_pk)
    moment = int(appeal.answered_at.timestamp()) if appeal.answered_at else ""
    template, occasion = "appeal_decided.txt", f"appeal:{appeal.pk}:{appeal.outcome}:{moment}"
    about = appeal.decision
    acted = about.kind in ANSWERS and about.state != DecisionState.UNDONE
    context = {"appeal": appeal, "of_report": acted}
    if not appeal.outcome:
        return False
    if appeal.report:
        return _tell_visitor(appeal.report, template, context, occasion)
    if appeal.user is None:
        return False
    link = reverse("decisions")
    return notices.notify(
        appeal.user, "moderation", LETTERS + template, context, link=link, occasion=occasion
    )
