"""Whom projects are shown to: the one condition that every QuerySet adds."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from django.apps import apps
from django.conf import settings
from django.db.models import Q

OPEN, MEMBERS, ROLES = "", "members", "roles"  # GATEHOUSE_PRIVATE


@dataclass(frozen=True)
class Reader:
    """Somebody who looks; without a `user` (the key of an account) it is anybody.

    `token` is the key of a token that is limited to some projects.  Whoever may see `everything`
    is an administrator, or the index itself at work.
    """

    user: int | None = None
    token: int | None = None
    everything: bool = False

    @property
    def shares(self) -> bool:
        """Whether he sees the projects that are not private themselves."""
        if settings.PRIVATE == MEMBERS:
            return self.user is not None and self.token is None
        return bool(settings.PRIVATE == OPEN)

    @property
    def sees_all(self) -> bool:
        return self.everything and self.token is None

    def condition(self, path: str = "") -> Q:
        """What he may see of rows whose project lies at `path` (``"release__project__"``)."""
        if self.sees_all:
            return Q()
        shared = Q(**{f"{path}private": False}) if self.shares else Q(**{f"{path}pk__in": []})
        return shared | self.own(path) if self.user else shared

    def own(self, path: str = "") -> Q:
        """The part of it that is his by a role, his team's role, or as an administrator."""
        mine = Q() if self.everything else held_by(self.user, path=path)
        return mine & Q(**{f"{path}pk__in": _of_token(self.token)}) if self.token else mine


def held_by(user: int | None, kinds: Iterable[str] = (), path: str = "") -> Q:
    """Projects that somebody has a role on, of one of these kinds: his own, or his team's."""
    of = {"kind__in": list(kinds)} if kinds else {}
    own = apps.get_model("packages", "Role").objects.filter(user=user, **of)
    teams = apps.get_model("packages", "TeamRole").objects.filter(team__members__user=user, **of)
    key = f"{path}pk__in"
    return Q(**{key: own.values("project")}) | Q(**{key: teams.values("project")})


def _of_token(token: int) -> object:
    return apps.get_model("packages", "TokenProject").objects.filter(token=token).values("project")


ANYBODY: Final = Reader()
# Somebody with an account and no role: what is prepared once for all is prepared for him.
MEMBER: Final = Reader(user=0)
KEEPER: Final = Reader(everything=True)
