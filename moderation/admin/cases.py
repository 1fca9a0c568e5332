"""Cases: the desk itself."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from moderation.models import Case
from moderation.policies import DECIDE
from pypi_site.lib.admin_actions import ReadOnlyAdmin


@admin.register(Case)
class CaseAdmin(ReadOnlyAdmin):
    """What waits, the oldest first."""

    list_display = ["title", "kind", "severity", "state", "claimed_by", "opened_at"]
    list_filter = ["state", "kind", "severity"]
    list_select_related = ["claimed_by"]
    search_fields = ["title"]
    ordering = ["opened_at"]

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm(DECIDE)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(DECIDE)
