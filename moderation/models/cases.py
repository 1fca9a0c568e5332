"""Cases: what waits for a moderator, the people whom it concerns, and what was said of it."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from moderation.models.subjects import (
    FIELDS,
    AboutOneThing,
    Subject,
    about_one_thing,
    about_something,
    as_fields,
    joined,
)

TITLE_LENGTH = 300


class Severity(models.IntegerChoices):
    """How much harm it may do."""

    LOW = 1
    NORMAL = 2
    HIGH = 3
    CRITICAL = 4


class CaseKind(models.TextChoices):
    """Why it lies on the desk: held by a policy, or what was reported."""

    HELD = "held", "held upload"
    MALWARE = "malware"
    SPAM = "spam"
    SQUATTING = "squatting", "name squatting"
    NAME_DISPUTE = "name-dispute", "name dispute"
    LICENCE = "licence"
    ABUSE = "abuse"
    OTHER = "other"


class CaseState(models.TextChoices):
    """Where it stands.  A case that is appealed waits for a second look."""

    OPEN = "open"
    CLAIMED = "claimed"
    WAITING = "waiting"
    DECIDED = "decided"
    APPEALED = "appealed"


LIVE = (CaseState.OPEN, CaseState.CLAIMED, CaseState.WAITING, CaseState.APPEALED)


class CaseQuerySet(models.QuerySet["Case"]):
    """Which cases are meant."""

    def live(self) -> CaseQuerySet:
        """Those that somebody has to decide."""
        return self.filter(state__in=LIVE)

    def about(self, subject: Subject) -> CaseQuerySet:
        return self.filter(**as_fields(subject))

    def with_subjects(self) -> CaseQuerySet:
        """With everything that a list says of them in one statement."""
        return self.select_related(*joined(), "claimed_by")

    def oldest_first(self) -> CaseQuerySet:
        return self.order_by("opened_at", "pk")

    def of_person(self, user: User) -> CaseQuerySet:
        """Those that concern somebody, in whatever part."""
        return self.filter(concerned__user=user).distinct()


class Case(AboutOneThing):
    """What lies on the desk: one live case for each thing.  Rows are never deleted.

    `title` names the thing as it was called when the case was opened; of a held upload of a single
    file that, too.  `looked_at` is when a moderator first opened its page, or decided it unseen
    among several; `claimed_by` who works on it, or worked on it last.  `settled_at` is when
    somebody first decided it, whatever became of that; `held_by` the codes of the holds that were
    then decided about.
    """

    title = models.CharField(max_length=TITLE_LENGTH)
    kind = models.CharField(max_length=16, choices=CaseKind)
    severity = models.PositiveSmallIntegerField(choices=Severity, default=Severity.NORMAL)
    state = models.CharField(max_length=10, choices=CaseState, default=CaseState.OPEN)
    claimed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    claimed_at = models.DateTimeField(null=True)
    opened_at = models.DateTimeField(default=timezone.now)
    looked_at = models.DateTimeField(null=True, help_text="When a moderator first looked.")
    decided_at = models.DateTimeField(null=True)
    settled_at = models.DateTimeField(null=True)
    held_by = models.JSONField(null=True)
    told = models.JSONField(
        default=list, db_default=[], blank=True, help_text="Which letters about its upload went."
    )
    people = models.ManyToManyField(settings.AUTH_USER_MODEL, through="Concerned")

    objects = CaseQuerySet.as_manager()

    class Meta:
        default_permissions = ()
        permissions = [
            ("freeze_person", "Can freeze and unfreeze accounts"),
            ("report_by_program", "Can report by API, as a trusted scanner"),
        ]
        constraints = [
            models.CheckConstraint(condition=about_one_thing(), name="a_case_is_about_one_thing"),
            models.UniqueConstraint(
                fields=list(FIELDS),
                condition=Q(state__in=LIVE) & about_something(),
                nulls_distinct=False,
                name="one_live_case_for_a_thing",
            ),
            models.CheckConstraint(
                condition=Q(state__in=CaseState.values), name="a_case_state_is_known"
            ),
            models.CheckConstraint(
                condition=Q(state=CaseState.DECIDED, decided_at__isnull=False)
                | Q(state=CaseState.APPEALED)
                | Q(state__in=LIVE, decided_at=None),
                name="a_case_is_decided_at_a_time",
            ),
        ]
        indexes = [
            models.Index(F("state"), F("opened_at"), name="cases_by_state_and_age"),
            models.Index(
                fields=["opened_at"], condition=Q(state__in=LIVE), name="live_cases_by_age"
            ),
            # "Everything" on the desk, newest or oldest first, reads one page of the first: half a
            # millisecond instead of 120 with 40,000 cases.  All three are for the figures by week.
            models.Index(fields=["opened_at", "stage"], name="cases_by_opening"),
            models.Index(fields=["looked_at", "opened_at"], name="cases_by_first_look"),
            models.Index(fields=["settled_at", "opened_at"], name="cases_by_settlement"),
        ]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        """Its page on the desk."""
        return reverse("admin:moderation_case_change", args=[self.pk])

    @property
    def is_live(self) -> bool:
        return self.state in LIVE


class Concerned(models.Model):
    """Somebody whom a case concerns, and in which part."""

    class Part(models.TextChoices):
        UPLOADER = "uploader"
        OWNER = "owner"
        REPORTER = "reporter"
        SUBJECT = "subject", "whom it is about"

    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="concerned")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    part = models.CharField(max_length=10, choices=Part)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["case", "user", "part"], name="a_case_concerns_somebody_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} is {self.part} in {self.case}"


class Note(models.Model):
    """One entry of a case's thread.  Questions and answers are read by the uploader, too."""

    class Kind(models.TextChoices):
        NOTE = "note"
        QUESTION = "question", "question to the uploader"
        ANSWER = "answer", "answer of the uploader"
        EVENT = "event"
        APPEAL = "appeal"

    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="notes")
    kind = models.CharField(max_length=10, choices=Kind, default=Kind.NOTE)
    text = models.TextField()
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    written_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["written_at", "pk"]

    def __str__(self) -> str:
        return f"{self.kind} on {self.case}"
