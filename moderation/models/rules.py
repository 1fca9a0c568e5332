"""How this site's policies are set, which prefixes are kept for whom, and rehearsals."""

from __future__ import annotations

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.utils import timezone

from moderation.models.names import validate_name
from packages import names
from packages.models.project import NAME_LENGTH

CODE_LENGTH = 60


class Action(models.TextChoices):
    """What becomes of a publication that a policy objects to."""

    OWN = "", "what the policy says"
    OBSERVE = "observe", "publish it and tell the moderators"
    HOLD = "hold", "hold it for a moderator"
    REFUSE = "refuse", "refuse it"


class PolicySetting(models.Model):
    """How a policy is set here; without a row it is as in the code (`moderation.policies`)."""

    code = models.CharField(max_length=CODE_LENGTH, unique=True)
    enabled = models.BooleanField(default=True)
    action = models.CharField(max_length=10, choices=Action, blank=True, default="")
    numbers = models.JSONField(default=dict, help_text="Thresholds by name.")
    changed_at = models.DateTimeField(default=timezone.now)
    changed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )

    class Meta:
        ordering = ["code"]
        verbose_name = "policy"
        verbose_name_plural = "policies"
        constraints = [
            models.CheckConstraint(
                condition=Q(action__in=Action.values), name="a_policy_has_a_known_action"
            ),
        ]

    def __str__(self) -> str:
        return self.code


class ReservedPrefix(models.Model):
    """Names that only some people register: the prefix itself, and what follows it after a dash."""

    prefix = models.CharField(
        max_length=NAME_LENGTH,
        unique=True,
        validators=[validate_name],
        help_text="In any spelling, without the dash: acme keeps acme and acme-anything.",
    )
    people = models.ManyToManyField(
        settings.AUTH_USER_MODEL,
        blank=True,
        related_name="+",
        help_text="Who may register such names; nobody, if empty.",
    )
    reason = models.TextField(help_text="Why; whoever is refused reads it.")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.SET_NULL,
        editable=False,
        related_name="+",
    )

    class Meta:
        ordering = ["prefix"]
        verbose_name_plural = "reserved prefixes"

    def __str__(self) -> str:
        return self.prefix

    def clean(self) -> None:
        self.prefix = names.normalize(self.prefix)
        if not self.prefix:
            raise ValidationError("Give a prefix.")


class DryRun(models.Model):
    """What a policy would have hit of what arrived in the last days, beside what it hits now.

    `numbers` and `proposed` (enabled, action) are what is rehearsed, `current` (all three) how the
    policy was set then.  `hits` lists the first that either meets: filename, what it `became`, when
    it arrived, outcome as proposed, `now` as it is set, reason and signals.
    """

    class State(models.TextChoices):
        WAITING = "waiting"
        RUNNING = "running"
        DONE = "done"
        FAILED = "failed"

    policy = models.CharField(max_length=CODE_LENGTH)
    numbers = models.JSONField(default=dict)
    proposed = models.JSONField(default=dict, db_default={})
    current = models.JSONField(default=dict, db_default={})
    days = models.PositiveSmallIntegerField(default=30)
    state = models.CharField(max_length=10, choices=State, default=State.WAITING)
    total = models.PositiveIntegerField(default=0, help_text="Publications to look at.")
    seen = models.PositiveIntegerField(default=0, help_text="Of these, looked at so far.")
    unseen = models.PositiveIntegerField(default=0, help_text="Bytes gone, or beyond the limits.")
    count = models.PositiveIntegerField(default=0, help_text="Publications that were hit.")
    count_now = models.PositiveIntegerField(
        default=0, db_default=0, help_text="Publications that are hit as the policy is set."
    )
    differing = models.PositiveIntegerField(
        default=0, db_default=0, help_text="Publications with which something else would be done."
    )
    hits = models.JSONField(default=list)
    remark = models.TextField(blank=True)
    started_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True)
    started_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )

    class Meta:
        default_permissions = ()
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=("waiting", "running"), ended_at=None)
                | Q(state__in=("done", "failed"), ended_at__isnull=False),
                name="a_dry_run_ends_when_it_is_over",
            ),
        ]
        indexes = [models.Index(fields=["policy", "-started_at"], name="dry_runs_by_policy")]

    def __str__(self) -> str:
        return f"{self.policy}: {self.state}"

    @property
    def over(self) -> bool:
        return self.state in (self.State.DONE, self.State.FAILED)

    @property
    def unreached(self) -> int:
        """How many were not looked at before it ended."""
        return self.total - self.seen

    @property
    def percent(self) -> int:
        return 100 * self.seen // self.total if self.total else 0
