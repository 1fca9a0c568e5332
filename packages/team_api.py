"""The JSON API of teams: ``/api/v1/teams/`` for their members, ``/api/v1/projects/<name>/teams/``
for the people of a project.  What binds a person (joining, handing over) is done signed in."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rest_framework import serializers, viewsets
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.actors import Actor
from accounts.models import TokenAction
from packages import access, reach, team_access, team_roles, teams
from packages.choices import REASON_LENGTH
from packages.models import Invitation, Project, Team, TeamMember, TeamRole
from packages.models.invitation import RECIPIENT_LENGTH
from packages.models.team import TEAM_NAME_LENGTH
from packages.verb_api import PRIVATE, actor_of
from pypi_site.lib.problems import NotFound


class BodySerializer(serializers.Serializer):
    """What the verbs ask for, each some of it."""

    name = serializers.CharField(max_length=TEAM_NAME_LENGTH + 1, default="")
    description = serializers.CharField(max_length=300, allow_blank=True, default="")
    recipient = serializers.CharField(max_length=RECIPIENT_LENGTH, default="")
    kind = serializers.CharField(max_length=12, default="")
    confirm = serializers.CharField(max_length=TEAM_NAME_LENGTH, default="")
    reason = serializers.CharField(max_length=REASON_LENGTH, allow_blank=True, default="")


class TeamViewSet(viewsets.ViewSet):
    """Teams that whoever asks belongs to; any other is not found."""

    permission_classes = [IsAuthenticated]

    def list(self, request: Request) -> Response:
        actor = actor_of(request)
        team_access.require_token(actor)
        mine = Team.objects.of(actor.user.pk if actor.user else None).order_by("name")
        return _answer({"teams": [_brief(team) for team in mine]})

    def create(self, request: Request) -> Response:
        """``{"name": "...", "description": "..."}``: 201."""
        body, actor = _body(request), actor_of(request)
        team = teams.create(body["name"], description=body["description"], actor=actor)
        return _answer(_whole(team), 201)

    def retrieve(self, request: Request, team: str) -> Response:
        """With its members and its projects."""
        return _answer(_whole(_team(request, team)))

    def partial_update(self, request: Request, team: str) -> Response:
        """``{"description": "..."}``."""
        found, text = _team(request, team), _body(request)["description"]
        return _answer(_whole(teams.describe(found, text, actor=actor_of(request))))

    def destroy(self, request: Request, team: str) -> Response:
        """``{"confirm": "<name>", "reason": "..."}``: 204."""
        found, body = _team(request, team), _body(request)
        teams.require_confirmed(found, body["confirm"])
        teams.delete(found, actor=actor_of(request), reason=body["reason"])
        return _gone()


class MemberViewSet(viewsets.ViewSet):
    """Who belongs to a team."""

    permission_classes = [IsAuthenticated]

    def create(self, request: Request, team: str) -> Response:
        """``{"recipient": "...", "kind": "member"}``: 202, whoever that is must accept it."""
        found, body = _team(request, team), _body(request)
        made = teams.invite(found, body["recipient"], body["kind"], actor=actor_of(request))
        return _answer(_invited(made), 202)

    def partial_update(self, request: Request, team: str, username: str) -> Response:
        """``{"kind": "owner"}``."""
        member = _member(request, team, username)
        return _answer(_of(teams.change(member, _body(request)["kind"], actor=actor_of(request))))

    def destroy(self, request: Request, team: str, username: str) -> Response:
        """204."""
        body = _body(request)
        member = _member(request, team, username)
        teams.remove(member, actor=actor_of(request), reason=body["reason"])
        return _gone()


class ProjectTeamViewSet(viewsets.ViewSet):
    """Which teams have a role on a project.  Whoever has none on it finds nothing."""

    permission_classes = [IsAuthenticated]

    def list(self, request: Request, name: str) -> Response:
        project = _project(request, name)
        roles = project.team_roles.select_related("team").order_by("team__name")
        return _answer({"teams": [_standing(role) for role in roles]})

    def create(self, request: Request, name: str) -> Response:
        """``{"name": "...", "kind": "maintainer"}``: 201; 202 if the team's owners are asked."""
        project, body = _project(request, name), _body(request)
        done = team_roles.grant(project, body["name"], body["kind"], actor=actor_of(request))
        if isinstance(done, Invitation):
            return _answer(_invited(done), 202)
        return _answer(_standing(done), 201)

    def partial_update(self, request: Request, name: str, team: str) -> Response:
        """``{"kind": "owner"}``."""
        role, body = _role(request, name, team), _body(request)
        changed = team_roles.change(
            role, body["kind"], actor=actor_of(request), reason=body["reason"]
        )
        return _answer(_standing(changed))

    def destroy(self, request: Request, name: str, team: str) -> Response:
        """204.  Owners of the team give it up as well: signed in, for a token gives up nothing."""
        role, body = _role(request, name, team), _body(request)
        team_roles.remove(role, actor=actor_of(request), reason=body["reason"])
        return _gone()


# -- what is asked for ----------------------------------------------------------------------------


def _team(request: Request, name: str) -> Team:
    return team_access.team_of(actor_of(request), name)


def _member(request: Request, team: str, username: str) -> TeamMember:
    found = _team(request, team)
    member = found.members.select_related("user").filter(user__username=username).first()
    if member is None:
        raise NotFound(f"{username} does not belong to the team {found}.")
    return member


def _project(request: Request, name: str, kinds: Iterable[str] = access.UPLOADERS) -> Project:
    actor = actor_of(request)
    reach.require_allowed(actor, TokenAction.MANAGE)
    return access.project_of(actor, name, kinds)


def _role(request: Request, name: str, team: str) -> TeamRole:
    """Who only reads finds no role but that of a team that he owns, to give it up."""
    kinds = access.EVERY_KIND if _leads(actor_of(request), team) else access.UPLOADERS
    project = _project(request, name, kinds)
    role = project.team_roles.select_related("team").filter(team__name=team).first()
    if role is None:
        raise NotFound(f"No team {team} has a role on {project}.")
    role.project = project
    return role


def _leads(actor: Actor, name: str) -> bool:
    team = Team.objects.filter(name=name).first()
    return team is not None and team_access.is_owner(actor, team)


def _body(request: Request) -> dict[str, Any]:
    data = request.data if isinstance(request.data, dict) else {}
    serializer = BodySerializer(data=data)
    serializer.is_valid(raise_exception=True)
    body: dict[str, Any] = serializer.validated_data
    return body


# -- what is answered -----------------------------------------------------------------------------


def _brief(team: Team) -> dict[str, Any]:
    return {"name": team.name, "description": team.description, "created_at": team.created_at}


def _whole(team: Team) -> dict[str, Any]:
    members = team.members.select_related("user").order_by("user__username")
    roles = team.roles.select_related("project").order_by("project__normalized_name")
    return {
        **_brief(team),
        "members": [_of(member) for member in members],
        "projects": [{"project": role.project.name, "kind": role.kind} for role in roles],
    }


def _of(member: TeamMember) -> dict[str, str]:
    return {"username": member.user.username, "kind": member.kind}


def _standing(role: TeamRole) -> dict[str, str]:
    return {"team": role.team.name, "kind": role.kind}


def _invited(invitation: Invitation) -> dict[str, Any]:
    return {
        "recipient": invitation.recipient,
        "kind": invitation.kind,
        "expires_at": invitation.expires_at,
    }


def _answer(body: Any, status: int = 200) -> Response:
    return Response(body, status, headers=PRIVATE)


def _gone() -> Response:
    return Response(status=204, headers=PRIVATE)
