"""The group that makes somebody a moderator."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import Group, Permission
from django.db.models import Manager

from moderation.actions import ACTIONS
from moderation.models import ProhibitedName

MODERATORS = "Moderators"
_TAKES_BACK = f"{ProhibitedName._meta.app_label}.delete_prohibitedname"
_FORMER = frozenset({action.permission for action in ACTIONS.values()} | {_TAKES_BACK})
# To release a name to somebody, and to say which likeness is none.
_OF_NAMES = ("change_prohibitedname", "add_similarityexception", "delete_similarityexception")
PERMISSIONS = _FORMER | {f"{ProhibitedName._meta.app_label}.{each}" for each in _OF_NAMES}


def ensure(**kwargs: Any) -> None:
    """Make the group after a migration, where there is none, and bring a former one up to date.

    One that administrators have given more, or less, is left alone.
    """
    group, is_new = Group.objects.get_or_create(name=MODERATORS)
    if is_new or _names(group.permissions) == _FORMER:
        rows = Permission.objects.select_related("content_type")
        group.permissions.set([row for row in rows if _name(row) in PERMISSIONS])


def _names(rows: Manager[Permission]) -> set[str]:
    return {_name(row) for row in rows.select_related("content_type")}


def _name(row: Permission) -> str:
    return f"{row.content_type.app_label}.{row.codename}"
