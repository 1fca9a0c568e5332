"""The journal: the ordered list of public changes."""

from __future__ import annotations

from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import Exists, OuterRef
from django.utils import timezone

from packages.models.former_name import FormerName
from packages.models.project import Project
from packages.models.reader import ANYBODY, Reader


class JournalQuerySet(models.QuerySet["JournalEntry"]):
    """Which changes may be told."""

    def told(self, to: Reader = ANYBODY) -> JournalQuerySet:
        """Those of projects that may be seen now, under whichever name they had then."""
        hidden = Project.objects.hidden(to)
        now = hidden.filter(normalized_name=OuterRef("project"))
        former = FormerName.objects.filter(normalized_name=OuterRef("project"), project__in=hidden)
        return self.all() if to.sees_all else self.filter(~Exists(now), ~Exists(former))


class JournalEntry(models.Model):
    """One public change.  Serials rise strictly in the order of commits (MIR-4)."""

    serial = models.BigAutoField(primary_key=True)
    at = models.DateTimeField(default=timezone.now)
    project = models.CharField(max_length=128, db_index=True, help_text="Normalized name.")
    version = models.CharField(max_length=64, blank=True)
    action = models.CharField(max_length=600)
    actor = models.CharField(max_length=200)

    objects = JournalQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "journal entries"
        ordering = ["-serial"]
        # Rows lie in the order of time, so an index of a few pages is enough.
        indexes = [BrinIndex(fields=["at"], name="journal_by_time", autosummarize=True)]

    def __str__(self) -> str:
        return f"{self.serial}: {self.project} {self.version} {self.action}"
