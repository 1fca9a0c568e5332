"""Admin actions that ask why: a verb, a permission, a written reason, a message per object."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from pypi_site.lib.http import written
from pypi_site.lib.problems import Problem

Verb = Callable[[HttpRequest, Any, str], object]


def with_reason(
    verb: Verb, *, name: str, label: str, done: str, permission: str, hint: str = ""
) -> Callable[..., HttpResponse | None]:
    """An admin action `name` that calls `verb(request, object, reason)` for each selected object.

    It shows what was selected and a field for the reason first.  `permission` is a full
    Django permission; whoever lacks it does not see the action.  A `Problem` becomes a message.
    """

    def action(
        model_admin: admin.ModelAdmin, request: HttpRequest, chosen: QuerySet[Any]
    ) -> HttpResponse | None:
        if not request.user.has_perm(permission):
            messages.error(request, "You may not do this; ask an administrator.")
            return None
        reason = written(request)
        if "confirmed" in request.POST and reason:
            act_on_each(request, chosen, verb, reason, done)
            return None
        if "confirmed" in request.POST:
            messages.error(request, "Write the reason first; it is kept in the audit trail.")
        return _ask(model_admin, request, chosen, name=name, label=label, hint=hint)

    action.short_description = label  # type: ignore[attr-defined]
    action.__name__ = name
    action.required_permission = permission  # type: ignore[attr-defined]
    return action


def act_on_each(
    request: HttpRequest, chosen: QuerySet[Any], verb: Verb, reason: str, done: str
) -> None:
    """One object's refusal does not keep the others from their fate."""
    for item in chosen:
        act(request, item, verb, reason, done)


def act(request: HttpRequest, item: Model, verb: Verb, reason: str, done: str) -> bool:
    """Call the verb and say what came of it; False if it was refused."""
    label = str(item)
    try:
        verb(request, item, reason)
    except Problem as problem:
        messages.error(request, f"{label}: {problem.detail}")
        return False
    messages.success(request, f"{label}: {done}.")
    return True


def _ask(
    model_admin: admin.ModelAdmin,
    request: HttpRequest,
    chosen: QuerySet[Any],
    **texts: str,
) -> HttpResponse:
    context = {
        **model_admin.admin_site.each_context(request),
        "title": texts["label"],
        "chosen": chosen,
        "opts": model_admin.model._meta,
        "action": texts["name"],
        "hint": texts["hint"],
        "action_checkbox_name": ACTION_CHECKBOX_NAME,
    }
    return TemplateResponse(request, "admin/ask_reason.html", context)


class AdministratorsOnly(admin.ModelAdmin):
    """Tables by which whoever may write in them opens any account, or runs whatever he likes: no
    permission hands that on, nor the actions of their lists."""

    def has_module_permission(self, request: HttpRequest) -> bool:
        return is_administrator(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return is_administrator(request) and super().has_view_permission(request, obj)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return is_administrator(request) and super().has_add_permission(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return is_administrator(request) and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return is_administrator(request) and super().has_delete_permission(request, obj)


def is_administrator(request: HttpRequest) -> bool:
    """Whether a superuser asks."""
    return bool(getattr(request.user, "is_superuser", False))


def for_administrators_only(site: admin.AdminSite, *models: type[Model]) -> None:
    """Register tables of libraries anew, so that only administrators see and change them."""
    for model in models:
        theirs = type(site.get_model_admin(model))
        site.unregister(model)
        site.register(model, type(theirs.__name__, (AdministratorsOnly, theirs), {}))


class ReadOnlyAdmin(admin.ModelAdmin):
    """Rows that only verbs may change: to be looked at, with actions that ask why."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """Only those whose permission the person holds."""
        return {
            name: action
            for name, action in super().get_actions(request).items()
            if action and request.user.has_perm(getattr(action[0], "required_permission", ""))
        }


def may_do_any(shown: admin.ModelAdmin, request: HttpRequest) -> bool:
    """Whether the person holds any of the permissions of a table: what one may do one may see."""
    label, name = shown.opts.app_label, shown.opts.model_name
    rights = ("view", "add", "change", "delete")
    return any(request.user.has_perm(f"{label}.{right}_{name}") for right in rights)


class ReadOnlyInline(admin.TabularInline):
    """Rows of something that only verbs change."""

    extra = 0
    can_delete = False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
