"""Pages of people about whom something was decided: the decisions, and an appeal against one."""

from __future__ import annotations

from dataclasses import replace

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache

from accounts import actors
from accounts.models import User
from moderation import appeals
from moderation.appeals import Appellant
from moderation.models import Appeal, Decision
from moderation.models.appeals import TEXT_LENGTH
from moderation.models.decisions import ANSWERS
from pypi_site.lib.problems import Problem

SHOWN = 50


@never_cache
@login_required
def decisions(request: HttpRequest) -> HttpResponse:
    """What was decided about somebody and what is his, with what he can do about it."""
    user = _user(request)
    rows = list(appeals.decisions_about(user)[:SHOWN])
    shown = [row.pk for row in rows]
    mine = {each.decision_id: each for each in Appeal.objects.filter(user=user, decision__in=shown)}
    open_ones = set(appeals.open_to(user).filter(pk__in=shown).values_list("pk", flat=True))
    listed = [(row, mine.get(row.pk), row.pk in open_ones) for row in rows]
    return render(request, "moderation/decisions.html", {"decisions": listed})


@never_cache
def appeal(request: HttpRequest, pk: int) -> HttpResponse:
    """Why one thinks that a decision is wrong; 404 for whom it does not concern.

    Whoever is frozen cannot sign in, a visitor has no account: they come by the key of a letter.
    """
    holder = appeals.holder_of(request.GET.get("key", ""), pk)
    by_key = holder is not None
    if holder is None and not request.user.is_authenticated:
        return redirect_to_login(request.get_full_path())
    who = holder or _user(request)
    decision = appeals.readable_by(who).filter(pk=pk).first()
    if decision is None:
        raise Http404("There is no decision about you here.")
    home = "reports" if decision.kind in ANSWERS else "decisions"
    if request.method == "POST" and _file(request, decision, who):
        return redirect(request.get_full_path() if by_key else home)
    mine = appeals.last_word(who, decision)
    context = {
        "decision": decision,
        "appeal": mine,
        "by_key": by_key,
        "home": home,
        "open": mine is None and appeals.open_to(who).filter(pk=pk).exists(),
        "text": _text(request),
        "length": TEXT_LENGTH,
    }
    return render(request, "moderation/appeal.html", context)


def _user(request: HttpRequest) -> User:
    assert isinstance(request.user, User)
    return request.user


def _file(request: HttpRequest, decision: Decision, who: Appellant) -> bool:
    user, report = (who, None) if isinstance(who, User) else (None, who)
    actor = replace(actors.of_request(request), user=user)
    try:
        appeals.file(decision, actor=actor, text=_text(request), report=report)
    except Problem as problem:
        messages.error(request, problem.detail)
        return False
    messages.success(request, "Another moderator looks at it again. You will be told.")
    return True


def _text(request: HttpRequest) -> str:
    return request.POST.get("text", "").replace("\0", "")
