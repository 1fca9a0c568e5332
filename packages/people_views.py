"""``/project/<name>/people/``: who has which role on a project, and who may."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts import actors, sensitive
from accounts.models import ApiToken
from packages import (
    access,
    insiders,
    invitation_views,
    manage_views,
    project_team_views,
    roles,
)
from packages.choices import Choice
from packages.models import Invitation, Project, Role
from pypi_site.lib.http import written

PAGE = "project-people"


@dataclass(frozen=True)
class Person:
    """Somebody with a role, what can be done about it, and his tokens that open the project."""

    role: Role
    choices: list[Choice]
    tokens: list[ApiToken]


@never_cache
@login_required
@require_safe
def people(request: HttpRequest, name: str) -> HttpResponse:
    """The people of a project; owners invite others and change what they may."""
    project = manage_views.own_project(request, name)
    is_owner = manage_views.may_manage(request, project)
    waiting = project.invitations.open().select_related("invited_by").order_by("-created_at")
    tokens = insiders.tokens_that_reach(project) if is_owner else []
    context = {
        "project": project,
        "is_owner": is_owner,
        "people": _people(request, project, tokens, is_owner=is_owner),
        "minted": insiders.minted_tokens_that_reach(project) if is_owner else [],
        "invitations": [(item, _withdrawal(project, item)) for item in waiting] if is_owner else [],
        "teams": project_team_views.teams_of(request, project, tokens, is_owner=is_owner),
        "may_transfer": _owns_himself(request, project),
        "handovers": project_team_views.HANDOVERS,
        "kinds": Role.Kind.choices,
        "invitation_days": settings.INVITATION_DAYS,
    }
    return render(request, "packages/people.html", context)


def _owns_himself(request: HttpRequest, project: Project) -> bool:
    """Only what is one's own can be handed over."""
    return project.roles.filter(user=request.user.pk, kind=Role.Kind.OWNER).exists()


def _people(
    request: HttpRequest, project: Project, tokens: list[ApiToken], *, is_owner: bool
) -> list[Person]:
    found = project.roles.select_related("user").order_by("-kind", "user__username")
    return [
        Person(
            role,
            _choices(project, role, is_owner=is_owner, mine=role.user_id == request.user.pk),
            [token for token in tokens if token.user_id == role.user_id],
        )
        for role in found
    ]


def _choices(project: Project, role: Role, *, is_owner: bool, mine: bool) -> list[Choice]:
    offers = []
    if is_owner:
        address = _address("project-person-role", project, role.pk)
        offers += [
            Choice(f"change-{role.pk}-{kind}", address, f"Make {kind}", value=kind)
            for kind in Role.Kind
            if kind != role.kind
        ]
    if is_owner or mine:
        offers.append(_removal(project, role, mine=mine))
    return offers


def _removal(project: Project, role: Role, *, mine: bool) -> Choice:
    address = _address("project-person-remove", project, role.pk)
    if mine:
        text = f"You cannot upload to {project} any more, nor can your tokens."
        return Choice(f"remove-{role.pk}", address, f"Leave {project}", text, danger=True)
    text = f"{role.user.username} cannot upload to {project} any more, nor can any of his tokens."
    label = f"Remove {role.user.username}"
    return Choice(f"remove-{role.pk}", address, label, text, danger=True)


def _withdrawal(project: Project, invitation: Invitation) -> Choice:
    address = _address("project-invitation-withdraw", project, invitation.identifier)
    label = f"Withdraw the invitation of {invitation.recipient}"
    return Choice(f"withdraw-{invitation.pk}", address, label)


def _address(view: str, project: Project, key: object) -> str:
    return reverse(view, args=[project.normalized_name, key])


@login_required
@require_POST
@sensitive.confirmed
def invite(request: HttpRequest, name: str) -> HttpResponse:
    """Offer a role."""
    project = manage_views.own_project(request, name, access.OWNERS)
    act = invitation_views.inviting(request, roles.invite, project)
    return manage_views.answer(request, act, PAGE, project)


@login_required
@require_POST
def withdraw(request: HttpRequest, name: str, identifier: UUID) -> HttpResponse:
    """Take an invitation back."""
    project = manage_views.own_project(request, name, access.OWNERS)
    act = invitation_views.withdrawing(request, project, identifier)
    return manage_views.answer(request, act, PAGE, project)


@login_required
@require_POST
@sensitive.confirmed
def change(request: HttpRequest, name: str, pk: int) -> HttpResponse:
    """Give somebody another role."""
    project, role = _role(request, name, pk)

    def act() -> str:
        kind = written(request, "on")
        changed = roles.change(role, kind, actor=actors.of_request(request))
        return f"{changed.user.username} is {changed.kind} of {project} now."

    return manage_views.answer(request, act, PAGE, project)


@login_required
@require_POST
@sensitive.confirmed
def remove(request: HttpRequest, name: str, pk: int) -> HttpResponse:
    """Take a role away, or give up one's own."""
    project, role = _role(request, name, pk)

    def act() -> str:
        roles.remove(role, actor=actors.of_request(request))
        return f"{role.user.username} has no role on {project} any more."

    return manage_views.answer_leaving(request, act, PAGE, project, otherwise="home")


def _role(request: HttpRequest, name: str, pk: int) -> tuple[Project, Role]:
    project = manage_views.own_project(request, name)
    role = project.roles.select_related("user").filter(pk=pk).first()
    if role is None:
        raise Http404
    return project, role
