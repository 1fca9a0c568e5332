"""The page of a case, and everything that a moderator does there."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse

from accounts import actors
from accounts.models import User
from moderation import (
    actions,
    cases,
    evidence,
    figure_views,
    figures,
    histories,
    offers,
    queues,
    siblings,
    standings,
)
from moderation.admin import deciding, files, keys, queue, working
from moderation.models import Case, ReadyReason
from moderation.policies import DECIDE
from pypi_site.lib.admin_actions import ReadOnlyAdmin
from pypi_site.lib.http import written


@admin.register(Case)
class CaseAdmin(ReadOnlyAdmin):
    """Its list is the admin's front page; its pages are made for keyboards."""

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm(DECIDE)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(DECIDE)

    def get_urls(self) -> list[URLPattern]:
        def at(route: str, view: Any, name: str) -> URLPattern:
            guarded: Any = self.admin_site.admin_view(view)
            found: URLPattern = path(route, guarded, name=f"moderation_{name}")
            return found

        return [
            at("figures/", self.figures_view, "figures"),
            at("bulk/<slug:verb>/", self.bulk_view, "case_bulk"),
            at("<int:pk>/work/<slug:verb>/", self.work_view, "case_work"),
            at("<int:pk>/decide/<slug:verb>/", self.decide_view, "case_decide"),
            at("<int:pk>/decisions/<int:decision>/<slug:verb>/", self.revise_view, "case_revise"),
            at("<int:pk>/files/<slug:key>/", self.file_view, "case_file"),
            at("<int:pk>/files/<slug:key>/member/", self.member_view, "case_member"),
            *super().get_urls(),
        ]

    # -- pages -----------------------------------------------------------------------------------

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The queue is the front page."""
        queue.moderator(request)
        query = request.META.get("QUERY_STRING", "")
        return HttpResponseRedirect(f"{reverse('admin:index')}{'?' if query else ''}{query}")

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Everything that there is to see of a case."""
        case = self._case(request, object_id)
        cases.look(case)
        return self._page(request, case, "case", **_shown(request, case))

    def _case(self, request: HttpRequest, pk: object) -> Case:
        queue.moderator(request)
        number = str(pk)
        sane = number.isascii() and number.isdecimal() and len(number) < 19
        return get_object_or_404(Case.objects.with_subjects(), pk=int(number) if sane else 0)

    def _page(
        self, request: HttpRequest, case: Case, template: str, **context: Any
    ) -> TemplateResponse:
        common = {
            **self.admin_site.each_context(request),
            "title": case.title,
            "opts": self.model._meta,
            "case": case,
            "desk": queue.address_of(request),
            "siblings": siblings.of(case),
            "keys_of_case": keys.CASE,
            "keys_of_decision": keys.DECISION,
            "keys_of_file": keys.FILE,
        }
        return TemplateResponse(request, f"admin/moderation/{template}.html", {**common, **context})

    def figures_view(self, request: HttpRequest) -> HttpResponse:
        """Times, holds and track records by week."""
        queue.moderator(request)
        page = {**self.admin_site.each_context(request), **figure_views.context(request)}
        return TemplateResponse(request, "admin/moderation/figures.html", page)

    # -- verbs -----------------------------------------------------------------------------------

    def bulk_view(self, request: HttpRequest, verb: str) -> HttpResponse:
        return queue.bulk(request, self.admin_site, verb)

    def work_view(self, request: HttpRequest, pk: int, verb: str) -> HttpResponse:
        """By POST; who comes by the address of a step that was refused is led to the case."""
        case = self._case(request, pk)
        if request.method != "POST" or working.do(request, case, verb):
            return HttpResponseRedirect(case.get_absolute_url())
        refused = {"verb": verb, "text": written(request, "text")}
        case = self._case(request, pk)
        return self._page(request, case, "case", refused=refused, **_shown(request, case))

    def decide_view(self, request: HttpRequest, pk: int, verb: str) -> HttpResponse:
        case = self._case(request, pk)
        if address := deciding.decide(request, case, verb):
            return HttpResponseRedirect(address)
        return self._page(request, case, "decide", **deciding.preview(request, case, verb))

    def revise_view(self, request: HttpRequest, pk: int, decision: int, verb: str) -> HttpResponse:
        case = self._case(request, pk)
        if deciding.revise(request, case, decision, verb):
            return HttpResponseRedirect(case.get_absolute_url())
        return self._page(
            request, case, "revise", **deciding.revision(request, case, decision, verb)
        )

    # -- files -----------------------------------------------------------------------------------

    def file_view(self, request: HttpRequest, pk: int, key: str) -> HttpResponse:
        case = self._case(request, pk)
        return self._page(request, case, "file", **files.shown(case, key))

    def member_view(self, request: HttpRequest, pk: int, key: str) -> HttpResponse:
        case = self._case(request, pk)
        name, wanted = request.GET.get("path", ""), request.GET.get("from", "")
        return self._page(request, case, "member", **files.member(case, key, name, wanted))


def _shown(request: HttpRequest, case: Case) -> dict[str, Any]:
    user, actor = queue.moderator(request), actors.of_request(request)
    wish = queue.wish_of(request)
    shown = evidence.of_case(case)
    every = evidence.files_of(case)
    parts = offers.parts_of(case)
    offered = offers.offered(case, actor, parts) if case.is_live else {}
    return {
        "shown": shown,
        "more_files": [(evidence.key_of(file), file) for file in every[evidence.IN_DETAIL :]],
        "places": files.located(case, every, shown),
        "beside": evidence.beside(case),
        "histories": histories.of_people(case),
        "job_uploads": histories.earlier_uploads_of_job(case.stage) if case.stage else 0,
        "records": figures.records_for(case),
        "reports": case.observations.select_related("reporter"),
        "thread": case.notes.select_related("author"),
        "decisions": deciding.listed(case, actor),
        "appeals": case.appeals.filter(outcome="").select_related("user", "report", "decision"),
        "offered": [
            (actions.ACTIONS[verb], offers.label_of(actions.ACTIONS[verb], case, items[0]), items)
            for verb, items in offered.items()
        ],
        "for_another": case.is_live and cases.is_for_another(case, actor),
        "standing": standings.in_words(offers.targets_of(case), parts),
        "next": queues.next_after(case, user, wish),
        "previous": queues.before(case, user, wish),
        "is_mine": case.claimed_by == user,
        "colleagues": _colleagues(case, user),
        "words": working.ready_words() if case.is_live else {},
        "uploader": cases.uploader_of(case.subject) if case.subject else None,
    }


def _colleagues(case: Case, user: User) -> list[User]:
    """To whom it can be handed."""
    others = cases.moderators().exclude(pk=user.pk).order_by("username")
    return list(others[:50]) if case.is_live else []


@admin.register(ReadyReason)
class ReadyReasonAdmin(admin.ModelAdmin):
    """Reasons that need not be written anew, each for one decision."""

    list_display = ["text", "kind", "position"]
    list_filter = ["kind"]
    search_fields = ["text"]
