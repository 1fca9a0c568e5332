"""Who may make an account: names and domains that nobody may have, and who is invited."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from accounts.models.people import User


class Prohibition(models.Model):
    """What every prohibition says: why, who, and since when."""

    reason = models.TextField(help_text="For moderators and administrators.")
    created_by = models.ForeignKey(
        User, null=True, editable=False, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        abstract = True


class ProhibitedUsername(Prohibition):
    """A user name that nobody new may have; `name` is without capitals, '.', '_' and '-'."""

    name = models.CharField(
        "user name",
        max_length=50,
        unique=True,
        help_text="Capitals, '.', '_' and '-' make no difference: admin is Ad-min, too.",
    )

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class ProhibitedEmailDomain(Prohibition):
    """A domain, with its subdomains, whose addresses nobody may add."""

    domain = models.CharField(
        "e-mail domain", max_length=253, unique=True, help_text="Its subdomains are meant, too."
    )

    class Meta:
        ordering = ["domain"]
        verbose_name = "prohibited e-mail domain"

    def __str__(self) -> str:
        return self.domain


class SignupInvitationQuerySet(models.QuerySet["SignupInvitation"]):
    """Which invitations open the door."""

    def open(self) -> SignupInvitationQuerySet:
        return self.filter(withdrawn_at=None, expires_at__gt=timezone.now())


class SignupInvitation(models.Model):
    """Whoever reads `email`, in lower case, may make an account for some days."""

    email = models.EmailField("e-mail address", unique=True)
    reason = models.TextField(help_text="Who that is; for administrators.")
    invited_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    objects = SignupInvitationQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]
        verbose_name = "invitation to sign up"
        verbose_name_plural = "invitations to sign up"
        constraints = [
            models.CheckConstraint(
                condition=Q(expires_at__gt=F("created_at")),
                name="an_invitation_to_sign_up_lasts_a_while",
            ),
        ]

    def __str__(self) -> str:
        return self.email
