"""The Django admin as moderators meet it: what waits stands first."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeGuard

from allauth.account.decorators import secure_admin_login
from django.conf import settings
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.views.decorators.cache import never_cache

from accounts import refusals, second_factors
from accounts.models import User
from moderation.policies import DECIDE


def _needs_a_factor(user: object) -> TypeGuard[User]:
    return isinstance(user, User) and user.is_staff and not second_factors.suffice_for_staff(user)


_ORDER = {label: place for place, label in enumerate(["moderation", "packages", "accounts"])}


class GatehouseAdminSite(admin.AdminSite):
    """The admin under this site's name; people sign in as everywhere else (with rate limits)."""

    index_template = "admin/desk.html"

    @property
    def site_header(self) -> str:  # type: ignore[override]
        return f"{settings.SITE_NAME} administration"

    @property
    def site_title(self) -> str:  # type: ignore[override]
        return str(settings.SITE_NAME)

    def index(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> TemplateResponse:
        """The front page: the queue, for whoever may decide."""
        context = dict(extra_context or {})
        if request.user.has_perm(DECIDE):
            from moderation.admin import queue  # admin modules need the site first

            context |= queue.context(request) | {"title": "The desk"}
        return super().index(request, context)

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[Any]:
        """The desk first, then the index, then the people, then what django brings along."""
        apps = super().get_app_list(request, app_label)
        return sorted(apps, key=lambda app: _ORDER.get(app["app_label"], len(_ORDER)))

    def admin_view(self, view: Any, cacheable: bool = False) -> Any:
        """Where staff needs a second factor, whoever has none is led to set one up."""
        inner: Callable[..., HttpResponseBase] = super().admin_view(view, cacheable)

        @wraps(inner)
        def guarded(request: HttpRequest, *args: Any, **arguments: Any) -> HttpResponseBase:
            if _needs_a_factor(request.user):
                refusals.note_missing_factor(request, request.user, "administration")
                messages.warning(request, "The administration wants a second factor: add one here.")
                return redirect("mfa_index")
            return inner(request, *args, **arguments)

        return guarded

    def password_change(  # type: ignore[override]
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponseBase:
        """Where everybody changes his: with limits, and a line in the trail."""
        return redirect("account_change_password")

    @property
    def login(self) -> Any:  # type: ignore[override]
        return secure_admin_login(never_cache(super().login))
