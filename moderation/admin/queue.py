"""The front page of the desk: the queue, and what is done to several cases at once."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.admin import AdminSite
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse

from accounts import actors
from accounts.models import User
from moderation import cases, decisions, queues, summaries
from moderation.actions import ACTIONS
from moderation.admin import keys, wording
from moderation.models import Case, CaseKind, Severity
from moderation.policies import DECIDE
from pypi_site.lib.admin_actions import act

PAGE = 50
BULK = ("approve", "reject", "dismiss")  # what is decided of many at once
MOST_AT_ONCE = 200
CHOSEN = "chosen_cases"  # of the session


def context(request: HttpRequest) -> dict[str, Any]:
    """What the front page shows to whoever may decide."""
    user = moderator(request)
    wish = queues.Wish.of(request.GET)
    _remember(request)
    rows = queues.for_list(queues.chosen(wish, user))
    page = Paginator(rows, PAGE).get_page(request.GET.get("page"))
    counts = queues.counts(user)
    return {
        "queue": page,
        "wish": wish,
        "counts": counts,
        "ages": queues.AGE_LABELS,
        "views": [_view(request, view, label, wish, counts) for view, label in _views()],
        "kinds": CaseKind.choices,
        "severities": Severity.choices,
        "orders": [(order, label) for order, (label, _) in queues.ORDERS.items()],
        "parameters": _parameters(request),
        "keys_of_queue": keys.QUEUE,
    }


def _remember(request: HttpRequest) -> None:
    """Keep what was chosen, for the pages of the cases."""
    chosen = {name: request.GET[name] for name in queues.WISHES if request.GET.get(name)}
    if request.session.get(CHOSEN, {}) != chosen:
        request.session[CHOSEN] = chosen


def wish_of(request: HttpRequest) -> queues.Wish:
    """What the moderator chose when he last saw the queue."""
    return queues.Wish.of(request.session.get(CHOSEN, {}))


def address_of(request: HttpRequest) -> str:
    """The queue as the moderator last saw it."""
    chosen = urlencode(request.session.get(CHOSEN, {}))
    return f"{reverse('admin:index')}?{chosen}" if chosen else reverse("admin:index")


def _views() -> list[tuple[str, str]]:
    return list(queues.VIEWS.items())


def _view(
    request: HttpRequest, view: str, label: str, wish: queues.Wish, counts: queues.Counts
) -> dict[str, Any]:
    """A tab: what it is called, where it leads, how many there are."""
    return {
        "label": label,
        "address": f"?{_parameters(request, view=view)}",
        "count": counts.views.get(view),
        "current": view == wish.view,
    }


def _parameters(request: HttpRequest, **changes: str) -> str:
    """The query of this page without its number, for links."""
    query = request.GET.copy()
    query.pop("page", None)
    if "view" in changes:
        query.pop("order", None)  # each view has one of its own
    for name, value in changes.items():
        query[name] = value
    return query.urlencode()


def moderator(request: HttpRequest) -> User:
    """Who asks; refused unless he may decide."""
    user = request.user
    if not isinstance(user, User) or not user.has_perm(DECIDE):
        raise PermissionDenied
    return user


# -- several at once -------------------------------------------------------------------------------


def bulk(request: HttpRequest, site: AdminSite, verb: str) -> HttpResponse:
    """Ask for one reason for all of them, then decide each; or claim them, which needs none."""
    moderator(request)
    if verb not in (*BULK, "claim"):
        raise Http404
    picked = _picked(request)
    if not picked or request.method != "POST":
        messages.warning(request, "Select cases first.")
        return HttpResponseRedirect(address_of(request))
    reason = wording.given(request)
    if verb == "claim" or ("confirmed" in request.POST and reason):
        for case in picked:
            act(request, case, _claim if verb == "claim" else _decide(verb), reason, _done(verb))
        return HttpResponseRedirect(address_of(request))
    if "confirmed" in request.POST:
        messages.error(request, "Write the reason first; the people concerned will read it.")
    action = ACTIONS[verb]
    page = {
        **site.each_context(request),
        "title": f"{action.label} {len(picked)} case{'s' if len(picked) > 1 else ''}",
        "action": action,
        "consequences": summaries.of(picked, action),
        "desk": address_of(request),
        "preselect": not action.is_grave,
        "ready": wording.ready(action.kind),
        "keys_of_decision": keys.DECISION,
    }
    return TemplateResponse(request, "admin/moderation/bulk.html", page)


def _picked(request: HttpRequest) -> list[Case]:
    numbers = [
        int(each) for each in request.POST.getlist("case") if each.isascii() and each.isdecimal()
    ]
    sane = [number for number in numbers if number < 2**63][:MOST_AT_ONCE]
    return list(
        Case.objects.with_subjects()
        .select_related("stage__created_by")
        .filter(pk__in=sane)
        .oldest_first()
    )


def _claim(request: HttpRequest, case: Case, reason: str) -> None:
    cases.claim(case, actor=actors.of_request(request))


def _decide(verb: str) -> Any:
    """The verb as `act` calls it, for the thing that each case is about."""

    def decide(request: HttpRequest, case: Case, reason: str) -> None:
        subject = case.subject
        if subject is None:
            raise decisions.NotInForce("The account that this case is about is deleted.")
        decisions.decide(case, verb, subject, actor=actors.of_request(request), reason=reason)

    return decide


def _done(verb: str) -> str:
    return "claimed" if verb == "claim" else ACTIONS[verb].done
