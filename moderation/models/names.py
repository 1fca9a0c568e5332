"""Names that nobody may register, and likenesses that are none."""

from __future__ import annotations

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.utils import timezone

from packages import names
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
    released_to = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        editable=False,
        related_name="+",
        help_text="The one person who may register it all the same.",
    )
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


class SimilarityException(models.Model):
    """A moderator's word that a likeness to `target` is none: of one name, or of one person's."""

    candidate = models.CharField(
        max_length=NAME_LENGTH,
        blank=True,
        validators=[validate_name],
        help_text="The new name; empty: every name that the person registers.",
    )
    target = models.CharField(
        max_length=NAME_LENGTH,
        validators=[validate_name],
        help_text="The name that it resembles.",
    )
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="+",
        help_text="Whose names may resemble it; empty: anybody's, if the new name is given.",
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
        ordering = ["target", "candidate"]
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(candidate="", owner=None),
                name="an_exception_is_for_a_name_or_a_person",
                violation_error_message="Give the new name, or the person, or both.",
            ),
            models.UniqueConstraint(
                fields=["candidate", "target", "owner"],
                nulls_distinct=False,
                name="an_exception_is_made_once",
            ),
        ]

    def __str__(self) -> str:
        who = self.candidate or (f"names of {self.owner.username}" if self.owner else "")
        return f"{who} beside {self.target}"

    def clean(self) -> None:
        self.candidate = names.normalize(self.candidate)
        self.target = names.normalize(self.target)
