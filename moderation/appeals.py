"""Verbs on appeals: whom a decision concerns asks once, and another moderator looks again."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlencode

from django.core import signing
from django.db import transaction
from django.db.models import Q, QuerySet
from django.urls import reverse

from accounts import audit
from accounts.actors import Actor
from accounts.models import User
from moderation import cases, events
from moderation.models import (
    Appeal,
    AppealOutcome,
    Case,
    CaseState,
    Concerned,
    Decision,
    DecisionKind,
    DecisionState,
    Note,
    Observation,
    Outcome,
)
from moderation.models.appeals import TEXT_LENGTH
from moderation.models.decisions import ANSWERS, HARMFUL, MADE
from moderation.models.subjects import same_thing
from pypi_site.lib.problems import Conflict, NotFound, Problem

CONCERNED = (Concerned.Part.UPLOADER, Concerned.Part.OWNER, Concerned.Part.SUBJECT)
_SALT = "moderation.appeals"
_KEY_IS_GOOD_FOR = timedelta(days=180)


class AppealedAlready(Conflict):
    """One appeals once; the outcome is told by a message."""

    code, title = "appealed-already", "Appealed already"


class NothingToAppeal(Conflict):
    """Only a decision that is in force, and against somebody, can be appealed."""

    code, title = "nothing-to-appeal", "Nothing to appeal"


class InvalidAppeal(Problem):
    """An appeal says what is wrong with the decision."""

    code, title = "invalid-appeal", "The appeal cannot be taken"


def decisions_about(user: User) -> QuerySet[Decision]:
    """What moderators decided that concerns somebody, the newest first."""
    mine = Concerned.objects.filter(user=user, part__in=CONCERNED).values("case")
    his = Q(person=None) | Q(person=user)
    return Decision.objects.filter(his, case__in=mine, state__in=MADE).order_by(
        "-decided_at", "-pk"
    )


Appellant = User | Observation
"""Somebody with an account, or a visitor, who has nothing but what he reported."""


def readable_by(who: Appellant) -> QuerySet[Decision]:
    """Those, and the answers that nothing is wrong to what he reported, also if taken back."""
    given = _is_answer() & Q(state__in=MADE)
    answers = given & Q(case__in=_reports_of(who).values("case"))
    return Decision.objects.filter(Q(pk__in=_about(who)) | answers)


def _is_answer() -> Q:
    """It said to who reported something that it is left as it is, and closed the case."""
    return Q(kind__in=ANSWERS) & (Q(kind=DecisionKind.DISMISSED) | Q(details__closed=True))


def _about(who: Appellant) -> QuerySet[Decision]:
    return decisions_about(who) if isinstance(who, User) else Decision.objects.none()


def _reports_of(who: Appellant) -> QuerySet[Observation]:
    """Of a visitor what he, or whoever has his address, reported in the same case."""
    if isinstance(who, User):
        return Observation.objects.filter(reporter=who)
    mine = Observation.objects.filter(reporter=None, case=who.case_id)
    return mine.filter(email__iexact=who.email) if who.email else mine.filter(pk=who.pk)


def _answers_to(reports: QuerySet[Observation]) -> Q:
    left = reports.filter(outcome=Outcome.UNFOUNDED)
    return _is_answer() & Q(state=DecisionState.DONE, case__in=left.values("case"))


def open_to(who: Appellant) -> QuerySet[Decision]:
    """What he may appeal: against him, or leaving as it is what he reported; of a case once.

    The answer to an appeal against such an answer is the last one.
    """
    against = Q(pk__in=_about(who).filter(kind__in=HARMFUL), state=DecisionState.DONE)
    asked = of(who).filter(decision__kind__in=ANSWERS)
    unheard = _answers_to(_reports_of(who)) & ~Q(case__in=asked.values("decision__case"))
    return Decision.objects.filter(against | unheard)


def of(who: Appellant) -> QuerySet[Appeal]:
    """What he has appealed already."""
    if isinstance(who, User):
        return Appeal.objects.filter(user=who)
    return Appeal.objects.filter(report__in=_reports_of(who))


def last_word(who: Appellant, decision: Decision) -> Appeal | None:
    """His appeal against the decision, or the one that this decision, or another, has answered."""
    mine = of(who).filter(decision=decision)
    if decision.kind in ANSWERS:
        answered = {"decision__kind__in": ANSWERS, "decision__case": decision.case}
        mine = of(who).filter(**answered)
    return mine.select_related("decision").last()


@dataclass
class Answer:
    """What a moderator answered to a report that he found nothing in, and what followed."""

    decision: Decision | None = None
    appeal: Appeal | None = None
    open: bool = False


def answers_to_reports(user: User, cases: Iterable[int]) -> dict[int, Answer]:
    """By case; of several answers the newest."""
    found: dict[int, Answer] = defaultdict(Answer)
    given = Decision.objects.filter(_answers_to(_reports_of(user)), case__in=cases)
    still_open = set(open_to(user).filter(case__in=cases).values_list("pk", flat=True))
    for decision in given.order_by("decided_at", "pk"):
        answer = found[decision.case_id or 0]
        answer.decision, answer.open = decision, decision.pk in still_open
    mine = Appeal.objects.filter(user=user, decision__kind__in=ANSWERS)
    for appeal in mine.filter(decision__case__in=cases).select_related("decision"):
        found[appeal.decision.case_id or 0].appeal = appeal
    return dict(found)


# -- of whoever cannot sign in ---------------------------------------------------------------------


def address_for(decision: Decision, report: Observation | None = None) -> str:
    """Where somebody whose account was frozen appeals against that without signing in.

    Of a visitor, who has none, it is where he appeals against the answer to his `report`.  The
    address is a key: it goes by e-mail to him alone, and opens nothing but this appeal.
    """
    holder = ["report", report.pk] if report else ["person", decision.person_id]
    key = signing.dumps([decision.pk, *holder], salt=_SALT)
    return f"{reverse('appeal', args=[decision.pk])}?{urlencode({'key': key})}"


def holder_of(key: str, decision_pk: int) -> Appellant | None:
    """Whose key to an appeal against that decision it is; of an account only while it is frozen."""
    try:
        number, *holder = signing.loads(key, salt=_SALT, max_age=_KEY_IS_GOOD_FOR)
    except signing.BadSignature:
        return None
    if number != decision_pk:
        return None
    if holder[0] == "report":
        return Observation.objects.filter(pk=holder[1], reporter=None).first()
    return User.objects.filter(pk=holder[-1], is_active=False).first()  # keys of before are shorter


# -- appeal ----------------------------------------------------------------------------------------


@transaction.atomic
def file(
    decision: Decision, *, actor: Actor, text: str, report: Observation | None = None
) -> Appeal:
    """Bring a decision back to the desk, once for each person whom it concerns.

    `report` is that of a visitor, who came by its key.  Raises `AppealedAlready`,
    `NothingToAppeal` or `InvalidAppeal`.
    """
    if not 10 <= len(text.strip()) <= TEXT_LENGTH:
        raise InvalidAppeal(f"Write in 10 to {TEXT_LENGTH} characters what is wrong with it.")
    who = _appellant(decision, actor, report)
    case = _lock_where_it_is_looked_at(decision)
    decision.refresh_from_db()
    appeal = _create(decision, case, who, text.strip())
    Note.objects.create(case=case, kind=Note.Kind.APPEAL, text=text.strip(), author=actor.user)
    before = cases.standing(case)
    cases.set_state(case, CaseState.APPEALED, None)
    after = cases.standing(case) | {"decision": decision.pk}
    audit.record(actor, "case.appeal", case, reason=text[:500], before=before, after=after)
    events.decision_appealed.send(Case, case=case, appeal=appeal)
    return appeal


def _appellant(decision: Decision, actor: Actor, report: Observation | None) -> Appellant:
    """Who appeals, himself: no token does it for him."""
    who = report or (None if actor.token else actor.user)
    if who is None or not readable_by(who).filter(pk=decision.pk).exists():
        raise NotFound("There is no decision about you here; look at the list of them.")
    return who


def _lock_where_it_is_looked_at(decision: Decision) -> Case:
    """The live case about the same thing if there is one, else the one that was decided."""
    assert decision.case
    case = cases.lock(decision.case)
    rival = cases.live(case.subject) if case.subject and not case.is_live else None
    return cases.lock(rival) if rival else case


def _create(decision: Decision, case: Case, who: Appellant, text: str) -> Appeal:
    """The case of the decision is locked: of two appeals at once the second sees the first."""
    if earlier := last_word(who, decision):
        raise AppealedAlready(_why_not_again(earlier))
    if not open_to(who).filter(pk=decision.pk).exists():
        raise NothingToAppeal(
            f"{decision} is not in force against you; look what you can appeal among the decisions"
            " about you and your reports."
        )
    holder = {"user": who} if isinstance(who, User) else {"report": who}
    return Appeal.objects.create(decision=decision, case=case, text=text, **holder)


def _why_not_again(earlier: Appeal) -> str:
    """One appeals once; the sentence says how far that appeal is."""
    what = f"You appealed about {earlier.decision.title} on {earlier.filed_at:%d %B %Y}"
    if not earlier.outcome:
        return f"{what}, and one appeals once; wait for the answer, which you will be told."
    return f"{what}, and it was {earlier.outcome}; one appeals once, and the answer is the last."


def settle(case: Case, decision: Decision, *, undone: bool) -> list[Appeal]:
    """Answer what a decision, or its undoing, answers; returns those appeals."""
    if not undone and case.state != CaseState.DECIDED:
        return []
    waiting = Appeal.objects.filter(outcome="")
    waiting = waiting.filter(decision=decision) if undone else waiting.filter(case=case)
    answered = [each for each in _with_decisions(waiting) if undone or _answers(decision, each)]
    for appeal in answered:
        granted = undone or _grants(decision, appeal)
        appeal.outcome = AppealOutcome.GRANTED if granted else AppealOutcome.REFUSED
        appeal.answer = decision.undone_reason if undone else decision.reason
        appeal.answered_at = _moment(decision, undone=undone)
        appeal.save(update_fields=["outcome", "answer", "answered_at"])
    return answered


def _moment(decision: Decision, *, undone: bool) -> datetime | None:
    return decision.undone_at if undone else decision.decided_at


def answered_by(decision: Decision, *, undone: bool = False) -> QuerySet[Appeal]:
    """The appeals that it, or its undoing, has answered: who filed them is told by that answer."""
    about = Q(case=decision.case_id) | Q(decision=decision)
    return Appeal.objects.filter(about, answered_at=_moment(decision, undone=undone))


def appellants(decision: Decision, *, undone: bool = False) -> set[int]:
    """Those of them with an account."""
    answered = answered_by(decision, undone=undone).filter(user__isnull=False)
    return set(answered.values_list("user", flat=True))


def reopen(decision: Decision) -> int:
    """What it had answered waits again: the decision was taken back."""
    return answered_by(decision).update(outcome="", answer="", answered_at=None)


def left_by(decision: Decision, case: Case) -> bool:
    """Whether appeals wait in its case that the decision says nothing about."""
    waiting = _with_decisions(case.appeals.filter(outcome=""))
    return not all(_answers(decision, appeal) for appeal in waiting)


def _with_decisions(waiting: QuerySet[Appeal]) -> QuerySet[Appeal]:
    return waiting.select_related("user", "decision")


def _answers(decision: Decision, appeal: Appeal) -> bool:
    """What is about the same thing, or the whole of the case; and what has nothing left to say."""
    about = appeal.decision
    if decision.kind == DecisionKind.DISMISSED or about.kind in ANSWERS:
        return True
    return about.state != DecisionState.DONE or same_thing(decision, about)


def _grants(decision: Decision, appeal: Appeal) -> bool:
    """Who was decided against wants it ended; who reported something wants it acted upon."""
    if appeal.decision.kind in ANSWERS:
        return decision.kind in HARMFUL
    return appeal.decision.state != DecisionState.DONE
