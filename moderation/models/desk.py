"""What lies on the desk, and what was decided."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone

from packages.models import Stage


class HeldUpload(Stage):
    """A stage as it lies on a moderator's desk."""

    class Meta:
        proxy = True
        ordering = ["created_at", "pk"]
        verbose_name = "held upload"
        default_permissions = ()
        permissions = [("decide_heldupload", "Can approve and reject held uploads")]


class Decision(models.Model):
    """What a moderator did about a held upload, and why.  One for each time that it was held."""

    class Kind(models.TextChoices):
        APPROVED = "approved"
        REJECTED = "rejected"

    stage = models.ForeignKey(Stage, on_delete=models.PROTECT, related_name="decisions")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    reason = models.TextField()
    moderator = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    decided_at = models.DateTimeField(default=timezone.now)
    told_at = models.DateTimeField(null=True, help_text="When the uploader was written to.")

    def __str__(self) -> str:
        return f"{self.stage} {self.kind}"
