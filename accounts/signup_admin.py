"""Who may make an account, in the Django admin: prohibitions and invitations, each with its why."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from allauth.socialaccount.models import SocialApp, SocialToken
from django import forms
from django.contrib import admin
from django.http import HttpRequest

from accounts import actors, invitations, prohibitions
from accounts.models import ProhibitedEmailDomain, ProhibitedUsername, SignupInvitation
from pypi_site.lib.admin_actions import ReadOnlyAdmin, with_reason
from pypi_site.lib.problems import Problem

# Providers are set in the environment, and their tokens are not kept.
admin.site.unregister([SocialApp, SocialToken])


class VerbForm(forms.ModelForm):
    """A form for a new row, which a verb makes; what the verb refuses is said on the form.

    The row is made here, inside the transaction of the admin's page, so nothing else saves it.
    """

    verb: Callable[..., Any]
    request: HttpRequest

    def clean(self) -> dict[str, Any]:
        chosen = super().clean() or {}
        if not self.errors:
            actor = actors.of_request(self.request)
            key, reason = (chosen[name] for name in self._meta.fields or ())
            try:
                self.instance = type(self).verb(key, actor=actor, reason=reason)
            except Problem as problem:
                raise forms.ValidationError(problem.detail) from None
        return chosen

    def validate_unique(self) -> None:
        """The verb knows what is there already."""


class VerbAdmin(ReadOnlyAdmin):
    """Rows that a verb makes and another takes back."""

    form: type[VerbForm]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return admin.ModelAdmin.has_add_permission(self, request)

    def get_form(self, request: HttpRequest, *args: Any, **options: Any) -> Any:
        form = super().get_form(request, *args, **options)
        return type(form.__name__, (form,), {"request": request})

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """The verb has done that."""


class UsernameForm(VerbForm):
    verb = prohibitions.prohibit_username

    class Meta:
        model = ProhibitedUsername
        fields = ["name", "reason"]


class DomainForm(VerbForm):
    verb = prohibitions.prohibit_domain

    class Meta:
        model = ProhibitedEmailDomain
        fields = ["domain", "reason"]


class InvitationForm(VerbForm):
    verb = invitations.invite

    class Meta:
        model = SignupInvitation
        fields = ["email", "reason"]


class ProhibitionAdmin(VerbAdmin):
    """What nobody new may have; `key` is its column."""

    key: str
    list_select_related = ["created_by"]

    def get_list_display(self, request: HttpRequest) -> list[str]:  # type: ignore[override]
        return [self.key, "reason", "created_by", "created_at"]

    def get_search_fields(self, request: HttpRequest) -> list[str]:  # type: ignore[override]
        return [self.key, "reason"]


def _allowing(model: str, label: str, done: str) -> Any:
    permission = f"accounts.delete_{model}"
    allow = actors.acting(prohibitions.allow)
    return with_reason(allow, name="allow", label=label, done=done, permission=permission)


@admin.register(ProhibitedUsername)
class ProhibitedUsernameAdmin(ProhibitionAdmin):
    """User names that nobody new may have."""

    form, key = UsernameForm, "name"
    actions = [_allowing("prohibitedusername", "Allow again: anybody may have it", "free again")]


@admin.register(ProhibitedEmailDomain)
class ProhibitedEmailDomainAdmin(ProhibitionAdmin):
    """Domains whose addresses nobody may add."""

    form, key = DomainForm, "domain"
    actions = [
        _allowing("prohibitedemaildomain", "Allow again: take addresses of it", "taken again")
    ]


@admin.register(SignupInvitation)
class SignupInvitationAdmin(VerbAdmin):
    """Who is invited to make an account; those invited to projects stand with the projects."""

    form = InvitationForm
    list_display = ["email", "reason", "invited_by", "created_at", "expires_at", "withdrawn_at"]
    list_select_related = ["invited_by"]
    search_fields = ["email", "reason"]
    actions = [
        with_reason(
            actors.acting(invitations.withdraw),
            name="withdraw",
            label="Withdraw: the link opens nothing any more",
            done="withdrawn",
            permission="accounts.change_signupinvitation",
        )
    ]
