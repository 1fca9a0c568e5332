"""The Django admin as moderators meet it: what waits stands first."""

from __future__ import annotations

from typing import Any

from allauth.account.decorators import secure_admin_login
from django.conf import settings
from django.contrib import admin
from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.views.decorators.cache import never_cache

from moderation.policies import DECIDE
from packages.models import Stage

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
        """The front page, with the number of uploads that wait for whoever may decide."""
        context = dict(extra_context or {})
        if request.user.has_perm(DECIDE):
            context["held_count"] = Stage.objects.held().count()
        return super().index(request, context)

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[Any]:
        """The desk first, then the index, then the people, then what django brings along."""
        apps = super().get_app_list(request, app_label)
        return sorted(apps, key=lambda app: _ORDER.get(app["app_label"], len(_ORDER)))

    @property
    def login(self) -> Any:  # type: ignore[override]
        return secure_admin_login(never_cache(super().login))
