"""How often somebody asked lately, counted for all processes together."""

from __future__ import annotations

from django.db import models


class RequestCount(models.Model):
    """The requests of one source for one thing in the window that began then; for minutes only."""

    name = models.CharField(max_length=32)
    source = models.CharField(max_length=64)
    begins = models.DateTimeField()
    count = models.PositiveIntegerField(default=1)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["name", "source", "begins"], name="a_window_counts_a_source_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} by {self.source}: {self.count}"
