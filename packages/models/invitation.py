"""Invitations: a role that somebody may take, if he wants to."""

from __future__ import annotations

import uuid

from allauth.account.models import EmailAddress
from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils import timezone

from accounts.models import User
from packages.models.project import Project
from packages.models.role import Role

RECIPIENT_LENGTH = 254  # an e-mail address has no more


class InvitationQuerySet(models.QuerySet["Invitation"]):
    """Which invitations can be accepted."""

    def open(self) -> InvitationQuerySet:
        """Neither answered nor withdrawn nor expired."""
        return self.filter(answer="", expires_at__gt=timezone.now())

    def for_user(self, user: User) -> InvitationQuerySet:
        """Those that name the user, or an address that he has verified."""
        addresses = EmailAddress.objects.filter(user=user, verified=True).values(
            lower=Lower("email")
        )
        return self.filter(Q(recipient=user.username.lower()) | Q(recipient__in=addresses))


class Invitation(models.Model):
    """`recipient` is a user name or an e-mail address, in lower case.

    Whether anybody has that name or address is not looked at until he comes: an invitation tells
    nobody who exists.
    """

    class Answer(models.TextChoices):
        ACCEPTED = "accepted"
        DECLINED = "declined"
        WITHDRAWN = "withdrawn"

    identifier = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="invitations")
    recipient = models.CharField(max_length=RECIPIENT_LENGTH, db_index=True)
    kind = models.CharField(max_length=12, choices=Role.Kind.choices)
    invited_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    answer = models.CharField(max_length=12, choices=Answer, blank=True, default="")
    answered_at = models.DateTimeField(null=True, blank=True)

    objects = InvitationQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["project", "recipient"],
                condition=Q(answer=""),
                name="one_open_invitation_for_each_person",
            ),
            models.CheckConstraint(
                condition=Q(answer="", answered_at=None)
                | (~Q(answer="") & Q(answered_at__isnull=False)),
                name="an_answer_has_its_time",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.recipient} may become {self.kind} of {self.project}"

    @property
    def by_email(self) -> bool:
        return "@" in self.recipient
