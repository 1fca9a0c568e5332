"""API tokens: keys for programs."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.models.ci import CiIdentity
from accounts.models.people import User


class TokenAction(models.TextChoices):
    """What a token may do to the projects that it reaches."""

    UPLOAD = "upload", "upload and publish releases"
    YANK = "yank", "yank releases and files, and undo it"
    READ = "read", "read private projects"
    MANAGE = "manage", "delete, restore, archive and whatever else owners may"


def every_action() -> list[str]:
    return list(TokenAction.values)


class ApiTokenQuerySet(models.QuerySet["ApiToken"]):
    """Which tokens open a door."""

    def usable(self) -> ApiTokenQuerySet:
        """Neither revoked nor expired, of a person who may sign in or a CI job."""
        now = timezone.now()
        alive = Q(expires_at__isnull=True) | Q(expires_at__gt=now)
        holder = Q(user__is_active=True) | Q(ci__isnull=False)
        return self.filter(alive, holder, revoked_at__isnull=True)


class ApiToken(models.Model):
    """A key for programs.  Only a digest of its secret is stored; it is shown once.

    A token with `limited` set may touch only the projects that are listed for it
    (``packages.TokenProject``); an empty list then means nothing, not everything.

    A minted token belongs to no person but to a CI job (trusted publishing): it reaches what its
    publishers are trusted with (``packages.MintedToken``).
    """

    user = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.CASCADE, related_name="api_tokens"
    )
    ci = models.ForeignKey(
        CiIdentity, null=True, blank=True, on_delete=models.CASCADE, related_name="tokens"
    )
    name = models.CharField(max_length=100)
    identifier = models.CharField(max_length=16, unique=True)
    digest = models.CharField(max_length=64)
    limited = models.BooleanField(default=False)
    stages_uploads = models.BooleanField(
        default=False, help_text="What it uploads waits in a stage until somebody publishes it."
    )
    actions = ArrayField(
        models.CharField(max_length=12, choices=TokenAction),
        default=every_action,
        db_default=every_action(),
    )
    networks = ArrayField(
        models.CharField(max_length=43),
        default=list,
        blank=True,
        db_default=[],
        help_text="Addresses or networks that it may be used from; empty: anywhere.",
    )
    single_use = models.BooleanField(
        default=False, db_default=False, help_text="It ends with its first use (PEP 807)."
    )
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)
    last_used_from = models.GenericIPAddressField(null=True, blank=True)
    last_used_with = models.CharField(max_length=300, blank=True, default="", db_default="")

    objects = ApiTokenQuerySet.as_manager()

    class Meta:
        verbose_name = "API token"
        constraints = [
            models.CheckConstraint(
                condition=Q(expires_at__isnull=True) | Q(expires_at__gt=models.F("created_at")),
                name="a_token_expires_after_it_was_made",
            ),
            models.CheckConstraint(
                condition=Q(actions__contained_by=every_action()) & ~Q(actions=[]),
                name="a_token_does_what_is_known",
            ),
            models.CheckConstraint(
                condition=Q(user__isnull=False, ci__isnull=True)
                | Q(user__isnull=True, ci__isnull=False, expires_at__isnull=False),
                name="a_token_is_a_persons_or_a_ci_jobs_and_ends",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} (gate-{self.identifier})"

    @property
    def holder(self) -> str:
        """Whoever uses it, for lists."""
        return str(self.ci or self.user)

    def allows(self, action: str) -> bool:
        return action in self.actions


class TokenPlace(models.Model):
    """An address that a token was used from."""

    token = models.ForeignKey(ApiToken, on_delete=models.CASCADE, related_name="places")
    address = models.GenericIPAddressField()
    client = models.CharField(max_length=300, blank=True, help_text="The first one seen there.")
    first_at = models.DateTimeField(default=timezone.now)
    last_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["token", "address"], name="a_place_of_a_token_is_listed_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.token} from {self.address}"
