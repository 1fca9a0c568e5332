"""The audit trail: rows are only ever added."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.models.people import User


class AuditEventQuerySet(models.QuerySet["AuditEvent"]):
    """Whose events they are."""

    def of_person(self, user: User) -> AuditEventQuerySet:
        """What he did, and what was done to his account or with his tokens."""
        return self.filter(Q(user=user) | Q(person=user))

    def of_project(self, project: int, tokens: Iterable[int] = ()) -> AuditEventQuerySet:
        """What was done to a project, and with tokens that were made for it."""
        made_for_it = [str(token) for token in tokens]
        by_token = Q(subject_type="accounts.apitoken", subject_id__in=made_for_it)
        return self.filter(Q(project=project) | by_token)

    def of_actions(self, prefixes: Iterable[str]) -> AuditEventQuerySet:
        """Those whose action begins with one of these."""
        wanted = Q(pk__in=[])
        for prefix in prefixes:
            wanted |= Q(action__startswith=prefix)
        return self.filter(wanted)


class AuditEvent(models.Model):
    """Who did what to what, when, from where and why.  Rows are only ever added.

    `person` is whose account it concerns, `project` the id of the project that it does.
    """

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
    person = models.ForeignKey(
        User, null=True, on_delete=models.SET_NULL, related_name="+", db_index=False
    )
    project = models.BigIntegerField(null=True)

    objects = AuditEventQuerySet.as_manager()

    class Meta:
        ordering = ["-at", "-pk"]
        indexes = [
            models.Index(fields=["subject_type", "subject_id", "-at"], name="audit_of"),
            models.Index(fields=["person", "-id"], name="audit_of_person"),
            models.Index(fields=["project", "-id"], name="audit_of_project"),
        ]

    def __str__(self) -> str:
        return f"{self.actor}: {self.action} {self.subject}"
