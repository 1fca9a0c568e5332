"""Invitations: a role that somebody may take, if he wants to."""

from __future__ import annotations

import uuid

from allauth.account.models import EmailAddress
from django.conf import settings
from django.db import models
from django.db.models import Exists, OuterRef, Q, Value
from django.db.models.functions import Concat, Lower
from django.utils import timezone

from accounts.models import User
from packages.models.project import Project
from packages.models.team import Team, TeamMember

TEAM_SIGN = "@"  # before the name of a team that is invited; no user name begins so
RECIPIENT_LENGTH = 254  # an e-mail address has no more


class InvitationQuerySet(models.QuerySet["Invitation"]):
    """Which invitations can be accepted."""

    def open(self) -> InvitationQuerySet:
        """Neither answered nor withdrawn nor expired."""
        return self.filter(answer="", expires_at__gt=timezone.now())

    def for_user(self, user: User) -> InvitationQuerySet:
        """Those that name the user, an address that he has verified, or a team that he owns.

        A team that was made after the invitation is another one of the same name.
        """
        addresses = EmailAddress.objects.filter(user=user, verified=True).values(
            lower=Lower("email")
        )
        led = TeamMember.objects.annotate(sign=Concat(Value(TEAM_SIGN), "team__name")).filter(
            user=user,
            kind=TeamMember.Kind.OWNER,
            sign=OuterRef("recipient"),
            team__created_at__lte=OuterRef("created_at"),
        )
        named = Q(recipient=user.username.lower()) | Q(recipient__in=addresses)
        return self.filter(named | Exists(led))


class Invitation(models.Model):
    """To a role on `project`, or to membership in `team`.

    `recipient` is a user name or an e-mail address, in lower case, or the name of a team behind
    `TEAM_SIGN`.  Whether anybody has that name or address is not looked at until he comes: an
    invitation tells nobody who exists.

    One that `hands_over` is the transfer of a project: whoever offered it steps down.
    """

    class Answer(models.TextChoices):
        ACCEPTED = "accepted"
        DECLINED = "declined"
        WITHDRAWN = "withdrawn"

    class Handover(models.TextChoices):
        """What becomes of the owner who hands over."""

        LEAVE = "leave"
        MAINTAINER = "maintainer"

    identifier = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    project = models.ForeignKey(
        Project, null=True, on_delete=models.CASCADE, related_name="invitations"
    )
    team = models.ForeignKey(Team, null=True, on_delete=models.CASCADE, related_name="invitations")
    recipient = models.CharField(max_length=RECIPIENT_LENGTH, db_index=True)
    kind = models.CharField(max_length=12)  # of a role, or of a membership
    hands_over = models.CharField(
        max_length=12, choices=Handover, blank=True, default="", db_default=""
    )
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
            models.UniqueConstraint(
                fields=["team", "recipient"],
                condition=Q(answer=""),
                name="one_open_invitation_to_a_team_for_each_person",
            ),
            models.CheckConstraint(
                condition=Q(project__isnull=False, team=None) | Q(project=None, team__isnull=False),
                name="an_invitation_is_to_a_project_or_to_a_team",
            ),
            models.CheckConstraint(
                condition=Q(hands_over="")
                | Q(hands_over__in=("leave", "maintainer"), kind="owner", project__isnull=False),
                name="a_transfer_makes_an_owner",
            ),
            models.CheckConstraint(
                condition=Q(answer="", answered_at=None)
                | (~Q(answer="") & Q(answered_at__isnull=False)),
                name="an_answer_has_its_time",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.recipient} may become {self.kind} of {self.to}"

    @property
    def to(self) -> Project | Team | None:
        """What it is an invitation to."""
        return self.project or self.team

    @property
    def by_email(self) -> bool:
        return "@" in self.recipient[1:]

    @property
    def invited_team(self) -> str:
        """The name of the team that is invited, "" for a person."""
        return self.recipient[1:] if self.recipient.startswith(TEAM_SIGN) else ""
