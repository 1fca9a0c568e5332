"""Policies: what each does, its switch and numbers, and what it would have hit."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse

from accounts import actors
from moderation import rehearsals, tuning
from moderation.models import Action, DryRun, PolicySetting
from moderation.policies import registry
from moderation.policies.registry import Known
from moderation.policies.settings import Number, Setting
from pypi_site.lib.admin_actions import ReadOnlyAdmin
from pypi_site.lib.problems import Problem

SHOWN_RUNS = 5


def _field(number: Number) -> forms.Field:
    if number.choices:
        return forms.TypedChoiceField(label=number.label, choices=number.choices, coerce=int)
    bounds: dict[str, Any] = {"min_value": number.least, "max_value": number.most}
    kind = forms.IntegerField if number.whole else forms.FloatField
    return kind(label=number.label, **bounds)


def _told(known: Known) -> tuple[Setting, Any, str]:
    """How a policy is set: as such, its numbers, and what is to be said of it."""
    setting = known.setting()
    return setting, known.told(setting.numbers), known.remark(setting)


def _runs(known: Known) -> list[tuple[DryRun, Any]]:
    """The last dry runs, each with its numbers as they were set and as they were proposed."""
    runs = DryRun.objects.filter(policy=known.code).order_by("-started_at")[:SHOWN_RUNS]
    return [(run, known.told(run.current.get("numbers", {}), run.numbers)) for run in runs]


class PolicyForm(forms.Form):
    """The switch, the action, the numbers of one policy, and why they change."""

    enabled = forms.BooleanField(label="It counts", required=False)
    action = forms.ChoiceField(label="Where it objects", choices=Action.choices, required=False)
    reason = forms.CharField(
        label="Reason",
        required=False,
        widget=forms.Textarea(attrs={"rows": 2, "cols": 80}),
        help_text="For a change; it is kept in the audit trail.",
    )

    def __init__(self, known: Known, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.known = known
        for number in known.numbers:
            self.fields[number.name] = _field(number)
        self.order_fields(["enabled", "action", *known.defaults, "reason"])

    @property
    def numbers(self) -> dict[str, float]:
        return {name: self.cleaned_data[name] for name in self.known.defaults}


@admin.register(PolicySetting)
class PolicyAdmin(ReadOnlyAdmin):
    """Every policy of this site, set or as in the code."""

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm(tuning.CHANGE)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(tuning.CHANGE)

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.policy_view)
        page = path("<slug:code>/set/", view, name="moderation_policysetting_set")
        return [page, *super().get_urls()]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        self._require(request)
        rows = [(known, *_told(known)) for known in registry.installed()]
        context = {"title": "Policies", "rows": rows, "actions": dict(Action.choices)}
        return self._page(request, "admin/moderation/policies.html", context)

    def policy_view(self, request: HttpRequest, code: str) -> HttpResponse:
        """Set it, or rehearse it with the numbers of the form."""
        self._require(request)
        known = registry.find(code)
        if known is None:
            raise Http404
        setting = known.setting()
        now = {"enabled": setting.enabled, "action": setting.action, **setting.numbers}
        form = PolicyForm(known, request.POST or None, initial=now)
        if form.is_valid() and self._act(request, known, form):
            return HttpResponseRedirect(reverse("admin:moderation_policysetting_set", args=[code]))
        context = {"title": known.title, "known": known, "form": form, "runs": _runs(known)}
        context["remark"] = known.remark(setting)
        return self._page(request, "admin/moderation/policy.html", context)

    def _act(self, request: HttpRequest, known: Known, form: PolicyForm) -> bool:
        try:
            messages.success(request, self._done(request, known, form))
        except Problem as problem:
            messages.error(request, problem.detail)
            return False
        return True

    def _done(self, request: HttpRequest, known: Known, form: PolicyForm) -> str:
        actor, given = actors.of_request(request), form.cleaned_data
        if "rehearse" in request.POST:
            wanted = {"enabled": given["enabled"], "action": given["action"]}
            rehearsals.start(known, form.numbers, **wanted, actor=actor)
            return "The dry run has been asked for; reload this page to see how far it is."
        tuning.change(
            known,
            enabled=given["enabled"],
            action=given["action"],
            numbers=form.numbers,
            actor=actor,
            reason=given["reason"],
        )
        return f"{known.title} is set."

    def _require(self, request: HttpRequest) -> None:
        if not self.has_view_permission(request):
            raise PermissionDenied

    def _page(self, request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponse:
        common = {**self.admin_site.each_context(request), "opts": self.model._meta}
        return TemplateResponse(request, template, {**common, **context})
