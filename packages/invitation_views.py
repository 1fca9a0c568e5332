"""``/accounts/invitations/``: what somebody is invited to; and how pages invite and take back."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts import actors
from accounts.models import User
from packages import answering, invitations
from packages.models import Invitation, Project, Team, TeamMember, TeamRole
from pypi_site.lib.http import written
from pypi_site.lib.problems import NotFound, Problem


def inviting(
    request: HttpRequest, invite: Callable[..., Invitation], to: Project | Team
) -> Callable[[], str]:
    """To invite whoever is named in the form; whether there is anybody of that name is not told."""

    def act() -> str:
        recipient = written(request, "recipient")
        kind = written(request, "kind")
        invitation = invite(to, recipient, kind, actor=actors.of_request(request))
        return f"{invitation.recipient} is invited, and told by e-mail if that is somebody here."

    return act


def withdrawing(request: HttpRequest, to: Project | Team, identifier: UUID) -> Callable[[], str]:
    """To take an invitation back; 404 if it is to something else."""
    invitation = to.invitations.filter(identifier=identifier).first()
    if invitation is None:
        raise Http404

    def act() -> str:
        invitations.withdraw(invitation, actor=actors.of_request(request))
        return f"The invitation of {invitation.recipient} is withdrawn."

    return act


# -- one's own ------------------------------------------------------------------------------------


@never_cache
@login_required
@require_safe
def own(request: HttpRequest) -> HttpResponse:
    """What whoever is signed in is invited to."""
    assert isinstance(request.user, User)
    mine = Invitation.objects.open().for_user(request.user)
    found = mine.select_related("project", "team", "invited_by").order_by("-created_at")
    return render(request, "accounts/invitations.html", {"invitations": found})


@login_required
@require_POST
def accept(request: HttpRequest, identifier: UUID) -> HttpResponse:
    """Take what is offered: a role, a membership, a project; for oneself or for one's team."""

    def act(invitation: Invitation) -> str:
        taken = answering.accept(invitation, actor=actors.of_request(request))
        if isinstance(taken, TeamMember):
            return f"You are {taken.kind} of the team {taken.team} now."
        who = f"The team {taken.team} is" if isinstance(taken, TeamRole) else "You are"
        return f"{who} {taken.kind} of {taken.project} now."

    return _answered(request, identifier, act)


@login_required
@require_POST
def decline(request: HttpRequest, identifier: UUID) -> HttpResponse:
    """Do not take it."""

    def act(invitation: Invitation) -> str:
        invitations.decline(invitation, actor=actors.of_request(request))
        return f"You declined the invitation to {invitation.to}."

    return _answered(request, identifier, act)


def _answered(
    request: HttpRequest, identifier: UUID, act: Callable[[Invitation], str]
) -> HttpResponse:
    assert isinstance(request.user, User)
    try:
        messages.success(request, act(invitations.invitation_for(request.user, str(identifier))))
    except NotFound as problem:
        raise Http404(problem.detail) from None
    except Problem as problem:
        messages.error(request, problem.detail)
    return redirect("invitations")
