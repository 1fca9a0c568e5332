"""The teams of a project, and its transfer: what stands below its people on the same page."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_POST

from accounts import actors, sensitive
from accounts.models import ApiToken
from packages import access, manage_views, team_access, team_roles, transfers
from packages.choices import Choice
from packages.models import Invitation, Project, Role, TeamRole
from pypi_site.lib.http import written

PAGE = "project-people"
HANDOVERS = [
    (Invitation.Handover.MAINTAINER, "I stay as a maintainer"),
    (Invitation.Handover.LEAVE, "I leave the project"),
]


@dataclass(frozen=True)
class TeamOnProject:
    """A team with a role, who has it by that, and what can be done about it."""

    role: TeamRole
    members: list[str]
    tokens: list[ApiToken]
    choices: list[Choice]
    mine: bool


def teams_of(
    request: HttpRequest, project: Project, tokens: list[ApiToken], *, is_owner: bool
) -> list[TeamOnProject]:
    """Every team with a role, by name; of `tokens` those of people who have no role themselves."""
    found = project.team_roles.select_related("team", "project")
    found = found.prefetch_related("team__members__user").order_by("team__name")
    own = set(project.roles.values_list("user", flat=True)) if tokens else set()
    theirs = [token for token in tokens if token.user_id not in own]
    return [_described(request, role, theirs, is_owner=is_owner) for role in found]


def _described(
    request: HttpRequest, role: TeamRole, tokens: list[ApiToken], *, is_owner: bool
) -> TeamOnProject:
    members = list(role.team.members.all())
    people = {member.user_id for member in members}
    reaching = [token for token in tokens if token.user_id in people]
    mine = [member for member in members if member.user_id == request.user.pk]
    leads = any(member.kind == member.Kind.OWNER for member in mine)
    names = sorted(member.user.username for member in members)
    choices = _choices(role, is_owner=is_owner, leads=leads)
    return TeamOnProject(role, names, reaching, choices, bool(mine))


def _choices(role: TeamRole, *, is_owner: bool, leads: bool) -> list[Choice]:
    project, team = role.project, role.team
    place = [project.normalized_name, team.name]
    offers = []
    if is_owner:
        address = reverse("project-team-role", args=place)
        offers += [
            Choice(f"team-{role.pk}-{kind}", address, f"Make {kind}", value=kind, what=team.name)
            for kind in Role.Kind
            if kind != role.kind
        ]
    if is_owner or leads:
        text = f"Members of {team} without a role of their own cannot upload to {project} any more."
        address = reverse("project-team-remove", args=place)
        label = f"Remove the team {team.name}"
        offers.append(Choice(f"team-remove-{role.pk}", address, label, text, danger=True))
    return offers


@login_required
@require_POST
@sensitive.confirmed
def grant(request: HttpRequest, name: str) -> HttpResponse:
    """Give a team a role, or offer it one."""
    project = manage_views.own_project(request, name, access.OWNERS)

    def act() -> str:
        team, kind = written(request, "team"), written(request, "kind")
        done = team_roles.grant(project, team, kind, actor=actors.of_request(request))
        if isinstance(done, TeamRole):
            return f"The team {done.team} is {done.kind} of {project} now."
        return f"The owners of the team {done.invited_team} are asked, if there is such a team."

    return manage_views.answer(request, act, PAGE, project)


@login_required
@require_POST
@sensitive.confirmed
def change(request: HttpRequest, name: str, team: str) -> HttpResponse:
    """Give a team another role."""
    project, role = _role(request, name, team)

    def act() -> str:
        kind = written(request, "on")
        changed = team_roles.change(role, kind, actor=actors.of_request(request))
        return f"The team {changed.team} is {changed.kind} of {project} now."

    return manage_views.answer(request, act, PAGE, project)


@login_required
@require_POST
@sensitive.confirmed
def remove(request: HttpRequest, name: str, team: str) -> HttpResponse:
    """Take a team's role away, or give it up for one's team."""
    project, role = _role(request, name, team)

    def act() -> str:
        team_roles.remove(role, actor=actors.of_request(request))
        return f"The team {team} has no role on {project} any more."

    return manage_views.answer_leaving(request, act, PAGE, project, otherwise="teams")


def _role(request: HttpRequest, name: str, team: str) -> tuple[Project, TeamRole]:
    project = manage_views.own_project(request, name, access.EVERY_KIND)
    role = project.team_roles.select_related("team").filter(team__name=team).first()
    if role is None:
        raise Http404
    actor = actors.of_request(request)
    if not (manage_views.may_manage(request, project) or team_access.is_owner(actor, role.team)):
        raise Http404
    role.project = project
    return project, role


@login_required
@require_POST
@sensitive.confirmed
def transfer(request: HttpRequest, name: str) -> HttpResponse:
    """Offer the project to somebody else."""
    project = manage_views.own_project(request, name, access.OWNERS)

    def act() -> str:
        recipient = written(request, "recipient")
        then = written(request, "then")
        actor = actors.of_request(request)
        invitation = transfers.offer(project, recipient, then, actor=actor)
        return f"{project} is offered to {invitation.recipient}; it stays yours until that accepts."

    return manage_views.answer(request, act, PAGE, project)
