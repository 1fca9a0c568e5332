"""What staff sees of a person: the account, and what it reaches in the index."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Q, QuerySet

from accounts import dossiers
from accounts.models import ApiToken, User
from packages.models import Publisher, Role, TeamMember, TeamRole


@dataclass(frozen=True)
class Dossier:
    """One person with everything that is his."""

    account: dossiers.Account
    roles: list[Role]
    teams: list[TeamMember]
    team_roles: list[TeamRole]
    publishers: list[Publisher]
    minted: list[ApiToken]


def of(user: User) -> Dossier:
    """Everything about `user`, in a constant number of queries."""
    roles = Role.objects.filter(user=user).select_related("project")
    teams = TeamMember.objects.filter(user=user).select_related("team")
    team_roles = TeamRole.objects.filter(team__members__user=user).select_related("team", "project")
    return Dossier(
        account=dossiers.account_of(user),
        roles=list(roles.order_by("project__normalized_name")),
        teams=list(teams.order_by("team__name")),
        team_roles=list(team_roles.order_by("project__normalized_name")),
        publishers=list(publishers_of(user).select_related("project").order_by("-added_at")),
        minted=list(minted_for(user).select_related("ci").order_by("-created_at")),
    )


def publishers_of(user: User) -> QuerySet[Publisher]:
    """Those that he added to a project or prepared for one."""
    return Publisher.objects.filter(Q(added_by=user) | Q(waits_for=user))


def minted_for(user: User) -> QuerySet[ApiToken]:
    """The tokens that CI jobs got by the publishers that he added, as far as they work."""
    return ApiToken.objects.usable().filter(minted__publisher__in=publishers_of(user)).distinct()
