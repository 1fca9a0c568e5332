"""Addresses of former versions: held uploads are cases now."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from moderation.models import Case, HeldUpload
from moderation.policies import DECIDE
from pypi_site.lib.admin_actions import ReadOnlyAdmin


@admin.register(HeldUpload)
class HeldUploadAdmin(ReadOnlyAdmin):
    """Not listed; links in old e-mails lead to the case."""

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm(DECIDE)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return False

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        return HttpResponseRedirect(f"{reverse('admin:index')}?kind=held")

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """The newest case of the stage."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        number = object_id or ""
        if not (number.isascii() and number.isdecimal() and len(number) < 19):
            raise Http404
        case = Case.objects.filter(stage=int(number)).order_by("-pk").first()
        if case is None:
            raise Http404
        return HttpResponseRedirect(case.get_absolute_url())
