"""Verbs on appeals: whom a decision concerns asks once, and another moderator looks again."""

from __future__ import annotations

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


def may_appeal(decision: Decision) -> bool:
    """Whether it is in force, and against somebody."""
    return decision.state == DecisionState.DONE and decision.kind in HARMFUL


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
    if not may_appeal(decision):
        raise NothingToAppeal(f"{decision} is no decision against you that is in force.")
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
    if actor.user is None or actor.token or not _concerns(decision, actor.user):
        raise NotFound("There is no decision about you here; look at the list of them.")
    assert decision.case
    case = cases.lock(decision.case)
    rival = cases.live(case.subject) if case.subject and not case.is_live else None
    return cases.lock(rival) if rival else case


def _concerns(decision: Decision, user: User) -> bool:
    return decisions_about(user).filter(pk=decision.pk).exists()


def _create(decision: Decision, case: Case, actor: Actor, text: str) -> Appeal:
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
        reason, granted = decision.undone_reason, True
        waiting = waiting.filter(decision=decision)
    else:
        reason, granted = decision.reason, decision.kind in GRANTING
        waiting = waiting.filter(case=case)
        if case.state != CaseState.DECIDED:
            return []
    outcome = AppealOutcome.GRANTED if granted else AppealOutcome.REFUSED
    answered = list(waiting.select_related("user", "decision"))
    waiting.filter(pk__in=[appeal.pk for appeal in answered]).update(outcome=outcome, answer=reason)
    return answered
