"""``/accounts/notices/``, ``/accounts/notifications/``: what people were told, and want to be."""

from __future__ import annotations

from itertools import groupby
from typing import NamedTuple

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import notices
from accounts.letter_blocks import blocks
from accounts.models import Notice, User
from accounts.notice_kinds import KINDS, Kind
from accounts.notices import Channels

PER_PAGE = 25


class Row(NamedTuple):
    """One line of the page of choices."""

    kind: Kind
    channels: Channels


@never_cache
@login_required
@require_safe
def listing(request: HttpRequest) -> HttpResponse:
    """What somebody was told, the newest first."""
    assert isinstance(request.user, User)
    page = Paginator(Notice.objects.of(request.user), PER_PAGE).get_page(request.GET.get("page"))
    found = [(notice, blocks(notice.text, settings.SITE_URL)) for notice in page]
    return render(request, "accounts/notices.html", {"notices": found, "page_obj": page})


@login_required
@require_POST
def read(request: HttpRequest, pk: int | None = None) -> HttpResponse:
    """Note that one message, or every one, was read."""
    assert isinstance(request.user, User)
    notices.read(request.user, pk)
    return redirect("notices")


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def choices(request: HttpRequest) -> HttpResponse:
    """What somebody wants to be told, and where."""
    assert isinstance(request.user, User)
    if request.method == "POST":
        notices.choose(request.user, _wanted(request, request.user))
        messages.success(request, "Saved: this is how you are told from now on.")
        return redirect("notifications")
    return render(request, "accounts/notifications.html", {"groups": _groups(request.user)})


def _wanted(request: HttpRequest, user: User) -> dict[str, Channels]:
    by_email, on_site = (set(request.POST.getlist(name)) for name in ("email", "site"))
    return {name: Channels(name in by_email, name in on_site) for name in _offered(user)}


def _groups(user: User) -> list[tuple[str, list[Row]]]:
    channels = notices.channels_by_kind(user)
    rows = [Row(KINDS[name], channels[name]) for name in _offered(user)]
    return [(group, list(of)) for group, of in groupby(rows, key=lambda row: row.kind.group)]


def _offered(user: User) -> list[str]:
    """Kinds that can reach him: the desk's are for staff."""
    return [name for name, kind in KINDS.items() if user.is_staff or not kind.staff]
