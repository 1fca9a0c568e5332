"""Look-alikes: check a name, and say which likeness is none."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path

from accounts import actors
from moderation import exceptions, protected
from moderation.admin.usernames import OwnerField
from moderation.models import SimilarityException
from moderation.policies import DECIDE, foreseen
from packages import names
from packages.models.project import NAME_LENGTH
from pypi_site.lib.admin_actions import ReadOnlyAdmin, may_do_any, with_reason

WITHDRAW = "moderation.delete_similarityexception"
GIVE = ("moderation.add_prohibitedname", "moderation.change_prohibitedname")
SHOWN = 5


class NameForm(forms.Form):
    """Any name that could be registered."""

    name = forms.CharField(max_length=NAME_LENGTH, strip=True)

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        if not names.is_valid(name):
            raise forms.ValidationError(
                "Use only ASCII letters, digits, '.', '_' and '-', beginning and ending with a"
                " letter or digit."
            )
        return names.normalize(name)


class ExceptionForm(forms.ModelForm):
    """A pair, or a person and a name that his may resemble, and why."""

    owner = OwnerField(str(SimilarityException._meta.get_field("owner").help_text))

    class Meta:
        model = SimilarityException
        fields = ("candidate", "target", "owner", "reason")


@admin.register(SimilarityException)
class SimilarityExceptionAdmin(ReadOnlyAdmin):
    """A pair of names, or all names of a person, that may look alike."""

    list_display = ["__str__", "candidate", "target", "owner", "reason", "created_by", "created_at"]
    list_select_related = ["owner", "created_by"]
    search_fields = ["candidate", "target", "owner__username", "reason"]
    form = ExceptionForm
    fields = ["candidate", "target", "owner", "reason"]
    actions = [
        with_reason(
            actors.acting(exceptions.withdraw),
            name="withdraw",
            label="Withdraw: the likeness counts again",
            done="withdrawn",
            permission=WITHDRAW,
        )
    ]

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whoever makes exceptions, or withdraws them, sees which there are."""
        return may_do_any(self, request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return admin.ModelAdmin.has_add_permission(self, request)

    def save_model(
        self, request: HttpRequest, obj: SimilarityException, form: forms.ModelForm, change: bool
    ) -> None:
        exceptions.make(obj, actor=actors.of_request(request))

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.check_view)
        return [path("check/", view, name="moderation_check_name"), *super().get_urls()]

    def check_view(self, request: HttpRequest) -> HttpResponse:
        """What the policies would say if somebody registered a name now, and why."""
        if not (request.user.has_perm(DECIDE) or self.has_view_permission(request)):
            raise PermissionDenied
        form = NameForm(request.GET or None)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.model._meta,
            "title": "Check a name",
            "form": form,
            "may_except": self.has_add_permission(request),
            "may_release": request.user.has_perms(GIVE),
        }
        if form.is_valid():
            name = form.cleaned_data["name"]
            context |= {"name": name, "likeness": foreseen.likeness(name)}
            context["likenesses"] = protected.likenesses(name)[:SHOWN]
            context["objections"] = foreseen.objections(name)
        return TemplateResponse(request, "admin/moderation/check_name.html", context)
