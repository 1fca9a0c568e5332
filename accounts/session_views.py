"""``/accounts/sessions/``: where one is signed in, and signing out elsewhere."""

from __future__ import annotations

from allauth.usersessions.models import UserSession
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts import actors, sessions
from accounts.models import User


@never_cache
@login_required
@require_safe
def listing(request: HttpRequest) -> HttpResponse:
    """Every place where whoever asks is signed in."""
    assert isinstance(request.user, User)
    found = [
        (session, sessions.device(session.user_agent)) for session in sessions.of_user(request.user)
    ]
    others = sum(not session.is_current() for session, _ in found)
    return render(request, "accounts/sessions.html", {"sessions": found, "others": others})


@login_required
@require_POST
def end_one(request: HttpRequest, pk: int) -> HttpResponse:
    """Sign out in one place."""
    session = UserSession.objects.filter(user=request.user, pk=pk).first()
    if session is None:
        raise Http404
    if session.is_current():
        return redirect("account_logout")
    sessions.end(session, actor=actors.of_request(request))
    messages.success(request, "That browser is signed out.")
    return redirect("usersessions_list")


@login_required
@require_POST
def end_others(request: HttpRequest) -> HttpResponse:
    """Sign out everywhere but here."""
    assert isinstance(request.user, User)
    here = request.session.session_key
    sessions.end_all(request.user, actor=actors.of_request(request), but=here)
    messages.success(request, "You are signed out everywhere else.")
    return redirect("usersessions_list")
