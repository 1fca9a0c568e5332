"""Stages: releases being prepared, and not yet public (PEP 694's publishing sessions)."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.models import CiIdentity
from packages.models.file import Artifact
from packages.models.project import Project


class StageStatus(models.TextChoices):
    """PEP 694's states; a stage that a moderator holds is ``processing``."""

    OPEN = "open"
    PROCESSING = "processing"
    PUBLISHED = "published"
    ERROR = "error"
    CANCELED = "canceled"


ACTIVE = (StageStatus.OPEN, StageStatus.PROCESSING, StageStatus.ERROR)
EDITABLE = (StageStatus.OPEN, StageStatus.ERROR)


class StageQuerySet(models.QuerySet["Stage"]):
    def active(self) -> StageQuerySet:
        """Those that may still become public."""
        return self.filter(status__in=ACTIVE)

    def sessions(self) -> StageQuerySet:
        """Those that people prepare and publish when they like; a plain upload is none."""
        return self.filter(session_token__isnull=False)

    def plain(self) -> StageQuerySet:
        """Uploads that nobody prepared: each asked to be public at once."""
        return self.filter(session_token__isnull=True)

    def editable(self) -> StageQuerySet:
        """Those that take and lose files."""
        return self.filter(status__in=EDITABLE)

    def expired(self, now: datetime) -> StageQuerySet:
        """Sessions that nobody has published in their time."""
        return self.sessions().editable().filter(expires_at__lte=now)

    def with_bytes(self) -> StageQuerySet:
        """Those whose bytes may be needed: to publish them, or to take a rejection back."""
        since = timezone.now() - timedelta(days=settings.BIN_DAYS)
        rejected = Q(status=StageStatus.CANCELED, closed_at__gt=since) & ~Q(holds=[])
        return self.filter(Q(status__in=ACTIVE) | rejected)

    def held(self) -> StageQuerySet:
        """Those that wait for a moderator."""
        return self.filter(status=StageStatus.PROCESSING)

    def lock(self, stage: Stage) -> Stage:
        """The stage as it is now, locked until commit, its project locked first as everywhere."""
        project = Project.objects.lock(stage.project_id)
        stage = self.select_for_update().get(pk=stage.pk)
        stage.project = project
        return stage


class Stage(models.Model):
    """A release being prepared.

    `holds` lists why policies keep it: code, policy, reason, and `signals`, the places that fired.
    """

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="stages")
    version = models.CharField(max_length=64)
    sort_key = models.TextField()
    status = models.CharField(
        max_length=12, choices=StageStatus, default=StageStatus.OPEN, db_index=True
    )
    holds = models.JSONField(default=list)
    notices = models.JSONField(default=list, help_text="What the uploader is told (PEP 694).")
    created_at = models.DateTimeField(default=timezone.now)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="stages"
    )
    created_by_ci = models.ForeignKey(
        CiIdentity, null=True, on_delete=models.PROTECT, db_index=False, related_name="+"
    )
    closed_at = models.DateTimeField(null=True, blank=True)
    identifier = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    # NULL, not "": many stages have none, and the database keeps it unique.
    session_token = models.CharField(  # noqa: DJ001
        max_length=43,
        null=True,
        unique=True,
        help_text="Whoever knows it sees the preview; only publishing sessions have one.",
    )
    expires_at = models.DateTimeField(null=True, db_index=True)

    objects = StageQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=StageStatus.values), name="a_stage_status_is_known"
            ),
            models.CheckConstraint(
                condition=Q(status__in=ACTIVE, closed_at=None)
                | Q(
                    status__in=(StageStatus.PUBLISHED, StageStatus.CANCELED),
                    closed_at__isnull=False,
                ),
                name="a_stage_is_closed_when_it_ended",
            ),
            models.UniqueConstraint(
                fields=["project", "sort_key"],
                condition=Q(status__in=ACTIVE, session_token__isnull=False),
                name="one_live_session_for_a_version",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.project.name} {self.version}"

    @property
    def uploader(self) -> str:
        """Whoever began it, for people; "" if his account is gone."""
        return str(self.created_by_ci or self.created_by or "")

    @property
    def editable(self) -> bool:
        return self.status in EDITABLE

    def mendable_until(self) -> datetime:
        """When a session that is rejected now ends: not before a rejection can be taken back."""
        given = (timezone.now() + timedelta(days=settings.BIN_DAYS)).replace(microsecond=0)
        return max(given, self.expires_at or given)

    @property
    def is_session(self) -> bool:
        return self.session_token is not None


class StagedFile(Artifact):
    """A file of a stage: complete and checked, but not public.

    `reserved` is set while its publication waits; nobody else may use its name meanwhile
    (PEP 694, atomicity).
    """

    stage = models.ForeignKey(Stage, on_delete=models.CASCADE, related_name="files")
    reserved = models.BooleanField(default=False)
    remarks = models.JSONField(default=list, help_text="What the checks found: code, level, text.")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["stage", "identity"], name="a_stage_holds_an_artifact_once"
            ),
            models.UniqueConstraint(
                fields=["filename"],
                condition=Q(reserved=True),
                name="a_reserved_filename_has_one_stage",
            ),
            models.UniqueConstraint(
                fields=["identity"],
                condition=Q(reserved=True),
                name="a_reserved_artifact_has_one_stage",
            ),
        ]
        indexes = [
            models.Index(fields=["sha256"], name="staged_files_by_sha256"),
            # How fast does somebody upload?
            models.Index(fields=["uploaded_by", "uploaded_at"], name="staged_files_by_uploader"),
            models.Index(
                fields=["uploaded_by_ci", "uploaded_at"],
                condition=Q(uploaded_by_ci__isnull=False),
                name="staged_files_by_ci",
            ),
        ]
