"""Who belongs to a project, by a role of his own or a team's, and with which tokens."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import Q, QuerySet

from accounts.models import ApiToken, User
from packages.models import Project, Role, TeamMember, TeamRole


def people_of(project: Project, kinds: Iterable[str] = tuple(Role.Kind)) -> QuerySet[User]:
    """Everybody with a role on the project, his own or a team's."""
    of = {"project": project, "kind__in": list(kinds)}
    own = Role.objects.filter(**of).values("user")
    teams = TeamRole.objects.filter(**of).values("team")
    members = TeamMember.objects.filter(team__in=teams).values("user")
    return User.objects.filter(Q(pk__in=own) | Q(pk__in=members)).order_by("username")


def tokens_that_reach(project: Project) -> list[ApiToken]:
    """The usable tokens that open the project, whoever of its people holds them."""
    usable = ApiToken.objects.usable().filter(user__in=people_of(project))
    reaching = usable.filter(Q(limited=False) | Q(projects__project=project))
    return list(reaching.distinct().order_by("name"))
