"""Observations: what somebody, or some program, reported."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from moderation.models.cases import Case, CaseKind, Severity

TEXT_LENGTH = 5000


class ObservationKind(models.TextChoices):
    """What can be reported; how grave each is says `SEVERITIES`."""

    MALWARE = CaseKind.MALWARE.value, "it is malware, or steals or destroys something"
    SPAM = CaseKind.SPAM.value, "it is spam"
    SQUATTING = CaseKind.SQUATTING.value, "it pretends to be another project"
    NAME_DISPUTE = CaseKind.NAME_DISPUTE.value, "its name belongs to somebody else"
    LICENCE = CaseKind.LICENCE.value, "it violates a licence or a copyright"
    ABUSE = CaseKind.ABUSE.value, "it insults, threatens or harasses"
    OTHER = CaseKind.OTHER.value, "something else"


SEVERITIES = {
    CaseKind.MALWARE: Severity.HIGH,
    CaseKind.SQUATTING: Severity.NORMAL,
    CaseKind.NAME_DISPUTE: Severity.NORMAL,
    CaseKind.ABUSE: Severity.NORMAL,
    CaseKind.SPAM: Severity.LOW,
    CaseKind.LICENCE: Severity.LOW,
    CaseKind.OTHER: Severity.LOW,
}


class Source(models.TextChoices):
    """Who reported it."""

    PERSON = "person", "somebody with an account"
    VISITOR = "visitor", "a visitor without an account"
    SCANNER = "scanner", "a trusted scanner"
    SIGNAL = "signal", "a rule of this index"


class Outcome(models.TextChoices):
    """What it turned out to be; empty while the case is not decided."""

    CONFIRMED = "confirmed"
    UNFOUNDED = "unfounded"


class Observation(models.Model):
    """A report.  `lines` names places: member of the archive, line, excerpt, as far as known.

    `network` is where a report by the web came from: an IPv4 address, or the /64 of an IPv6 one.
    """

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="observations")
    kind = models.CharField(max_length=16, choices=ObservationKind)
    source = models.CharField(max_length=10, choices=Source)
    text = models.TextField(max_length=TEXT_LENGTH)
    lines = models.JSONField(default=list, blank=True)
    reporter = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    email = models.EmailField(blank=True, help_text="Of a visitor who wants to be told.")
    network = models.CharField(max_length=43, blank=True)
    reported_at = models.DateTimeField(default=timezone.now)
    told_at = models.DateTimeField(null=True, help_text="When a visitor was last written to.")
    told = models.JSONField(
        default=list, db_default=[], blank=True, help_text="Occasions of letters to a visitor."
    )
    outcome = models.CharField(max_length=10, choices=Outcome, blank=True, default="")

    class Meta:
        ordering = ["reported_at", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=ObservationKind.values), name="an_observation_kind_is_known"
            ),
            models.CheckConstraint(
                condition=Q(source__in=Source.values), name="an_observation_has_a_known_source"
            ),
        ]
        indexes = [
            # How often does somebody report?
            models.Index(fields=["network", "reported_at"], name="observations_by_network"),
            models.Index(fields=["reporter", "reported_at"], name="observations_by_reporter"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.case}"

    @property
    def by(self) -> str:
        """Who reported it, as moderators read it."""
        if self.reporter:
            return self.reporter.username
        return self.email or self.get_source_display()
