"""Prohibited names, what lies on the desk, and what was decided."""

from __future__ import annotations

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.utils import timezone

from packages import names
from packages.models import Stage
from packages.models.project import NAME_LENGTH


def validate_name(name: str) -> None:
    """Only what could be a project's name can be prohibited."""
    if not names.is_valid(name):
        raise ValidationError(
            "Use only ASCII letters, digits, '.', '_' and '-', beginning and ending with a letter"
            " or digit."
        )


class ProhibitedName(models.Model):
    """A name that nobody may register; a project that has it already is not touched."""

    name = models.CharField(
        max_length=NAME_LENGTH,
        unique=True,
        validators=[validate_name],
        help_text="In any spelling; it is kept as pip normalizes it.",
    )
    reason = models.TextField(help_text="Why; for moderators only.")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.SET_NULL,
        editable=False,
        related_name="+",
    )

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        self.name = names.normalize(self.name)


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
