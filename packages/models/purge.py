"""What must still be taken out of the caches in front of us."""

from __future__ import annotations

from django.db import models
from django.utils import timezone


class PendingPurgeQuerySet(models.QuerySet["PendingPurge"]):
    def due(self) -> PendingPurgeQuerySet:
        return self.filter(not_before__lte=timezone.now()).order_by("pk")


class PendingPurge(models.Model):
    """A project that changed since the caches were told.

    `change` names the transaction of the last change: whoever has told the caches of it removes
    the row only if no later change came between.
    """

    project = models.CharField(max_length=128, unique=True, help_text="Normalized name.")
    change = models.BigIntegerField()
    told = models.BooleanField(default=False, help_text="Once; they are told twice.")
    failures = models.PositiveSmallIntegerField(default=0)
    not_before = models.DateTimeField(default=timezone.now)

    objects = PendingPurgeQuerySet.as_manager()

    def __str__(self) -> str:
        return self.project
