"""CI jobs that proved who they are by an identity token (OpenID Connect), each once."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils import timezone

KEY_LENGTH = 300


class CiIdentity(models.Model):
    """What an identity token said of a CI job, after its signature and claims were found good.

    A row is made when a token is taken in exchange for an API token, and keeps it from being taken
    again: `identifier` is a digest of the ``jti``, or of what was signed where an issuer sends
    none.  Files that were uploaded with that API token point here for ever.
    """

    issuer = models.CharField(max_length=300, help_text="The issuer's address (iss).")
    identifier = models.CharField(max_length=64)
    key = models.CharField(
        max_length=KEY_LENGTH, help_text="The repository, or what stands for it."
    )
    label = models.CharField(max_length=200, help_text="How the trail and pages name it, for ever.")
    claims = models.JSONField(default=dict, help_text="What the issuer vouched for.")
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField(help_text="When the identity token ends.")

    class Meta:
        verbose_name = "CI identity"
        verbose_name_plural = "CI identities"
        constraints = [
            models.UniqueConstraint(
                fields=["issuer", "identifier"], name="an_identity_token_is_taken_once"
            ),
            models.CheckConstraint(condition=~Q(identifier=""), name="an_identity_has_a_name"),
        ]
        indexes = [models.Index(fields=["issuer", "key"], name="identities_by_key")]

    def __str__(self) -> str:
        return self.label
