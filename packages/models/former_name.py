"""Former names: what renamed projects were called, kept for them for ever."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils import timezone

from packages.models.project import NAME_LENGTH, NORMALIZED, Project
from packages.models.reader import ANYBODY, Reader


class FormerNameQuerySet(models.QuerySet["FormerName"]):
    """Which former names lead anywhere."""

    def redirecting(self, to: Reader = ANYBODY) -> FormerNameQuerySet:
        """Those that their owner lets lead on, to a project that has a page."""
        return self.filter(redirects=True, project__in=Project.objects.known(to))


class FormerName(models.Model):
    """A name that a project had.  A trigger keeps it from any other project, in any order.

    `redirects` says whether whoever asks for it is sent on; the name stays reserved either way.
    """

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="former_names")
    name = models.CharField(max_length=NAME_LENGTH)
    normalized_name = models.CharField(max_length=NAME_LENGTH, unique=True)
    redirects = models.BooleanField(default=True)
    created_at = models.DateTimeField(default=timezone.now)

    objects = FormerNameQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(normalized_name__regex=NORMALIZED),
                name="a_former_name_is_normalized",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name}, now {self.project.name}"
