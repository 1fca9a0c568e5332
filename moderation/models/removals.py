"""The public log of what moderators hid or took away, and of what came back."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from moderation.models.cases import CaseKind
from moderation.models.decisions import Decision
from packages.models import Project
from packages.models.file import FILENAME_LENGTH
from packages.models.project import NAME_LENGTH
from packages.models.reader import MEMBER


class RemovalAction(models.TextChoices):
    """What was done."""

    QUARANTINED = "quarantined"
    CLEARED = "cleared", "cleared of quarantine"
    REMOVED = "removed"
    RESTORED = "restored"


TAKES_BACK = {
    RemovalAction.CLEARED: RemovalAction.QUARANTINED,
    RemovalAction.RESTORED: RemovalAction.REMOVED,
}


class Scope(models.TextChoices):
    """To what it was done; everything below it went with it."""

    FILE = "file"
    RELEASE = "release"
    PROJECT = "project"


class Category(models.TextChoices):
    """Why, in a word that programs understand."""

    MALWARE = CaseKind.MALWARE.value, "malware"
    SPAM = CaseKind.SPAM.value, "spam"
    SQUATTING = CaseKind.SQUATTING.value, "name squatting"
    NAME_DISPUTE = CaseKind.NAME_DISPUTE.value, "name dispute"
    LICENCE = CaseKind.LICENCE.value, "licence"
    ABUSE = CaseKind.ABUSE.value, "abuse"
    POLICY = "policy", "policy of this index"
    OTHER = CaseKind.OTHER.value, "other"


class RemovalQuerySet(models.QuerySet["Removal"]):
    """Which entries are meant."""

    def public(self) -> RemovalQuerySet:
        """What everybody may read who reads at all: nothing of private projects."""
        return self.filter(MEMBER.condition("project__"))

    def after(self, serial: int) -> RemovalQuerySet:
        """In the order in which mirrors follow."""
        return self.filter(serial__gt=serial).order_by("serial")

    def newest_first(self) -> RemovalQuerySet:
        return self.order_by("-serial")

    def standing(self, action: str) -> RemovalQuerySet:
        """Entries of this kind that nothing has taken back."""
        return self.filter(action=action, taken_back_by=None)


class Removal(models.Model):
    """One entry.  Rows are only added; `serial` is that of the journal, so it rises by commits.

    Name, version and files stand as they were at that moment: ``files`` holds filename, version,
    size (bytes) and hashes of each.  `reason` is the sentence that moderators wrote for everybody.
    """

    serial = models.BigIntegerField(primary_key=True)
    at = models.DateTimeField()
    action = models.CharField(max_length=12, choices=RemovalAction)
    scope = models.CharField(max_length=8, choices=Scope)
    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="removals")
    name = models.CharField(max_length=NAME_LENGTH)
    version = models.CharField(max_length=FILENAME_LENGTH, blank=True)
    filename = models.CharField(max_length=FILENAME_LENGTH, blank=True)
    files = models.JSONField(default=list)
    category = models.CharField(max_length=16, choices=Category, default=Category.OTHER)
    reason = models.TextField(blank=True)
    takes_back = models.OneToOneField(
        "self", null=True, on_delete=models.PROTECT, related_name="taken_back_by"
    )
    decision = models.ForeignKey(
        Decision, null=True, on_delete=models.PROTECT, related_name="removals"
    )

    objects = RemovalQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(action__in=RemovalAction.values), name="a_removal_action_is_known"
            ),
            models.CheckConstraint(
                condition=Q(scope__in=Scope.values), name="a_removal_scope_is_known"
            ),
            models.CheckConstraint(
                condition=Q(takes_back=None) | Q(action__in=TAKES_BACK),
                name="only_a_return_takes_back",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.about} {self.get_action_display()}"

    @property
    def about(self) -> str:
        """The thing as people call it."""
        return self.filename or f"{self.name} {self.version}".strip()
