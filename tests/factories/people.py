"""People and their tokens."""

from __future__ import annotations

from typing import Any

import factory
from allauth.account.models import EmailAddress
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Permission
from django.test import Client
from django.utils import timezone

from accounts import tokens
from accounts.actors import SYSTEM, Actor
from accounts.models import User


class UserFactory(factory.django.DjangoModelFactory):
    """Somebody with a verified e-mail address, whom no moderator has approved yet."""

    class Meta:
        model = User
        skip_postgeneration_save = True

    username = factory.Sequence(lambda number: f"person{number}")
    email = factory.LazyAttribute(lambda user: f"{user.username}@example.org")
    # Came from a provider: whoever has a password is asked for it before sensitive changes.
    password = factory.LazyFunction(lambda: make_password(None))

    class Params:
        trusted = factory.Trait(trusted_at=factory.LazyFunction(timezone.now))

    @factory.post_generation
    def verified(user: User, create: bool, extracted: Any, **kwargs: Any) -> None:  # noqa: N805
        if extracted is not False:
            EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)


class ModeratorFactory(UserFactory):
    """Staff who may decide about held uploads, and nothing else."""

    is_staff = True

    @factory.post_generation
    def permitted(user: User, create: bool, extracted: Any, **kwargs: Any) -> None:  # noqa: N805
        user.user_permissions.add(Permission.objects.get(codename="decide_heldupload"))


DESK = ["decide_heldupload", "change_project", "delete_file", "add_prohibitedname"]
DESK += ["delete_prohibitedname", "change_prohibitedname", "freeze_person"]
DESK += ["add_similarityexception", "delete_similarityexception"]


class KeeperFactory(ModeratorFactory):
    """A moderator who may do everything that the desk offers, and nothing else."""

    @factory.post_generation
    def empowered(user: User, create: bool, extracted: Any, **kwargs: Any) -> None:  # noqa: N805
        user.user_permissions.add(*Permission.objects.filter(codename__in=DESK))


class ScannerFactory(UserFactory):
    """An account whose reports by API are trusted."""

    @factory.post_generation
    def empowered(user: User, create: bool, extracted: Any, **kwargs: Any) -> None:  # noqa: N805
        user.user_permissions.add(Permission.objects.get(codename="report_by_program"))


class AdministratorFactory(UserFactory):
    is_staff = True
    is_superuser = True


def actor(user: User) -> Actor:
    """`user` at a browser."""
    return Actor(user=user, address="127.0.0.1", client="pytest")


def signed_in(user: User) -> Client:
    """A browser in which `user` is signed in."""
    client = Client()
    client.force_login(user)
    return client


def token_for(user: User, **options: Any) -> str:
    """The text of a new token."""
    return tokens.mint(user, actor=SYSTEM, name="test", **options)[1]
