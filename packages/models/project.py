"""Projects: a name and everything under it."""

from __future__ import annotations

from collections.abc import Iterable

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from packages.models.reader import ANYBODY, Reader, held_by

NAME_LENGTH = 128  # NAM-8
LIMIT_HELP = "Empty: the limit of this site."
NORMALIZED = r"^[a-z0-9]+(-[a-z0-9]+)*$"
SUCCESSOR_LENGTH = 500


class ProjectStatus(models.TextChoices):
    """PEP 792."""

    ACTIVE = "active"
    ARCHIVED = "archived"
    DEPRECATED = "deprecated"
    QUARANTINED = "quarantined"


class ProjectQuerySet(models.QuerySet["Project"]):
    """Which projects may be seen, and by whom; by anybody unless a `Reader` is named."""

    def shown(self, to: Reader = ANYBODY) -> ProjectQuerySet:
        """Those that are not private, or private and his; published or not."""
        return self.filter(to.condition())

    def hidden(self, to: Reader = ANYBODY) -> ProjectQuerySet:
        """The others."""
        return self.none() if to.sees_all else self.exclude(to.condition())

    def known(self, to: Reader = ANYBODY) -> ProjectQuerySet:
        """Those that have a page: something of theirs was published, be it quarantined now.

        A project that waits for its first publication is a reserved name and looks like a
        free one to everybody else (SIM-13), and so does a private one; a deleted one is gone but
        for its name.
        """
        return self.shown(to).filter(published_at__isnull=False, deleted_at__isnull=True)

    def listed(self, to: Reader = ANYBODY) -> ProjectQuerySet:
        """Those that people and programs may find: known and not quarantined."""
        return self.known(to).exclude(status=ProjectStatus.QUARANTINED)

    def held_by(self, user: int | None, kinds: Iterable[str] = ()) -> ProjectQuerySet:
        """Those that somebody has a role on, of one of these kinds: his own, or his team's."""
        return self.filter(held_by(user, kinds))

    def lock(self, pk: int) -> Project:
        """The project, locked until commit.

        Whoever changes anything under a project takes this lock first and the journal's last:
        with one order for all there is no deadlock.
        """
        return self.select_for_update().get(pk=pk)


class Project(models.Model):
    """A name and everything under it; `normalized_name` (PEP 503) is the only key."""

    name = models.CharField(max_length=NAME_LENGTH)
    normalized_name = models.CharField(max_length=NAME_LENGTH, unique=True)
    status = models.CharField(max_length=16, choices=ProjectStatus, default=ProjectStatus.ACTIVE)
    status_reason = models.TextField(blank=True)
    # What clearing a quarantine returns to; "" while there is none.
    status_before = models.CharField(
        max_length=16, choices=ProjectStatus, blank=True, default="", db_default=""
    )
    status_reason_before = models.TextField(blank=True, default="", db_default="")
    successor = models.CharField(
        max_length=SUCCESSOR_LENGTH,
        blank=True,
        default="",
        db_default="",
        help_text="What to use instead of a deprecated project: a name or an address.",
    )
    deleted_at = models.DateTimeField(null=True, blank=True)
    deleted_reason = models.TextField(blank=True, default="", db_default="")
    deleted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(default=timezone.now)
    published_at = models.DateTimeField(null=True, blank=True)
    private = models.BooleanField(
        default=False, db_default=False, help_text="Only people with a role see it."
    )
    stages_uploads = models.BooleanField(
        default=False, help_text="Plain uploads wait in a stage until somebody publishes it."
    )
    max_file_size = models.PositiveBigIntegerField(null=True, blank=True, help_text=LIMIT_HELP)
    max_project_size = models.PositiveBigIntegerField(null=True, blank=True, help_text=LIMIT_HELP)
    max_members = models.PositiveIntegerField(null=True, blank=True, help_text=LIMIT_HELP)
    max_metadata_size = models.PositiveBigIntegerField(null=True, blank=True, help_text=LIMIT_HELP)
    serial = models.BigIntegerField(default=0, help_text="Serial of the last change (journal).")

    objects = ProjectQuerySet.as_manager()

    class Meta:
        permissions = [("read_private", "Can read private projects")]
        constraints = [
            models.CheckConstraint(
                condition=Q(normalized_name__regex=NORMALIZED),
                name="a_normalized_name_is_normalized",
            ),
            models.CheckConstraint(
                condition=Q(status__in=ProjectStatus.values), name="a_project_status_is_known"
            ),
            models.CheckConstraint(
                condition=Q(status=ProjectStatus.QUARANTINED)
                | Q(status_before="", status_reason_before=""),
                name="only_a_quarantined_project_remembers_a_status",
            ),
            models.CheckConstraint(
                condition=Q(successor="")
                | Q(status=ProjectStatus.DEPRECATED)
                | Q(status_before=ProjectStatus.DEPRECATED),
                name="only_a_deprecated_project_has_a_successor",
            ),
            models.CheckConstraint(
                condition=Q(deleted_at=None) | Q(published_at__isnull=False),
                name="only_a_published_project_is_deleted",
            ),
        ]
        indexes = [
            models.Index(fields=["-published_at"], name="newest_projects"),
            # Every upload asks for the largest limit of any project.
            models.Index(
                fields=["max_file_size"],
                condition=Q(max_file_size__isnull=False),
                name="projects_with_a_file_limit",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("project", args=[self.normalized_name])

    @property
    def accepts_uploads(self) -> bool:
        """PEP 792: neither archived nor quarantined projects take new files."""
        open_to_all = (ProjectStatus.ACTIVE, ProjectStatus.DEPRECATED)
        return self.deleted_at is None and self.status in open_to_all

    @property
    def quarantined(self) -> bool:
        return self.status == ProjectStatus.QUARANTINED

    @property
    def status_text(self) -> str:
        """Why it has its status, and what to use instead: PEP 792's ``reason``."""
        if self.status != ProjectStatus.DEPRECATED or not self.successor:
            return self.status_reason
        return f"{self.status_reason} Use {self.successor} instead.".strip()
