"""Browsers that somebody has signed in with."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from accounts.models.people import User


class KnownDevice(models.Model):
    """A browser that carries our cookie; only a digest of the cookie's secret is stored."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="known_devices")
    digest = models.CharField(max_length=64)
    name = models.CharField(max_length=100)
    address = models.GenericIPAddressField(null=True)
    first_at = models.DateTimeField(default=timezone.now)
    last_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user", "digest"], name="a_device_of_somebody_is_listed_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user}: {self.name}"
