"""Releases: one version of a project."""

from __future__ import annotations

from collections.abc import Iterable

from django.apps import apps
from django.conf import settings
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models import Q
from django.db.models.fields.json import KeyTransform
from django.urls import reverse

from accounts.models import CiIdentity
from packages.models.project import Project, ProjectStatus
from packages.models.reader import ANYBODY, Reader

YANK_REASON_LENGTH = 1000  # YNK-5
YANKED_WITH_REASON = Q(yanked_at__isnull=False) | Q(yanked_reason="")
QUARANTINED_WITH_REASON = Q(quarantined_at__isnull=False) | Q(quarantined_reason="")


class ReleaseQuerySet(models.QuerySet["Release"]):
    """Which releases may be seen, and by whom; by anybody unless a `Reader` is named."""

    def offered(self, to: Reader = ANYBODY) -> ReleaseQuerySet:
        """Neither quarantined nor of a project that is, or is gone; a yanked one is offered."""
        return self.standing().filter(to.condition("project__"))

    def standing(self) -> ReleaseQuerySet:
        """The same for whoever was let in to the project."""
        return self.filter(
            quarantined_at__isnull=True,
            project__published_at__isnull=False,
            project__deleted_at__isnull=True,
        ).exclude(project__status=ProjectStatus.QUARANTINED)

    def with_files(self) -> ReleaseQuerySet:
        """Those of which anything is left to install."""
        files = apps.get_model("packages", "File").objects  # its module imports this one
        return self.filter(models.Exists(files.left().filter(release=models.OuterRef("pk"))))

    def with_classifiers(self, classifiers: Iterable[str]) -> ReleaseQuerySet:
        """Those that have all of these trove classifiers; served by an index."""
        return self.filter(metadata__classifier__contains=list(classifiers))

    def newest_first(self) -> ReleaseQuerySet:
        return self.order_by("-sort_key")

    def best_first(self) -> ReleaseQuerySet:
        """What an installer would take comes first: not yanked, final, newest."""
        yanked = models.Case(models.When(yanked_at=None, then=0), default=1)
        return self.order_by(yanked, "is_prerelease", "-sort_key")


class Release(models.Model):
    """One published version.  `metadata` is the first file's, by PEP 566's mapping."""

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="releases")
    version = models.CharField(max_length=64)
    sort_key = models.TextField(help_text="Orders as PEP 440 does; equal for 1.0 and 1.0.0.")
    is_prerelease = models.BooleanField()
    summary = models.CharField(max_length=512, blank=True)
    requires_python = models.TextField(blank=True)
    metadata = models.JSONField(default=dict)
    published_at = models.DateTimeField(db_index=True)
    published_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    published_by_ci = models.ForeignKey(
        CiIdentity, null=True, on_delete=models.PROTECT, db_index=False, related_name="+"
    )
    yanked_at = models.DateTimeField(null=True, blank=True)
    yanked_reason = models.CharField(max_length=YANK_REASON_LENGTH, blank=True)
    quarantined_at = models.DateTimeField(null=True, blank=True)
    quarantined_reason = models.TextField(blank=True, default="", db_default="")

    objects = ReleaseQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["project", "sort_key"], name="one_release_for_equal_versions"
            ),
            models.CheckConstraint(
                condition=YANKED_WITH_REASON, name="a_reason_only_when_a_release_is_yanked"
            ),
            models.CheckConstraint(
                condition=QUARANTINED_WITH_REASON,
                name="a_reason_only_when_a_release_is_quarantined",
            ),
        ]
        indexes = [
            models.Index(
                fields=["published_by_ci"],
                condition=Q(published_by_ci__isnull=False),
                name="releases_by_ci",
            ),
            GinIndex(
                OpClass(KeyTransform("classifier", "metadata"), "jsonb_path_ops"),
                name="releases_by_classifier",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.project.name} {self.version}"

    def get_absolute_url(self) -> str:
        return reverse("release", args=[self.project.normalized_name, self.version])

    @property
    def quarantined(self) -> bool:
        return self.quarantined_at is not None
