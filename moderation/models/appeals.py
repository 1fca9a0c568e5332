"""Appeals: whom a decision concerns asks once for a second look."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from moderation.models.cases import Case
from moderation.models.decisions import Decision
from moderation.models.observations import Observation

TEXT_LENGTH = 5000


class AppealOutcome(models.TextChoices):
    """What became of it; empty while nobody has looked."""

    GRANTED = "granted"
    REFUSED = "refused"


class Appeal(models.Model):
    """One person's objection to one decision; `case` is where it is looked at.

    Of a visitor, who has no account, `report` is what he reported and left his address with.
    """

    decision = models.ForeignKey(Decision, on_delete=models.PROTECT, related_name="appeals")
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="appeals")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="appeals"
    )
    report = models.ForeignKey(
        Observation, null=True, on_delete=models.PROTECT, related_name="appeals"
    )
    text = models.TextField(max_length=TEXT_LENGTH)
    filed_at = models.DateTimeField(default=timezone.now)
    outcome = models.CharField(max_length=8, choices=AppealOutcome, blank=True, default="")
    answer = models.TextField(blank=True, help_text="The moderator's sentence about it.")
    answered_at = models.DateTimeField(
        null=True, help_text="The moment of the decision, or of the undoing, that answered it."
    )

    class Meta:
        ordering = ["filed_at", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["decision", "user"], name="somebody_appeals_a_decision_once"
            ),
            models.UniqueConstraint(
                fields=["decision", "report"], name="a_visitor_appeals_a_decision_once"
            ),
            models.CheckConstraint(
                condition=Q(user=None) | Q(report=None),
                name="an_appeal_is_of_an_account_or_of_a_visitor",
            ),
            models.CheckConstraint(
                condition=Q(outcome__in=["", *AppealOutcome.values]),
                name="an_appeal_outcome_is_known",
            ),
        ]

    def __str__(self) -> str:
        return f"appeal against {self.decision}"

    @property
    def by(self) -> str:
        """Who appeals, as moderators read it."""
        if self.user:
            return self.user.username
        return self.report.by if self.report else "(deleted account)"
