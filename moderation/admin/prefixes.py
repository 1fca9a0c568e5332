"""Reserved prefixes: keep one for some people, change for whom, free it."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from accounts import actors
from moderation import tuning
from moderation.admin.usernames import PeopleField
from moderation.models import ReservedPrefix
from pypi_site.lib.admin_actions import ReadOnlyAdmin, with_reason


class PrefixForm(forms.ModelForm):
    """For whom, and why."""

    people = PeopleField(
        "People (usernames)",
        "Who may register such names, with blanks or commas between; nobody, if empty.",
    )

    class Meta:
        model = ReservedPrefix
        fields = ("prefix", "people", "reason")
        error_messages = {
            "prefix": {"unique": "It is kept already; open it in the list to change for whom."}
        }


class ChangedPrefixForm(PrefixForm):
    """Why it changes, besides: what whoever is refused reads need not change with the people."""

    why = forms.CharField(
        label="Why it changes",
        widget=forms.Textarea(attrs={"rows": 2, "cols": 80}),
        help_text="It is kept in the audit trail.",
    )


@admin.register(ReservedPrefix)
class ReservedPrefixAdmin(ReadOnlyAdmin):
    """Prefixes that are kept for some people."""

    list_display = ["prefix", "kept_for", "reason", "created_by", "created_at"]
    list_select_related = ["created_by"]
    search_fields = ["prefix", "reason", "people__username"]
    form = PrefixForm
    actions = [
        with_reason(
            actors.acting(tuning.free_prefix),
            name="free",
            label="Free: anybody may register such names again",
            done="free again",
            permission="moderation.delete_reservedprefix",
        )
    ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[ReservedPrefix]:
        return super().get_queryset(request).prefetch_related("people")

    @admin.display(description="kept for")
    def kept_for(self, row: ReservedPrefix) -> str:
        return ", ".join(sorted(user.username for user in row.people.all())) or "nobody"

    def has_add_permission(self, request: HttpRequest) -> bool:
        return admin.ModelAdmin.has_add_permission(self, request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return admin.ModelAdmin.has_change_permission(self, request, obj)

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any
    ) -> type[forms.ModelForm]:
        chosen = ChangedPrefixForm if obj and self.has_change_permission(request) else PrefixForm
        return super().get_form(request, obj, change, **{**kwargs, "form": chosen})

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        if obj and not self.has_change_permission(request):
            return ["prefix", "kept_for", "reason"]
        return ["prefix", "people", "reason", *(["why"] if obj else [])]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return ["prefix", "kept_for"] if obj else []

    def save_model(
        self, request: HttpRequest, obj: ReservedPrefix, form: forms.ModelForm, change: bool
    ) -> None:
        given, actor = form.cleaned_data, actors.of_request(request)
        why = given.get("why", "")
        row = tuning.keep_prefix(
            obj.prefix, given["people"], actor=actor, reason=obj.reason, why=why
        )
        obj.pk = row.pk
