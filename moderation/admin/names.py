"""Prohibited names."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Model
from django.forms import ModelForm
from django.http import HttpRequest

from accounts import actors, audit
from moderation.models import ProhibitedName


@admin.register(ProhibitedName)
class ProhibitedNameAdmin(admin.ModelAdmin):
    """Add a name and nobody registers it; remove it and it is free again.  Both are audited."""

    list_display = ["name", "reason", "created_by", "created_at"]
    list_select_related = ["created_by"]
    search_fields = ["name", "reason"]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return ["name", "created_by", "created_at"] if obj else []

    def save_model(
        self, request: HttpRequest, obj: ProhibitedName, form: ModelForm, change: bool
    ) -> None:
        if not change and request.user.is_authenticated:
            obj.created_by = request.user
        super().save_model(request, obj, form, change)
        action = "name.change_prohibition" if change else "name.prohibit"
        audit.record(actors.of_request(request), action, obj, reason=obj.reason)

    def delete_model(self, request: HttpRequest, obj: Model) -> None:
        assert isinstance(obj, ProhibitedName)
        before = {"name": obj.name, "reason": obj.reason}
        audit.record(actors.of_request(request), "name.allow", obj, before=before)
        super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: Any) -> None:
        for item in queryset:
            self.delete_model(request, item)
