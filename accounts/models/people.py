"""People, and the names and addresses that they are known by."""

from __future__ import annotations

from typing import ClassVar

from allauth.account.models import EmailAddress
from django.contrib.auth.models import AbstractUser
from django.contrib.auth.models import UserManager as DjangoUserManager
from django.core.validators import RegexValidator
from django.db import models
from django.db.models.functions import Lower
from django.utils.functional import cached_property

from pypi_site.lib import sql

USERNAME_GRAMMAR = r"^[A-Za-z0-9](?:[A-Za-z0-9._-]{0,48}[A-Za-z0-9])?\Z"
USERNAME_VALIDATORS = [
    RegexValidator(
        USERNAME_GRAMMAR,
        "Use 1 to 50 letters, digits, '.', '_' or '-'; begin and end with a letter or digit.",
    )
]
_VERIFIED = 'where it.user_id = %(user)s and it.verified order by it."primary" desc, it.id'


class UserManager(DjangoUserManager["User"]):
    """Finds people by the name that they type, whatever its capitals."""

    def get_by_natural_key(self, username: str | None) -> User:
        return self.get(username__iexact=username)

    def by_login(self, login: str) -> User | None:
        """Whoever signs in with this user name or address; one who verified it goes first."""
        if "@" not in login:  # no user name has one
            return self.filter(username__iexact=login).first()
        addresses = EmailAddress.objects.filter(email=login.lower()).select_related("user")
        address = addresses.order_by("-verified", "pk").first()
        return address.user if address else self.filter(email__iexact=login).first()


class User(AbstractUser):
    """A person.  `trusted_at` says since when uploads of new projects need no moderator."""

    username = models.CharField(
        "user name",
        max_length=50,
        unique=True,
        validators=USERNAME_VALIDATORS,
        error_messages={"unique": "Somebody has this user name already; choose another."},
    )
    trusted_at = models.DateTimeField(
        null=True,
        blank=True,
        editable=False,
        help_text="Since when this person's new projects are published without a moderator.",
    )

    objects: ClassVar[UserManager] = UserManager()  # type: ignore[assignment]

    class Meta:
        constraints = [
            models.UniqueConstraint(Lower("username"), name="a_user_name_is_unique_in_any_case"),
        ]

    @cached_property
    def verified_email(self) -> str | None:
        """The address that we may write to: verified, the primary one first."""
        found = sql.first(EmailAddress, _VERIFIED, {"user": self.pk})
        return found and found.email

    @cached_property
    def unread_notices(self) -> int:
        """How many messages wait for him on the site; what is above 99 counts as 100."""
        return self.notices.unread()[:100].count()  # type: ignore[attr-defined, no-any-return]
