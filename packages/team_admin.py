"""Teams in the Django admin: to look at, and to change through the verbs, with a reason."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest

from accounts import actors
from packages import team_roles, teams
from packages.models import Team, TeamMember, TeamRole
from packages.team_access import CHANGE_TEAM
from pypi_site.lib.admin_actions import ReadOnlyAdmin, ReadOnlyInline, with_reason

TOLD = "Members of the team, and owners of its projects, get it by e-mail."


class MemberInline(ReadOnlyInline):
    model = TeamMember
    fields = ["user", "kind"]


class RoleInline(ReadOnlyInline):
    model = TeamRole
    fields = ["project", "kind"]


def _delete(request: HttpRequest, team: Team, reason: str) -> None:
    teams.delete(team, actor=actors.of_request(request), reason=reason)


def _make_owner(request: HttpRequest, member: TeamMember, reason: str) -> None:
    teams.change(member, "owner", actor=actors.of_request(request), reason=reason)


def _make_member(request: HttpRequest, member: TeamMember, reason: str) -> None:
    teams.change(member, "member", actor=actors.of_request(request), reason=reason)


def _remove(request: HttpRequest, member: TeamMember, reason: str) -> None:
    teams.remove(member, actor=actors.of_request(request), reason=reason)


def _revoke(request: HttpRequest, role: TeamRole, reason: str) -> None:
    team_roles.remove(role, actor=actors.of_request(request), reason=reason)


@admin.register(Team)
class TeamAdmin(ReadOnlyAdmin):
    """Teams, who belongs to them, and what they may do."""

    list_display = ["name", "description", "people", "projects", "created_at"]
    search_fields = ["name", "description", "members__user__username"]
    inlines = [MemberInline, RoleInline]
    actions = [
        with_reason(
            _delete,
            name="end",
            label="Delete: its members lose what they had by it",
            done="deleted",
            permission=CHANGE_TEAM,
            hint=TOLD,
        )
    ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Team]:
        found: QuerySet[Team] = super().get_queryset(request)
        return found.annotate(
            people=Count("members", distinct=True), projects=Count("roles", distinct=True)
        )

    @admin.display(ordering="people")
    def people(self, team: Any) -> int:
        return int(team.people)

    @admin.display(ordering="projects")
    def projects(self, team: Any) -> int:
        return int(team.projects)


@admin.register(TeamMember)
class TeamMemberAdmin(ReadOnlyAdmin):
    """Memberships, one by one, to be changed."""

    list_display = ["team", "user", "kind"]
    list_filter = ["kind"]
    list_select_related = ["team", "user"]
    search_fields = ["team__name", "user__username"]
    actions = [
        with_reason(
            _make_owner,
            name="make_owner",
            label="Make owner: says who belongs to the team",
            done="owner now",
            permission=CHANGE_TEAM,
            hint=TOLD,
        ),
        with_reason(
            _make_member,
            name="make_member",
            label="Make member",
            done="member now",
            permission=CHANGE_TEAM,
            hint=TOLD,
        ),
        with_reason(
            _remove,
            name="remove",
            label="Remove from the team",
            done="removed",
            permission=CHANGE_TEAM,
            hint=TOLD,
        ),
    ]


@admin.register(TeamRole)
class TeamRoleAdmin(ReadOnlyAdmin):
    """What teams may do to projects."""

    list_display = ["team", "project", "kind"]
    list_filter = ["kind"]
    list_select_related = ["team", "project"]
    search_fields = ["team__name", "project__normalized_name"]
    actions = [
        with_reason(
            _revoke,
            name="revoke",
            label="Take the role away",
            done="gone",
            permission=CHANGE_TEAM,
            hint=TOLD,
        )
    ]
