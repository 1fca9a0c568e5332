"""Popular names of the public index."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db import models
from django.utils import timezone

from moderation.lookalikes import Target, tables


class PopularNames(models.Model):
    """A list of popular names of the public index; the newest row replaces what comes along."""

    listed = models.JSONField(help_text="Downloads in 30 days by name.")
    refreshed_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name_plural = "popular names"

    def __str__(self) -> str:
        return f"{len(self.listed)} names of {self.refreshed_at:%d %B %Y}"

    @classmethod
    def version(cls) -> datetime | None:
        """When the list was refreshed; None while it is the one that comes along."""
        return cls.objects.order_by("refreshed_at").values_list("refreshed_at", flat=True).last()

    @classmethod
    def targets(cls) -> Iterable[Target]:
        """The names with their downloads, most downloaded first."""
        newest = cls.objects.order_by("refreshed_at").last()
        if newest is None:
            return tables.popular()
        found = [Target(name, downloads) for name, downloads in newest.listed.items()]
        return sorted(found, key=lambda target: -target.downloads)
