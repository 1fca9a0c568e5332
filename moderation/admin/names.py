"""Prohibited names: look what it hits, then prohibit one or many; release; allow again."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse

from accounts import actors
from accounts.models import User
from moderation import hits, prohibitions
from moderation.models import ProhibitedName
from moderation.models.names import validate_name
from packages.models.project import NAME_LENGTH
from pypi_site.lib.admin_actions import ReadOnlyAdmin, act, may_do_any, with_reason
from pypi_site.lib.problems import Problem

ALLOW_AGAIN = "moderation.delete_prohibitedname"
CHANGE = "moderation.change_prohibitedname"
LIST = "admin:moderation_prohibitedname_changelist"


def _text(label: str, rows: int, hint: str) -> forms.CharField:
    area = forms.Textarea(attrs={"rows": rows, "cols": 80})
    return forms.CharField(label=label, widget=area, help_text=hint)


class ProhibitionForm(forms.Form):
    """The names and why."""

    names = _text("Names", 6, "One a line, or with blanks or commas between them; in any spelling.")
    reason = _text("Reason", 3, "For moderators only; it is kept in the audit trail.")


class ReleaseForm(forms.Form):
    """To whom, and why."""

    username = forms.CharField(label="Username", help_text="Who may register the name.")
    reason = _text("Reason", 3, "It is kept in the audit trail.")

    def clean_username(self) -> User:
        user = User.objects.filter(username=self.cleaned_data["username"], is_active=True).first()
        if user is None:
            raise forms.ValidationError("Nobody with an account here is called so.")
        return user


class GiftForm(ReleaseForm):
    """Which name besides: one that is prohibited, or that a policy keeps from everybody."""

    name = forms.CharField(
        max_length=NAME_LENGTH,
        validators=[validate_name],
        help_text="Prohibited, of the standard library, a word of our addresses; in any spelling.",
    )
    field_order = ["name", "username", "reason"]


@admin.register(ProhibitedName)
class ProhibitedNameAdmin(ReadOnlyAdmin):
    """What nobody registers."""

    list_display = ["name", "reason", "released_to", "created_by", "created_at"]
    list_select_related = ["created_by", "released_to"]
    search_fields = ["name", "reason", "released_to__username"]
    fields = ["name", "reason", "released_to", "created_by", "created_at"]
    readonly_fields = ["name", "released_to", "created_by", "created_at"]
    change_form_template = "admin/moderation/prohibited_name.html"
    change_list_template = "admin/moderation/prohibited_names.html"
    actions = [
        with_reason(
            actors.acting(prohibitions.allow),
            name="allow",
            label="Allow again: anybody may register it",
            done="free again",
            permission=ALLOW_AGAIN,
        ),
        with_reason(
            actors.acting(prohibitions.take_back),
            name="take_back",
            label="Take the release back: nobody may register it",
            done="released to nobody any more",
            permission=CHANGE,
        ),
    ]

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whoever prohibits names, or frees them, sees which are."""
        return may_do_any(self, request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return admin.ModelAdmin.has_add_permission(self, request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return admin.ModelAdmin.has_change_permission(self, request, obj)

    def get_urls(self) -> list[URLPattern]:
        release = self.admin_site.admin_view(self.release_view)
        give = self.admin_site.admin_view(self.give_view)
        return [
            path("<int:pk>/release/", release, name="moderation_prohibitedname_release"),
            path("release/", give, name="moderation_prohibitedname_give"),
            *super().get_urls(),
        ]

    def save_model(
        self, request: HttpRequest, obj: ProhibitedName, form: forms.ModelForm, change: bool
    ) -> None:
        prohibitions.explain(obj, actor=actors.of_request(request), reason=obj.reason)

    # -- prohibit ----------------------------------------------------------------------------

    def add_view(
        self,
        request: HttpRequest,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """First what it would hit, then, when that was seen, the deed."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = ProhibitionForm(request.POST or None)
        found = self._hits(request, form)
        new, seen = sum(hit.is_new for hit in found), hits.mark(found)
        if new and "confirmed" in request.POST:
            if request.POST.get("seen") == seen:
                return self._prohibit(request, form)
            messages.warning(request, "This is not what you looked at; look at it once more.")
        context = {"title": "Prohibit names", "form": form, "hits": found, "new": new, "seen": seen}
        return self._page(request, "admin/moderation/prohibit_names.html", context)

    def _hits(self, request: HttpRequest, form: ProhibitionForm) -> list[hits.Hit]:
        if not form.is_bound or not form.is_valid():
            return []
        try:
            found = hits.preview(prohibitions.read(form.cleaned_data["names"]))
            prohibitions.require_second(found, actors.of_request(request))
        except Problem as problem:
            form.add_error("names", problem.detail)
            return []
        return found

    def _prohibit(self, request: HttpRequest, form: ProhibitionForm) -> HttpResponse:
        given, reason = prohibitions.read(form.cleaned_data["names"]), form.cleaned_data["reason"]
        rows = prohibitions.prohibit(given, actor=actors.of_request(request), reason=reason)
        messages.success(request, f"Prohibited: {', '.join(row.name for row in rows)}.")
        return HttpResponseRedirect(reverse(LIST))

    # -- release -----------------------------------------------------------------------------

    def release_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Let one person have the name."""
        row = ProhibitedName.objects.filter(pk=pk).first()
        if row is None:
            raise Http404
        if not self.has_change_permission(request, row):
            raise PermissionDenied
        form = ReleaseForm(request.POST or None)
        if form.is_valid() and self._release(request, row, form.cleaned_data):
            return HttpResponseRedirect(reverse(LIST))
        context = {"title": f"Release {row} to somebody", "form": form, "row": row}
        return self._page(request, "admin/moderation/release_name.html", context)

    def _release(self, request: HttpRequest, row: ProhibitedName, chosen: dict[str, Any]) -> bool:
        def release(request: HttpRequest, row: ProhibitedName, reason: str) -> None:
            actor = actors.of_request(request)
            prohibitions.release(row, chosen["username"], actor=actor, reason=reason)

        done = f"released to {chosen['username'].username}"
        return act(request, row, release, chosen["reason"], done)

    def give_view(self, request: HttpRequest) -> HttpResponse:
        """Let one person have a name that no row is about yet, such as that of a backport."""
        if not (self.has_change_permission(request) and self.has_add_permission(request)):
            raise PermissionDenied
        form = GiftForm(request.POST or None, initial={"name": request.GET.get("name", "")})
        if form.is_valid() and self._give(request, form):
            return HttpResponseRedirect(reverse(LIST))
        context = {"title": "Release a name to somebody", "form": form}
        return self._page(request, "admin/moderation/release_name.html", context)

    def _give(self, request: HttpRequest, form: GiftForm) -> bool:
        chosen, actor = form.cleaned_data, actors.of_request(request)
        user, reason = chosen["username"], chosen["reason"]
        try:
            row = prohibitions.give(chosen["name"], user, actor=actor, reason=reason)
        except Problem as problem:
            form.add_error("name", problem.detail)
            return False
        messages.success(request, f"{row}: released to {user.username}.")
        return True

    def _page(self, request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponse:
        common = {**self.admin_site.each_context(request), "opts": self.model._meta}
        return TemplateResponse(request, template, {**common, **context})
