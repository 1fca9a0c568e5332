"""Decisions: what a moderator did, why, and whether it was undone; and reasons ready to be used."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from moderation.models.cases import Case
from moderation.models.subjects import AboutOneThing, about_one_thing


class DecisionKind(models.TextChoices):
    """What was done."""

    APPROVED = "approved"
    REJECTED = "rejected"
    QUARANTINED = "quarantined", "put into quarantine"
    CLEARED = "cleared", "cleared of quarantine"
    REMOVED = "removed"
    PROHIBITED = "prohibited", "name prohibited"
    FROZEN = "frozen", "account frozen"
    DISMISSED = "dismissed", "nothing to be done"


# Whoever it is done to loses something, and can appeal.
HARMFUL = (
    DecisionKind.REJECTED,
    DecisionKind.QUARANTINED,
    DecisionKind.REMOVED,
    DecisionKind.PROHIBITED,
    DecisionKind.FROZEN,
)


# What somebody who reported something reads at the end: it is left as it is.
ANSWERS = (DecisionKind.DISMISSED, DecisionKind.CLEARED)


class DecisionState(models.TextChoices):
    """A proposed decision has no effect until another moderator confirms it.

    What a later step ended (a quarantine that was cleared, an account that was unfrozen) is lifted.
    """

    DONE = "done"
    PROPOSED = "proposed"
    WITHDRAWN = "withdrawn"
    UNDONE = "undone"
    LIFTED = "lifted", "not in force any more"


# It had effect once.
MADE = (DecisionState.DONE, DecisionState.UNDONE, DecisionState.LIFTED)


class Decision(AboutOneThing):
    """What a moderator did about one thing, which may be another than that of the case.

    `before` and `after` say how the thing stood; `details` is what undoing needs besides.
    Rows are only ever added; undoing one marks it.
    """

    Kind = DecisionKind
    State = DecisionState

    case = models.ForeignKey(Case, null=True, on_delete=models.PROTECT, related_name="decisions")
    title = models.CharField(max_length=300, blank=True, default="", db_default="")
    kind = models.CharField(max_length=16, choices=DecisionKind)
    state = models.CharField(
        max_length=10, choices=DecisionState, default=DecisionState.DONE, db_default="done"
    )
    reason = models.TextField()
    moderator = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    second_moderator = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.SET_NULL,
        related_name="+",
        help_text="Who confirmed it, where that was asked for.",
    )
    decided_at = models.DateTimeField(default=timezone.now)
    told_at = models.DateTimeField(null=True, help_text="When the uploader was written to.")
    before = models.JSONField(default=dict, db_default={})
    after = models.JSONField(default=dict, db_default={})
    details = models.JSONField(default=dict, db_default={})
    undone_at = models.DateTimeField(null=True)
    undone_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    undone_reason = models.TextField(blank=True, default="", db_default="")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=about_one_thing(), name="a_decision_is_about_one_thing"
            ),
            models.CheckConstraint(
                condition=Q(kind__in=DecisionKind.values), name="a_decision_kind_is_known"
            ),
            models.CheckConstraint(
                condition=Q(state__in=DecisionState.values), name="a_decision_state_is_known"
            ),
            models.CheckConstraint(
                condition=Q(state=DecisionState.UNDONE, undone_at__isnull=False)
                | (~Q(state=DecisionState.UNDONE) & Q(undone_at=None)),
                name="a_decision_is_undone_at_a_time",
            ),
            models.UniqueConstraint(
                fields=["case"],
                condition=Q(state=DecisionState.PROPOSED),
                name="one_proposal_for_a_case",
            ),
        ]
        indexes = [models.Index(fields=["decided_at"], name="decisions_by_moment")]

    def __str__(self) -> str:
        return f"{self.subject or self.title} {self.kind}"


class Step(models.TextChoices):
    """What moderators want words for besides decisions."""

    ASK = "ask", "question to the uploader"
    WAIT = "wait", "laid aside"
    HAND_OVER = "hand-over", "handed over"
    UNDO = "undo", "taken back: what was decided against somebody"
    REVOKE = "revoke", "taken back: approved, cleared, or nothing to be done"
    WITHDRAW = "withdraw", "proposal withdrawn"


class ReadyReason(models.Model):
    """A reason that moderators need not write anew; `kind` says for which decision or step."""

    kind = models.CharField(max_length=16, choices=[*DecisionKind.choices, *Step.choices])
    text = models.TextField(help_text="As those will read it to whom it is written.")
    position = models.PositiveSmallIntegerField(
        default=0, help_text="Smaller ones come first; the first nine have a key."
    )

    class Meta:
        ordering = ["kind", "position", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["kind", "text"], name="a_reason_is_ready_once"),
        ]

    def __str__(self) -> str:
        return self.text
