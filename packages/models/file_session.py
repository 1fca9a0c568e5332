"""File upload sessions: one file of a publishing session on its way in (PEP 694)."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q
from django.utils import timezone

from packages.models.file import FILENAME_LENGTH
from packages.models.stage import Stage, StagedFile


class FileStatus(models.TextChoices):
    """PEP 694's states of a file."""

    PENDING = "pending"
    PROCESSING = "processing"
    COMPLETED = "completed"
    ERROR = "error"
    CANCELED = "canceled"


LIVE = (FileStatus.PENDING, FileStatus.PROCESSING, FileStatus.COMPLETED, FileStatus.ERROR)


class FileSessionQuerySet(models.QuerySet["FileSession"]):
    def live(self) -> FileSessionQuerySet:
        """Those that the publishing session shows; a cancelled one leaves it."""
        return self.filter(status__in=LIVE)


class FileSession(models.Model):
    """What a client announced, what has arrived, and what became of it.

    `hashes` maps names of hashlib to lower-case hex, as announced; `received` is the SHA-256 of
    the bytes that arrived (their blob's name), "" before.
    """

    identifier = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    stage = models.ForeignKey(Stage, on_delete=models.CASCADE, related_name="file_sessions")
    filename = models.CharField(max_length=FILENAME_LENGTH)
    identity = models.CharField(max_length=FILENAME_LENGTH)
    size = models.BigIntegerField()
    hashes = models.JSONField()
    status = models.CharField(max_length=12, choices=FileStatus, default=FileStatus.PENDING)
    notices = models.JSONField(default=list)
    received = models.CharField(max_length=64, blank=True, db_index=True)
    received_size = models.BigIntegerField(default=0)
    received_hashes = models.JSONField(default=dict)
    staged_file = models.OneToOneField(StagedFile, null=True, on_delete=models.SET_NULL)
    created_at = models.DateTimeField(default=timezone.now)

    objects = FileSessionQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=FileStatus.values), name="a_file_session_status_is_known"
            ),
            models.UniqueConstraint(
                fields=["stage", "identity"],
                condition=Q(status__in=LIVE),
                name="one_live_file_session_for_an_artifact",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.filename} ({self.status})"
