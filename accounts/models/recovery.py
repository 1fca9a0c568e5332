"""Accounts that their owners cannot get into any more, on their way back."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from accounts.models.people import User


class FrozenUser(User):
    """Somebody whose account is frozen, for the list of them."""

    class Meta:
        proxy = True
        verbose_name = "frozen account"


class RecoveryQuerySet(models.QuerySet["Recovery"]):
    """Which of them wait."""

    def open(self) -> RecoveryQuerySet:
        return self.filter(finished_at=None, cancelled_at=None)


class Recovery(models.Model):
    """An account that shall be given back to whoever reads `email`.

    One administrator begins; another may finish at once, he himself when the owner has had time to
    object.
    """

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="recoveries")
    email = models.EmailField("e-mail address")
    reason = models.TextField(help_text="How he proved who he is, and where that can be read.")
    begun_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    begun_at = models.DateTimeField(default=timezone.now)
    finished_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    finished_at = models.DateTimeField(null=True, blank=True)
    cancelled_at = models.DateTimeField(null=True, blank=True)

    objects = RecoveryQuerySet.as_manager()

    class Meta:
        ordering = ["-begun_at"]
        verbose_name_plural = "recoveries"
        permissions = [("recover_user", "Can recover accounts")]
        constraints = [
            models.UniqueConstraint(
                fields=["user"],
                condition=Q(finished_at=None, cancelled_at=None),
                name="an_account_is_recovered_once_at_a_time",
            ),
            models.CheckConstraint(
                condition=Q(finished_at=None) | Q(cancelled_at=None),
                name="a_recovery_is_finished_or_cancelled",
            ),
            models.CheckConstraint(
                condition=Q(finished_at=None) | Q(finished_at__gte=F("begun_at")),
                name="a_recovery_is_finished_after_it_began",
            ),
        ]

    def __str__(self) -> str:
        return f"Recovery of {self.user}"

    @property
    def ripe_at(self) -> datetime:
        """When the owner has had time to object."""
        return self.begun_at + timedelta(hours=settings.RECOVERY_HOURS)
