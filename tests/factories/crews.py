"""Teams, their members and what they may do."""

from __future__ import annotations

from accounts.models import User
from packages.models import Project, Team, TeamMember, TeamRole
from tests.factories.people import UserFactory


def team(name: str = "crew", *, owner: User | None = None, members: int = 0) -> Team:
    """A team with an owner, and so many members."""
    made = Team.objects.create(name=name)
    TeamMember.objects.create(team=made, user=owner or UserFactory(), kind="owner")
    for _ in range(members):
        join(made)
    return made


def join(team: Team, user: User | None = None, kind: str = "member") -> TeamMember:
    return TeamMember.objects.create(team=team, user=user or UserFactory(), kind=kind)


def role(team: Team, project: Project, kind: str = "owner") -> TeamRole:
    return TeamRole.objects.create(team=team, project=project, kind=kind)
