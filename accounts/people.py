"""Verbs on people: the first administrator, trust, frozen accounts."""

from __future__ import annotations

from typing import Any

from allauth.account.models import EmailAddress
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.dispatch import Signal
from django.utils import timezone

from accounts import audit, powers, sessions
from accounts.actors import SYSTEM, Actor
from accounts.models import USERNAME_VALIDATORS, User
from pypi_site.lib.problems import Conflict, Problem, Refused

unfrozen = Signal()  # user: User; inside the transaction of the change


class InvalidPerson(Problem):
    """A name, address or password that cannot be taken."""

    code, title = "invalid-person", "Invalid account"


@transaction.atomic
def bootstrap(username: str, email: str, password: str | None) -> tuple[User, bool]:
    """Make `username` an administrator with a verified e-mail address; safe to repeat.

    The password is set only for a new account.  Returns the account and whether it is new.
    """
    _check_email(email)
    user = User.objects.select_for_update().filter(username__iexact=username).first()
    created = user is None
    if user is None:
        user = _create(username, email, password)
    verify_email(user, email)
    user.refresh_from_db()
    if created or not (user.is_superuser and user.is_staff and user.is_active):
        user.is_staff = user.is_superuser = user.is_active = True
        user.save()
        audit.record(SYSTEM, "user.bootstrap", user, after={"email": email, "created": created})
    return user, created


def _create(username: str, email: str, password: str | None) -> User:
    user = User(username=username, email=email)
    try:
        for validate in USERNAME_VALIDATORS:
            validate(username)
        validate_password(password or "", user)
    except ValidationError as error:
        raise InvalidPerson(" ".join(error.messages)) from None
    user.set_password(password)
    user.save()
    return user


def _check_email(email: str) -> None:
    try:
        validate_email(email)
    except ValidationError as error:
        raise InvalidPerson(" ".join(error.messages)) from None


def verify_email(user: User, email: str) -> EmailAddress:
    """Take `email` as belonging to `user`, and write to it first.

    Raises `Conflict` if somebody else has verified it.
    """
    email = email.lower()  # as allauth keeps and looks up addresses
    require_free_email(user, email)
    address, _ = EmailAddress.objects.get_or_create(user=user, email=email)
    address.verified = True
    address.save()
    address.set_as_primary()
    return address


def require_free_email(user: User, email: str) -> None:
    """Refuse what is no address (`InvalidPerson`), or that of another account (`Conflict`)."""
    _check_email(email)
    others = EmailAddress.objects.filter(email__iexact=email, verified=True).exclude(user=user)
    if others.exists():
        raise Conflict(f"Another account has verified {email}; choose another address.")


@transaction.atomic
def trust(user: User, *, actor: Actor, reason: str) -> User:
    """Let this person's new projects pass without a moderator from now on."""
    user = User.objects.select_for_update().get(pk=user.pk)
    if user.trusted_at is None:
        user.trusted_at = timezone.now()
        user.save(update_fields=["trusted_at"])
        audit.record(actor, "user.trust", user, reason=reason)
    return user


@transaction.atomic
def distrust(user: User, *, actor: Actor, reason: str) -> User:
    """Hold the first release of each new project of this person again."""
    user = User.objects.select_for_update().get(pk=user.pk)
    if user.trusted_at is not None:
        user.trusted_at = None
        user.save(update_fields=["trusted_at"])
        audit.record(actor, "user.distrust", user, reason=reason)
    return user


@transaction.atomic
def freeze(user: User, *, actor: Actor, reason: str, quiet: bool = False) -> User:
    """Let somebody neither sign in nor use a token; what he published stays as it is.

    Raises `SecondModeratorNeeded` where the site wants two.
    He is signed out everywhere, for good: whoever sat in his browser does not come back with him.
    Only an administrator freezes staff, and nobody himself.  `quiet`: somebody else tells him.
    """
    user = User.objects.select_for_update().get(pk=user.pk)
    if user == actor.user:
        raise Refused("You cannot freeze your own account; ask another moderator.")
    _require_administrator(user, actor, "freeze")
    powers.require_second(actor, user)
    ended = sessions.end_every(user)
    before = {"is_active": True, "sessions": ended}
    return _set_active(user, False, actor, reason, quiet=quiet, before=before)


@transaction.atomic
def unfreeze(user: User, *, actor: Actor, reason: str, quiet: bool = False) -> User:
    """Let somebody sign in again; tokens that are neither revoked nor expired work again.

    A sign-in that raced with the freeze has left a session, which ends now.
    """
    user = User.objects.select_for_update().get(pk=user.pk)
    _require_administrator(user, actor, "unfreeze")
    sessions.end_every(user)
    user = _set_active(user, True, actor, reason, quiet=quiet, before={"is_active": False})
    unfrozen.send(User, user=user)
    return user


def _require_administrator(user: User, actor: Actor, verb: str) -> None:
    """Of staff only administrators decide."""
    works_here = user.is_staff or user.is_superuser
    if works_here and actor is not SYSTEM and not (actor.user and actor.user.is_superuser):
        raise Refused(f"{user.username} works here; ask an administrator to {verb} the account.")


def _set_active(user: User, active: bool, actor: Actor, reason: str, **about: Any) -> User:
    if user.is_active == active:
        raise Conflict(f"The account of {user.username} is {'not ' if active else ''}frozen.")
    user.is_active = active
    user.save(update_fields=["is_active"])
    action = "user.unfreeze" if active else "user.freeze"
    audit.record(actor, action, user, reason=reason, after={"is_active": active}, **about)
    return user
