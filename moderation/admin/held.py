"""Held uploads: look, then approve or reject with a reason."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.defaultfilters import filesizeformat
from django.template.response import TemplateResponse
from django.urls import reverse

from accounts import actors
from moderation import decisions, evidence
from moderation.models import Decision, HeldUpload
from moderation.policies import DECIDE
from packages.models import File, StagedFile, StageStatus
from pypi_site.lib.admin_actions import ReadOnlyAdmin, act, with_reason, written_reason

HINT = "The uploader reads the reason in an e-mail, and it is kept in the audit trail."


def _approve(request: HttpRequest, stage: HeldUpload, reason: str) -> Decision:
    return decisions.approve(stage, actor=actors.of_request(request), reason=reason)


def _reject(request: HttpRequest, stage: HeldUpload, reason: str) -> Decision:
    return decisions.reject(stage, actor=actors.of_request(request), reason=reason)


VERBS = {"approve": (_approve, "approved and published"), "reject": (_reject, "rejected")}


@admin.register(HeldUpload)
class HeldUploadAdmin(ReadOnlyAdmin):
    """The desk: the oldest first, because somebody waits for it."""

    list_display = ["__str__", "filenames", "size", "uploader", "because", "created_at"]
    list_display_links = ["__str__"]
    search_fields = ["project__normalized_name", "created_by__username", "files__filename"]
    list_per_page = 50
    actions = [
        with_reason(
            verb, name=name, label=name.capitalize(), done=done, permission=DECIDE, hint=HINT
        )
        for name, (verb, done) in VERBS.items()
    ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[HeldUpload]:
        waiting = HeldUpload.objects.filter(status=StageStatus.PROCESSING)
        return waiting.select_related("project", "created_by", "created_by_ci").prefetch_related(
            "files"
        )

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm(DECIDE)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(DECIDE)

    # -- columns -----------------------------------------------------------------------------

    @admin.display(description="files")
    def filenames(self, stage: HeldUpload) -> str:
        return ", ".join(sorted(file.filename for file in stage.files.all()))

    @admin.display(description="size")
    def size(self, stage: HeldUpload) -> str:
        return filesizeformat(sum(file.size for file in stage.files.all()))

    @admin.display(description="uploader", ordering="created_by__username")
    def uploader(self, stage: HeldUpload) -> str:
        return stage.uploader or "(deleted account)"

    @admin.display(description="held because")
    def because(self, stage: HeldUpload) -> str:
        return ", ".join(hold["code"] for hold in stage.holds)

    # -- the page of one upload --------------------------------------------------------------

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Everything that there is to see of it, and the two decisions."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        stage = self._stage(object_id)
        if request.method == "POST" and self._decide(request, stage):
            return HttpResponseRedirect(reverse("admin:moderation_heldupload_changelist"))
        return TemplateResponse(
            request, "admin/moderation/held_upload.html", self._context(request, stage)
        )

    def _stage(self, object_id: str | None) -> HeldUpload:
        """Also one that is decided: a link in an e-mail should tell what became of it."""
        if object_id is None or not object_id.isdecimal():
            raise Http404
        chosen = HeldUpload.objects.select_related("project", "created_by", "created_by_ci")
        stage = chosen.filter(pk=object_id).first()
        if stage is None:
            raise Http404
        return stage

    def _decide(self, request: HttpRequest, stage: HeldUpload) -> bool:
        verb, done = VERBS.get(request.POST.get("decision", ""), VERBS["reject"])
        if request.POST.get("decision") not in VERBS:
            raise PermissionDenied
        return act(request, stage, verb, written_reason(request), done)

    def _context(self, request: HttpRequest, stage: HeldUpload) -> dict[str, Any]:
        return {
            **self.admin_site.each_context(request),
            "title": f"Held upload: {stage}",
            "opts": self.model._meta,
            "stage": stage,
            "uploader": self.uploader(stage),
            "waiting": stage.status == StageStatus.PROCESSING,
            "decisions": stage.decisions.select_related("moderator").order_by("decided_at"),
            "evidence": evidence.of_stage(stage),
            "reason": request.POST.get("reason", ""),
            "hint": HINT,
            "earlier_uploads": self._earlier(stage),
        }

    def _earlier(self, stage: HeldUpload) -> int:
        """How many files the uploader has sent before: a first impression of him."""
        whose: dict[str, Any] = {"uploaded_by": stage.created_by}
        if ci := stage.created_by_ci:
            whose = {"uploaded_by_ci__issuer": ci.issuer, "uploaded_by_ci__key": ci.key}
        earlier = {**whose, "uploaded_at__lt": stage.created_at}
        unpublished = StagedFile.objects.exclude(stage__status=StageStatus.PUBLISHED)
        return File.objects.filter(**earlier).count() + unpublished.filter(**earlier).count()
