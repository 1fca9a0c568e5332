"""The audit trail: rows are only ever added."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from accounts.models.people import User


class AuditEvent(models.Model):
    """Who did what to what, when, from where and why.  Rows are only ever added."""

    at = models.DateTimeField(default=timezone.now, db_index=True)
    user = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    actor = models.CharField(max_length=200, help_text="Whoever acted, as known at that time.")
    action = models.CharField(max_length=64, db_index=True)
    subject_type = models.CharField(max_length=64)
    subject_id = models.CharField(max_length=64)
    subject = models.CharField(max_length=300)
    reason = models.TextField(blank=True)
    before = models.JSONField(null=True)
    after = models.JSONField(null=True)
    address = models.GenericIPAddressField(null=True)
    client = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ["-at", "-pk"]
        indexes = [models.Index(fields=["subject_type", "subject_id", "-at"], name="audit_of")]

    def __str__(self) -> str:
        return f"{self.actor}: {self.action} {self.subject}"
