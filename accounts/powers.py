"""Who has power over whom, and giving powers: staff acts on nobody who may more than it."""

from __future__ import annotations

from collections.abc import Collection

from django.conf import settings
from django.contrib.auth.models import Group, Permission
from django.db import transaction

from accounts import audit
from accounts.actors import SYSTEM, Actor
from accounts.models import User
from pypi_site.lib.problems import Conflict, Refused


class SecondModeratorNeeded(Refused):
    """Whoever proposed it does not confirm it himself, and goes round the desk by no other door."""

    code, title = "second-moderator-needed", "Another moderator has to confirm"


def require_second(actor: Actor, what: object) -> None:
    """Refuse what nobody does alone where the site wants two moderators, but on the desk."""
    if not settings.SECOND_MODERATOR or actor is SYSTEM or actor.seconded:
        return
    raise SecondModeratorNeeded(
        f"Here two moderators decide that about {what}: report it, propose it in its case on the"
        " desk, and let another confirm it."
    )


def outranks(actor: Actor, user: User) -> bool:
    """Whether the actor may do everything that the person may, and the person is no colleague."""
    acting = actor.user
    if is_administrator(actor):
        return True
    if acting is None or actor.token or user.is_staff or user.is_superuser:
        return False
    return user.get_all_permissions() <= acting.get_all_permissions()


def require_over(actor: Actor, user: User) -> None:
    """Refuse whoever would act on himself, or on somebody with more power.  Raises `Refused`."""
    if user == actor.user:
        raise Refused("This is your own account; ask somebody else of the staff.")
    if not outranks(actor, user):
        raise Refused(f"{user.username} has powers that you have not; ask an administrator.")


def of(user: User) -> list[str]:
    """What somebody may do on this site, in words."""
    flags = {"administrator": user.is_superuser, "staff": user.is_staff}
    groups = [f"group {group.name}" for group in user.groups.all()]
    own = [permission.codename for permission in user.user_permissions.all()]
    return [name for name, has in flags.items() if has] + sorted(groups) + sorted(own)


def is_administrator(actor: Actor) -> bool:
    """Whoever may give powers: the system, or an administrator in person."""
    person = actor.user
    return actor is SYSTEM or bool(person and person.is_superuser and not actor.token)


@transaction.atomic
def give(
    user: User,
    *,
    flags: Collection[str],
    groups: Collection[Group],
    permissions: Collection[Permission],
    actor: Actor,
    reason: str,
) -> User:
    """Let somebody do exactly this on the site; `flags` are ``is_staff`` and ``is_superuser``.

    Only administrators give powers, and not to themselves, so that nobody takes his own away.
    """
    user = User.objects.select_for_update().get(pk=user.pk)
    require_over(actor, user)
    if not is_administrator(actor):
        raise Refused("Only administrators give powers; ask one.")
    before = {"rights": of(user)}
    user.is_staff, user.is_superuser = "is_staff" in flags, "is_superuser" in flags
    user.save(update_fields=["is_staff", "is_superuser"])
    user.groups.set(groups)
    user.user_permissions.set(permissions)
    after = {"rights": of(user)}
    if after == before:
        raise Conflict(f"{user.username} has these rights already.")
    audit.record(actor, "user.rights", user, reason=reason, before=before, after=after)
    return user
