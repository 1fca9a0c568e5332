"""The group that makes somebody a moderator."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import Group, Permission

from moderation.actions import ACTIONS
from moderation.models import ProhibitedName

MODERATORS = "Moderators"
_TAKES_BACK = f"{ProhibitedName._meta.app_label}.delete_prohibitedname"
PERMISSIONS = frozenset({action.permission for action in ACTIONS.values()} | {_TAKES_BACK})


def ensure(**kwargs: Any) -> None:
    """Make the group after a migration, where there is none.

    One that exists is left alone: administrators may have given it more, or less.
    """
    group, is_new = Group.objects.get_or_create(name=MODERATORS)
    if is_new:
        group.permissions.set(_permissions())


def _permissions() -> list[Permission]:
    rows = Permission.objects.select_related("content_type")
    return [row for row in rows if f"{row.content_type.app_label}.{row.codename}" in PERMISSIONS]
