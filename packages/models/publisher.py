"""Trusted publishers: CI jobs that may upload to a project without a stored secret."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.models import ApiToken, User
from accounts.models.ci import KEY_LENGTH
from packages.models.project import NAME_LENGTH, NORMALIZED, Project

IS_PENDING = Q(project__isnull=True, expires_at__isnull=False) & ~Q(pending_name="")
IS_REAL = Q(project__isnull=False, expires_at=None, waits_for=None, pending_name="")


class PublisherQuerySet(models.QuerySet["Publisher"]):
    """Which publishers may publish what."""

    def pending(self) -> PublisherQuerySet:
        """Those that wait for a project, and not too long already."""
        return self.filter(project__isnull=True, expires_at__gt=timezone.now())

    def of_person(self, user: User) -> PublisherQuerySet:
        """The pending ones that somebody prepared."""
        return self.filter(project__isnull=True, waits_for=user)

    def trusted_by_token(self, token: ApiToken | None) -> PublisherQuerySet:
        """Those that a minted token stands for; removing one ends what the token may do."""
        return self.filter(minted__token=token)


class Publisher(models.Model):
    """A CI job of an issuer, by the claims that it must bring.

    `facts` maps names of claims to what they must be (`accounts.providers` says how they are
    compared); `key` is the principal one in lower case, such as the repository.  `pins` are ids
    that were seen at the first use and must stay: a repository or an account that is deleted and
    made anew by somebody else under the old name has others.

    Without a project it is a pending publisher: the first upload registers `pending_name` for the
    person that it `waits_for`, who becomes its owner.
    """

    identifier = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    project = models.ForeignKey(
        Project, null=True, blank=True, on_delete=models.CASCADE, related_name="publishers"
    )
    issuer = models.CharField(max_length=300)
    key = models.CharField(max_length=KEY_LENGTH)
    facts = models.JSONField()
    fingerprint = models.CharField(
        max_length=64, editable=False, help_text="Digest of the facts, as they are compared."
    )
    pins = models.JSONField(default=dict, blank=True)
    pending_name = models.CharField(max_length=NAME_LENGTH, blank=True, default="")
    normalized_name = models.CharField(
        max_length=NAME_LENGTH, blank=True, default="", help_text="Of a pending publisher."
    )
    waits_for = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="pending_publishers",
    )
    expires_at = models.DateTimeField(null=True, blank=True)
    added_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    added_at = models.DateTimeField(default=timezone.now)
    last_used_at = models.DateTimeField(null=True, blank=True)

    objects = PublisherQuerySet.as_manager()

    class Meta:
        verbose_name = "trusted publisher"
        constraints = [
            models.UniqueConstraint(
                fields=["project", "issuer", "fingerprint"],
                condition=Q(project__isnull=False),
                name="a_project_trusts_a_publisher_once",
            ),
            models.UniqueConstraint(
                fields=["waits_for", "normalized_name", "issuer", "fingerprint"],
                condition=Q(project__isnull=True),
                name="a_person_prepares_a_publisher_once",
            ),
            models.CheckConstraint(
                condition=IS_REAL | (IS_PENDING & Q(waits_for__isnull=False)),
                name="a_publisher_has_a_project_or_waits_for_one",
            ),
            models.CheckConstraint(
                condition=Q(project__isnull=False, normalized_name="")
                | Q(project__isnull=True, normalized_name__regex=NORMALIZED),
                name="a_pending_publisher_waits_for_a_name",
            ),
        ]
        indexes = [
            models.Index(fields=["issuer", "key"], name="publishers_by_key"),
            models.Index(fields=["normalized_name"], name="publishers_by_pending_name"),
        ]

    def __str__(self) -> str:
        told = ", ".join(str(value) for value in self.facts.values() if value)
        return f"{told} for {self.project or self.pending_name}"

    @property
    def pending(self) -> bool:
        return self.project_id is None


class MintedToken(models.Model):
    """A publisher that a minted token stands for: what the token may upload to."""

    token = models.ForeignKey(ApiToken, on_delete=models.CASCADE, related_name="minted")
    publisher = models.ForeignKey(Publisher, on_delete=models.CASCADE, related_name="minted")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["token", "publisher"], name="a_minted_token_lists_a_publisher_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.token} for {self.publisher}"
