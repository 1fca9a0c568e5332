"""People in the Django admin: one page with everything, and every verb asks why."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse

from accounts import actors, audit
from accounts import dossiers as account_dossiers
from accounts.models import FrozenUser, User
from packages import dossiers, person_verbs
from packages.person_verbs import VERBS, Verb
from pypi_site.lib.admin_actions import ReadOnlyAdmin, with_reason
from pypi_site.lib.problems import Problem

IN_LISTS = ("freeze", "unfreeze", "sign-out", "revoke", "trust", "distrust", "delete")


def _action(verb: Verb) -> Any:
    """The same verb for several people at once."""

    def act(request: HttpRequest, user: User, reason: str) -> None:
        verb.act(user, actor=actors.of_request(request), reason=reason)

    return with_reason(
        act,
        name=verb.name.replace("-", "_"),
        label=verb.label,
        done=verb.done,
        permission=verb.rights[0],
        hint=verb.hint,
    )


@admin.register(User)
class PersonAdmin(UserAdmin):  # type: ignore[type-arg]
    """The list and the form for a new account are Django's; all else changes by verbs."""

    list_display = ["username", "email", "is_staff", "is_active", "trusted_at", "date_joined"]
    list_filter = [
        "is_staff",
        "is_superuser",
        "is_active",
        ("trusted_at", admin.EmptyFieldListFilter),
    ]
    search_fields = ["username", "emailaddress__email"]
    actions = [_action(VERBS[name]) for name in IN_LISTS]

    def get_urls(self) -> list[URLPattern]:
        view: Any = self.admin_site.admin_view(self.verb_view)
        route = path("<int:pk>/do/<slug:verb>/", view, name="accounts_user_do")
        return [route, *super().get_urls()]

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """Only those whose permission the person holds."""
        found = super().get_actions(request)
        return {
            name: action
            for name, action in found.items()
            if action
            and request.user.has_perm(getattr(action[0], "required_permission", "no.such"))
        }

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """Deleting is a verb: Django's own would leave projects and teams without an owner."""
        return False

    def user_change_password(self, *args: Any, **options: Any) -> HttpResponse:
        """Nobody chooses the password of somebody else; see `recoveries`."""
        raise PermissionDenied

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        """A new account; those that there are change by verbs."""
        super().save_model(request, obj, form, change)
        audit.record(actors.of_request(request), "user.sign_up", obj, after={"how": "by staff"})

    # -- the page of a person --------------------------------------------------------------------

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Everything about somebody, and what can be done about it."""
        if request.method not in ("GET", "HEAD"):
            raise PermissionDenied  # nothing is saved here: see `verb_view`
        user = self._person(request, object_id)
        dossier = dossiers.of(user)
        context = {
            **self._context(request, user),
            "dossier": dossier,
            "account": dossier.account,
            "verbs": person_verbs.offered(dossier, actors.of_request(request)),
            "live": account_dossiers.LIVE,
            "events_shown": account_dossiers.SHOWN,
        }
        return TemplateResponse(request, "admin/person.html", context)

    def _person(self, request: HttpRequest, pk: object) -> User:
        number = str(pk)
        sane = number.isascii() and number.isdecimal() and len(number) < 19
        user = get_object_or_404(User, pk=int(number) if sane else 0)
        if not self.has_view_or_change_permission(request, user):
            raise PermissionDenied
        return user

    def _context(self, request: HttpRequest, user: User) -> dict[str, Any]:
        common = {"person": user, "opts": self.opts, "title": user.username}
        return {**self.admin_site.each_context(request), **common}

    def verb_view(self, request: HttpRequest, pk: int, verb: str) -> HttpResponse:
        """What a verb would do; by POST, with a reason, do it."""
        user = self._person(request, pk)
        chosen = VERBS.get(verb)
        if chosen is None:
            raise Http404
        if not chosen.allowed(actors.of_request(request)):
            raise PermissionDenied
        form = chosen.form(user, request.POST if request.method == "POST" else None)
        if request.method == "POST" and form.is_valid() and _do(request, chosen, form):
            return HttpResponseRedirect(_after(chosen, user))
        common = {"title": chosen.label, "verb": chosen, "form": form}
        context = {**self._context(request, user), **common}
        return TemplateResponse(request, "admin/person_verb.html", context)


def _after(verb: Verb, user: User) -> str:
    if verb.final:
        return reverse("admin:accounts_user_changelist")
    return reverse("admin:accounts_user_change", args=[user.pk])


def _do(request: HttpRequest, verb: Verb, form: person_verbs.ReasonForm) -> bool:
    reason = form.cleaned_data["reason"]
    try:
        verb.act(form.user, actor=actors.of_request(request), reason=reason, **form.facts())
    except Problem as problem:
        form.add_error(None, problem.detail)
        return False
    messages.success(request, f"{form.user.username}: {verb.done}.")
    return True


@admin.register(FrozenUser)
class FrozenUserAdmin(ReadOnlyAdmin):
    """Every frozen account: since when, by whom, why; and the way out."""

    list_display = ["username", "email", "since", "by", "why"]
    search_fields = ["username", "emailaddress__email"]
    actions = [_action(VERBS["unfreeze"])]

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm("accounts.view_user")

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return account_dossiers.frozen()

    def change_view(self, request: HttpRequest, object_id: str, *args: Any, **options: Any) -> Any:
        """There is one page of a person."""
        return PersonAdmin(User, self.admin_site).change_view(request, object_id)

    @admin.display(ordering="frozen_at")
    def since(self, user: Any) -> Any:
        return user.frozen_at

    def by(self, user: Any) -> str:
        return user.frozen_by or "unknown"

    def why(self, user: Any) -> str:
        return user.frozen_for or ""
