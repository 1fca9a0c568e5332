"""Who belongs to a project, by a role of his own or a team's, and with which tokens."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Q, QuerySet

from accounts.models import ApiToken, User
from packages.models import Project, Role, TeamMember, TeamRole
from packages.models.project import ProjectQuerySet

EVERY_KIND = tuple(Role.Kind)  # the greatest first
KEEPERS = (Role.Kind.OWNER, Role.Kind.MAINTAINER)


@dataclass(frozen=True)
class Standing:
    """The greatest role of somebody on a project."""

    user_id: int
    username: str
    kind: str


def people_of(project: Project | None, kinds: Iterable[str] = EVERY_KIND) -> QuerySet[User]:
    """Everybody with a role on the project, his own or a team's."""
    of = {"project": project, "kind__in": list(kinds)}
    own = Role.objects.filter(**of).values("user")
    teams = TeamRole.objects.filter(**of).values("team")
    members = TeamMember.objects.filter(team__in=teams).values("user")
    return User.objects.filter(Q(pk__in=own) | Q(pk__in=members)).order_by("username")


def standings(project: Project, kinds: Iterable[str] = KEEPERS) -> list[Standing]:
    """The same with what everybody is: owners first, then by name.

    Of readers only a project's people are told.
    """
    of = {"project": project, "kind__in": list(kinds)}
    own = Role.objects.filter(**of).order_by().values_list("kind", "user", "user__username")
    member = "team__members__user"
    theirs = TeamRole.objects.filter(**of, team__members__isnull=False).order_by()
    rows = own.union(theirs.values_list("kind", member, f"{member}__username"))
    best: dict[int, Standing] = {}
    for kind, user, username in sorted(rows, key=_place):
        best.setdefault(user, Standing(user, username, kind))
    return list(best.values())


def _place(row: tuple[str, int, str]) -> tuple[int, str]:
    return EVERY_KIND.index(Role.Kind(row[0])), row[2]


def kept_by(username: str, projects: ProjectQuerySet) -> list[tuple[str, str]]:
    """What somebody keeps of `projects`: his greatest role and the name; owned ones first."""
    own = Role.objects.keepers().filter(user__username=username)
    theirs = TeamRole.objects.filter(team__members__user__username=username, kind__in=KEEPERS)
    wanted = ("kind", "project__normalized_name", "project__name")
    found = [
        roles.filter(project__in=projects).order_by().values_list(*wanted)
        for roles in (own, theirs)
    ]
    best: dict[str, tuple[str, str]] = {}
    for kind, normalized, name in sorted(found[0].union(found[1]), key=_owned_first):
        best.setdefault(normalized, (kind, name))
    return list(best.values())


def _owned_first(row: tuple[str, str, str]) -> tuple[int, str]:
    return EVERY_KIND.index(Role.Kind(row[0])), row[1]


def kept(username: str) -> Q:
    """The condition for projects that somebody keeps."""
    own = Role.objects.filter(user__username=username, kind__in=KEEPERS)
    theirs = TeamRole.objects.filter(team__members__user__username=username, kind__in=KEEPERS)
    return Q(pk__in=own.values("project")) | Q(pk__in=theirs.values("project"))


def keepers_of(projects: ProjectQuerySet, kinds: Iterable[str] = KEEPERS) -> QuerySet[User]:
    """Everybody who keeps one of them."""
    of = {"project__in": projects, "kind__in": list(kinds)}
    own = Role.objects.filter(**of).values("user")
    members = TeamMember.objects.filter(team__in=TeamRole.objects.filter(**of).values("team"))
    return User.objects.filter(Q(pk__in=own) | Q(pk__in=members.values("user")))


def owners_of(projects: ProjectQuerySet) -> list[int]:
    """The accounts of everybody who owns one of them."""
    return list(keepers_of(projects, [Role.Kind.OWNER]).values_list("pk", flat=True))


def tokens_that_reach(project: Project) -> list[ApiToken]:
    """The usable tokens that open the project, whoever of its people holds them."""
    usable = ApiToken.objects.usable().filter(user__in=people_of(project))
    reaching = usable.filter(Q(limited=False) | Q(projects__project=project))
    return list(reaching.distinct().select_related("user").order_by("name"))


def minted_tokens_that_reach(project: Project) -> list[ApiToken]:
    """The usable tokens that CI jobs got by the publishers of the project."""
    minted = ApiToken.objects.usable().filter(minted__publisher__project=project)
    return list(minted.distinct().select_related("ci").order_by("-created_at"))
