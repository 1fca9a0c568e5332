"""Decisions that a later step has ended: a quarantine that was cleared, an account unfrozen.

Whoever ended it, on the desk or elsewhere: such a decision is not in force any more, so it confirms
no report, is not appealed and cannot be undone.
"""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import QuerySet

from moderation.models import Decision, DecisionKind, DecisionState, Subject
from moderation.models.subjects import as_fields


def in_force(subject: Subject, kind: DecisionKind) -> QuerySet[Decision]:
    """What was decided about exactly this, and still has effect."""
    return Decision.objects.filter(**as_fields(subject), kind=kind, state=DecisionState.DONE)


def lift(subject: Subject, kind: DecisionKind) -> int:
    """Note that what was decided has no effect any more; whoever undoes it writes that instead."""
    return in_force(subject, kind).update(state=DecisionState.LIFTED)


def lift_prohibitions(name: str) -> int:
    """The same of a name that is free again, whichever project it was decided about."""
    prohibited = Decision.objects.filter(
        kind=DecisionKind.PROHIBITED, state=DecisionState.DONE, details__name=name
    )
    return prohibited.update(state=DecisionState.LIFTED)


def put_in_force(decisions: Iterable[int]) -> int:
    """What ended them was taken back."""
    lifted = Decision.objects.filter(pk__in=decisions, state=DecisionState.LIFTED)
    return lifted.update(state=DecisionState.DONE)
