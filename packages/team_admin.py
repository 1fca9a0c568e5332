"""Teams in the Django admin: to look at, and to change through the verbs, with a reason."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest

from accounts import actors
from packages import team_roles, teams
from packages.models import Team, TeamMember, TeamRole
from packages.team_access import CHANGE_TEAM
from pypi_site.lib.admin_actions import ReadOnlyAdmin, ReadOnlyInline, with_reason

Kind = TeamMember.Kind
TOLD = "Members of the team, and owners of its projects, get it by e-mail."


class MemberInline(ReadOnlyInline):
    model = TeamMember
    fields = ["user", "kind"]


class RoleInline(ReadOnlyInline):
    model = TeamRole
    fields = ["project", "kind"]


_action = partial(with_reason, permission=CHANGE_TEAM, hint=TOLD)


@admin.register(Team)
class TeamAdmin(ReadOnlyAdmin):
    """Teams, who belongs to them, and what they may do."""

    list_display = ["name", "description", "people", "projects", "created_at"]
    search_fields = ["name", "description", "members__user__username"]
    inlines = [MemberInline, RoleInline]
    actions = [
        _action(
            actors.acting(teams.delete),
            name="end",
            label="Delete: its members lose what they had by it",
            done="deleted",
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
        _action(
            actors.acting(teams.change, kind=Kind.OWNER),
            name="make_owner",
            label="Make owner: says who belongs to the team",
            done="owner now",
        ),
        _action(
            actors.acting(teams.change, kind=Kind.MEMBER),
            name="make_member",
            label="Make member",
            done="member now",
        ),
        _action(
            actors.acting(teams.remove),
            name="remove",
            label="Remove from the team",
            done="removed",
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
        _action(
            actors.acting(team_roles.remove),
            name="revoke",
            label="Take the role away",
            done="gone",
        )
    ]
