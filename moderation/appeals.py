"""Verbs on appeals: whom a decision concerns asks once, and another moderator looks again."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlencode

from django.core import signing
from django.db import IntegrityError, transaction
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
from moderation.models.decisions import HARMFUL
from pypi_site.lib.problems import Conflict, NotFound, Problem

CONCERNED = (Concerned.Part.UPLOADER, Concerned.Part.OWNER, Concerned.Part.SUBJECT)
_SALT = "moderation.appeals"
_KEY_IS_GOOD_FOR = timedelta(days=180)
GRANTING = (DecisionKind.APPROVED, DecisionKind.CLEARED)


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
    made = (DecisionState.DONE, DecisionState.UNDONE)
    his = Q(person=None) | Q(person=user)
    return Decision.objects.filter(his, case__in=mine, state__in=made).order_by(
        "-decided_at", "-pk"
    )


def readable_by(user: User) -> QuerySet[Decision]:
    """Those, and the answers that nothing is wrong to what he reported."""
    return Decision.objects.filter(Q(pk__in=decisions_about(user)) | _answers_to(user))


def _answers_to(user: User) -> Q:
    left = Observation.objects.filter(reporter=user, outcome=Outcome.UNFOUNDED)
    return Q(kind=DecisionKind.DISMISSED, state=DecisionState.DONE, case__in=left.values("case"))


def open_to(user: User) -> QuerySet[Decision]:
    """What he may appeal: against him, or leaving as it is what he reported; of a case once.

    The answer to an appeal against such an answer is the last one.
    """
    against = Q(pk__in=decisions_about(user).filter(kind__in=HARMFUL), state=DecisionState.DONE)
    asked = Appeal.objects.filter(user=user, decision__kind=DecisionKind.DISMISSED)
    unheard = _answers_to(user) & ~Q(case__in=asked.values("decision__case"))
    return Decision.objects.filter(against | unheard)


@dataclass
class Answer:
    """What a moderator answered to a report that he found nothing in, and what followed."""

    decision: Decision | None = None
    appeal: Appeal | None = None
    open: bool = False


def answers_to_reports(user: User, cases: Iterable[int]) -> dict[int, Answer]:
    """By case; of several answers the newest."""
    found: dict[int, Answer] = defaultdict(Answer)
    given = Decision.objects.filter(_answers_to(user), case__in=cases)
    still_open = set(open_to(user).filter(case__in=cases).values_list("pk", flat=True))
    for decision in given.order_by("decided_at", "pk"):
        answer = found[decision.case_id or 0]
        answer.decision, answer.open = decision, decision.pk in still_open
    mine = Appeal.objects.filter(user=user, decision__kind=DecisionKind.DISMISSED)
    for appeal in mine.filter(decision__case__in=cases).select_related("decision"):
        found[appeal.decision.case_id or 0].appeal = appeal
    return dict(found)


# -- of whoever may not sign in --------------------------------------------------------------------


def address_for(decision: Decision) -> str:
    """Where somebody whose account was frozen appeals against that without signing in.

    The address is a key: it goes by e-mail to him alone, and opens nothing but this appeal.
    """
    key = signing.dumps([decision.pk, decision.person_id], salt=_SALT)
    return f"{reverse('appeal', args=[decision.pk])}?{urlencode({'key': key})}"


def holder_of(key: str, decision_pk: int) -> User | None:
    """Whose key to an appeal against that decision it is, while his account is frozen."""
    try:
        number, user = signing.loads(key, salt=_SALT, max_age=_KEY_IS_GOOD_FOR)
    except signing.BadSignature:
        return None
    return User.objects.filter(pk=user, is_active=False).first() if number == decision_pk else None


# -- appeal ----------------------------------------------------------------------------------------


@transaction.atomic
def file(decision: Decision, *, actor: Actor, text: str) -> Appeal:
    """Bring a decision back to the desk, once for each person whom it concerns.

    Raises `AppealedAlready`, `NothingToAppeal` or `InvalidAppeal`.
    """
    if not 10 <= len(text.strip()) <= TEXT_LENGTH:
        raise InvalidAppeal(f"Write in 10 to {TEXT_LENGTH} characters what is wrong with it.")
    case = _lock_where_it_is_looked_at(decision, actor)
    decision.refresh_from_db()
    appeal = _create(decision, case, actor, text.strip())
    Note.objects.create(case=case, kind=Note.Kind.APPEAL, text=text.strip(), author=actor.user)
    before = cases.standing(case)
    cases.set_state(case, CaseState.APPEALED, None)
    after = cases.standing(case) | {"decision": decision.pk}
    audit.record(actor, "case.appeal", case, reason=text[:500], before=before, after=after)
    events.decision_appealed.send(Case, case=case, appeal=appeal)
    return appeal


def _lock_where_it_is_looked_at(decision: Decision, actor: Actor) -> Case:
    """The live case about the same thing if there is one, else the one that was decided."""
    if actor.user is None or actor.token or not _reads(decision, actor.user):
        raise NotFound("There is no decision about you here; look at the list of them.")
    assert decision.case
    case = cases.lock(decision.case)
    rival = cases.live(case.subject) if case.subject and not case.is_live else None
    return cases.lock(rival) if rival else case


def _reads(decision: Decision, user: User) -> bool:
    return readable_by(user).filter(pk=decision.pk).exists()


def _create(decision: Decision, case: Case, actor: Actor, text: str) -> Appeal:
    assert actor.user
    mine = decision.appeals.filter(user=actor.user)
    if not mine.exists() and not open_to(actor.user).filter(pk=decision.pk).exists():
        raise NothingToAppeal(
            f"{decision} is not in force against you; look what you can appeal among the decisions"
            " about you and your reports."
        )
    try:
        with transaction.atomic():
            return Appeal.objects.create(decision=decision, case=case, user=actor.user, text=text)
    except IntegrityError:
        raise AppealedAlready(
            f"You have appealed {decision} before; wait for the answer."
        ) from None


def settle(case: Case, decision: Decision, *, undone: bool) -> list[Appeal]:
    """Answer what a decision, or its undoing, answers; returns those appeals."""
    waiting = Appeal.objects.filter(outcome="")
    if undone:
        reason, waiting = decision.undone_reason, waiting.filter(decision=decision)
    else:
        reason, waiting = decision.reason, waiting.filter(case=case)
        if case.state != CaseState.DECIDED:
            return []
    answered = list(waiting.select_related("user", "decision"))
    for appeal in answered:
        granted = undone or _grants(decision, appeal)
        appeal.outcome = AppealOutcome.GRANTED if granted else AppealOutcome.REFUSED
        appeal.answer = reason
        appeal.save(update_fields=["outcome", "answer"])
    return answered


def _grants(decision: Decision, appeal: Appeal) -> bool:
    """Who was decided against wants it back; who reported something wants it acted upon."""
    acts = HARMFUL if appeal.decision.kind == DecisionKind.DISMISSED else GRANTING
    return decision.kind in acts
