"""``/accounts/teams/``: the teams that somebody belongs to; what their owners do with them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import Count
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts import actors, sensitive
from packages import invitation_views, team_access, teams
from packages.choices import Ask, Choice
from packages.models import Team, TeamMember
from pypi_site.lib.http import written
from pypi_site.lib.problems import NotFound, Problem
from pypi_site.lib.ratelimit import TooManyRequests

PAGE = "team"
Kind = TeamMember.Kind


@dataclass(frozen=True)
class Member:
    """Somebody in the team, and what can be done about it."""

    membership: TeamMember
    choices: list[Choice]


@never_cache
@login_required
@require_safe
def own(request: HttpRequest) -> HttpResponse:
    """The teams of whoever is signed in."""
    return _own(request)


def _own(request: HttpRequest) -> HttpResponse:
    mine = TeamMember.objects.filter(user=request.user.pk).select_related("team")
    counted = mine.annotate(
        people=Count("team__members", distinct=True), projects=Count("team__roles", distinct=True)
    )
    return render(request, "packages/teams.html", {"memberships": counted.order_by("team__name")})


@never_cache
@login_required
@require_POST
def create(request: HttpRequest) -> HttpResponse:
    """Found a team."""
    try:
        team = teams.create(
            written(request, "name"),
            description=written(request, "description"),
            actor=actors.of_request(request),
        )
    except TooManyRequests as problem:
        messages.error(request, problem.detail)
        return _too_often(request, problem)
    except Problem as problem:
        messages.error(request, problem.detail)
        return redirect("teams")
    messages.success(request, f"The team {team} is founded; invite its members.")
    return redirect(PAGE, team.name)


def _too_often(request: HttpRequest, problem: TooManyRequests) -> HttpResponse:
    """The same page, but programs see when to come again."""
    answer = _own(request)
    answer.status_code = problem.status
    for name, value in problem.headers.items():
        answer[name] = value
    return answer


@never_cache
@login_required
@require_safe
def page(request: HttpRequest, name: str) -> HttpResponse:
    """A team: its members, its projects, whom it has invited."""
    team = _team(request, name)
    is_owner = team_access.is_owner(actors.of_request(request), team)
    waiting = team.invitations.open().select_related("invited_by").order_by("-created_at")
    context = {
        "team": team,
        "is_owner": is_owner,
        "members": _members(request, team, is_owner=is_owner),
        "roles": team.roles.select_related("project").order_by("project__normalized_name"),
        "invitations": [
            (each, _withdrawal(team, each.identifier, each.recipient)) for each in waiting
        ]
        if is_owner
        else [],
        "describing": _describing(team),
        "deletion": _deletion(team),
        "kinds": Kind.choices,
        "invitation_days": settings.INVITATION_DAYS,
    }
    return render(request, "packages/team.html", context)


def _team(request: HttpRequest, name: str) -> Team:
    try:
        return team_access.team_of(actors.of_request(request), name)
    except NotFound as problem:
        raise Http404(problem.detail) from None


def _members(request: HttpRequest, team: Team, *, is_owner: bool) -> list[Member]:
    found = team.members.select_related("user").order_by("-kind", "user__username")
    return [
        Member(each, _choices(team, each, is_owner=is_owner, mine=each.user_id == request.user.pk))
        for each in found
    ]


def _choices(team: Team, member: TeamMember, *, is_owner: bool, mine: bool) -> list[Choice]:
    offers, who = [], member.user.username
    if is_owner:
        other = Kind.MEMBER if member.kind == Kind.OWNER else Kind.OWNER
        address = reverse("team-member-role", args=[team.name, member.pk])
        offers.append(Choice(f"change-{member.pk}", address, f"Make {other}", value=other))
    if is_owner or mine:
        address = reverse("team-member-remove", args=[team.name, member.pk])
        label = f"Leave {team}" if mine else f"Remove {who}"
        text = f"{'You lose' if mine else f'{who} loses'} what only the team has a role on."
        offers.append(Choice(f"remove-{member.pk}", address, label, text, danger=True))
    return offers


def _withdrawal(team: Team, identifier: UUID, recipient: str) -> Choice:
    address = reverse("team-invitation-withdraw", args=[team.name, identifier])
    return Choice(f"withdraw-{identifier}", address, f"Withdraw the invitation of {recipient}")


def _describing(team: Team) -> Choice:
    asks = (
        Ask("description", "What it is for", required=False, length=300, value=team.description),
    )
    return Choice("describe", reverse("team-describe", args=[team.name]), "Describe", asks=asks)


def _deletion(team: Team) -> Choice:
    asks = (Ask("confirm", f"Write {team.name} to confirm", length=50),)
    text = "Its members lose what only the team has a role on. The projects stay."
    address = reverse("team-delete", args=[team.name])
    return Choice("delete", address, "Delete the team", text, asks, danger=True)


def _answer(request: HttpRequest, act: Callable[[], str], team: Team) -> HttpResponse:
    """Do it, say in a sentence how it went, and lead back to wherever he may still be."""
    try:
        messages.success(request, act())
    except Problem as problem:
        messages.error(request, problem.detail)
    try:
        team_access.team_of(actors.of_request(request), team.name)
    except NotFound:
        return redirect("teams")
    return redirect(PAGE, team.name)


@login_required
@require_POST
def describe(request: HttpRequest, name: str) -> HttpResponse:
    """Say what the team is for."""
    team = _team(request, name)

    def act() -> str:
        text = written(request, "description")
        teams.describe(team, text, actor=actors.of_request(request))
        return "The team is described anew."

    return _answer(request, act, team)


@login_required
@require_POST
@sensitive.confirmed
def delete(request: HttpRequest, name: str) -> HttpResponse:
    """End the team, whose name was written to confirm it."""
    team = _team(request, name)

    def act() -> str:
        teams.require_confirmed(team, written(request, "confirm"))
        teams.delete(team, actor=actors.of_request(request))
        return f"The team {team} is deleted."

    return _answer(request, act, team)


@login_required
@require_POST
@sensitive.confirmed
def invite(request: HttpRequest, name: str) -> HttpResponse:
    """Invite somebody to the team."""
    team = _team(request, name)
    return _answer(request, invitation_views.inviting(request, teams.invite, team), team)


@login_required
@require_POST
def withdraw(request: HttpRequest, name: str, identifier: UUID) -> HttpResponse:
    """Take an invitation to the team back."""
    team = _team(request, name)
    return _answer(request, invitation_views.withdrawing(request, team, identifier), team)


@login_required
@require_POST
@sensitive.confirmed
def change(request: HttpRequest, name: str, pk: int) -> HttpResponse:
    """Make a member an owner, or an owner a member."""
    team, member = _member(request, name, pk)

    def act() -> str:
        kind = written(request, "on")
        changed = teams.change(member, kind, actor=actors.of_request(request))
        return f"{changed.user.username} is {changed.kind} of the team {team} now."

    return _answer(request, act, team)


@login_required
@require_POST
@sensitive.confirmed
def remove(request: HttpRequest, name: str, pk: int) -> HttpResponse:
    """Take somebody out of the team, or leave it."""
    team, member = _member(request, name, pk)

    def act() -> str:
        teams.remove(member, actor=actors.of_request(request))
        return f"{member.user.username} does not belong to the team {team} any more."

    return _answer(request, act, team)


def _member(request: HttpRequest, name: str, pk: int) -> tuple[Team, TeamMember]:
    team = _team(request, name)
    member = team.members.select_related("user").filter(pk=pk).first()
    if member is None:
        raise Http404
    return team, member
