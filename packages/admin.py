"""Projects, releases, files and the journal in the Django admin: to look at, and to act upon."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.forms import CharField, ModelForm
from django.http import HttpRequest

from accounts import actors
from packages import files, projects, releases
from packages.models import File, JournalEntry, Project, Release, Role
from pypi_site.lib.admin_actions import ReadOnlyAdmin, with_reason

CHANGE_PROJECT = "packages.change_project"
CHANGE_RELEASE = "packages.change_release"
DELETE_FILE = "packages.delete_file"
PUBLIC = "The reason is public: installers and the project's page show it."


def _acting(verb: Any) -> Any:
    """A verb of the index as the admin calls it."""

    def act(request: HttpRequest, item: Any, reason: str) -> None:
        verb(item, actor=actors.of_request(request), reason=reason)

    return act


def _status_action(verb: Any, label: str, done: str) -> Any:
    return with_reason(
        _acting(verb),
        name=verb.__name__,
        label=label,
        done=done,
        permission=CHANGE_PROJECT,
        hint=PUBLIC,
    )


class LimitsForm(ModelForm):
    """The limits that a project has of its own, and why."""

    reason = CharField(help_text="Kept in the audit trail.")

    class Meta:
        model = Project
        fields = projects.LIMITS


class RoleInline(admin.TabularInline):
    model = Role
    extra = 0
    raw_id_fields = ["user"]
    can_delete = False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Project)
class ProjectAdmin(ReadOnlyAdmin):
    """Projects, with the status that PEP 792 gives them."""

    list_display = ["name", "status", "published_at", "created_at", "serial"]
    list_filter = ["status", ("published_at", admin.EmptyFieldListFilter)]
    search_fields = ["normalized_name"]
    inlines = [RoleInline]
    form = LimitsForm
    fields = [*projects.LIMITS, "reason"]
    actions = [
        _status_action(projects.quarantine, "Quarantine: offer and take nothing", "quarantined"),
        _status_action(projects.archive, "Archive: take no more uploads", "archived"),
        _status_action(projects.deprecate, "Deprecate: tell people to move on", "deprecated"),
        _status_action(projects.activate, "Activate: undo any of these", "active again"),
    ]

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Only the limits; all else changes by an action that asks why."""
        return request.user.has_perm(CHANGE_PROJECT)

    def save_model(self, request: HttpRequest, obj: Project, form: Any, change: bool) -> None:
        limits = {name: form.cleaned_data[name] for name in projects.LIMITS}
        reason = form.cleaned_data["reason"]
        projects.set_limits(obj, limits, actor=actors.of_request(request), reason=reason)


@admin.register(Release)
class ReleaseAdmin(ReadOnlyAdmin):
    """Releases, to yank and to unyank."""

    list_display = ["project", "version", "published_at", "yanked_at", "yanked_reason"]
    list_select_related = ["project"]
    list_filter = [("yanked_at", admin.EmptyFieldListFilter)]
    search_fields = ["project__normalized_name", "version"]
    actions = [
        with_reason(
            _acting(releases.yank),
            name="yank",
            label="Yank: keep for pins, skip otherwise",
            done="yanked",
            permission=CHANGE_RELEASE,
            hint=PUBLIC,
        ),
        with_reason(
            _acting(releases.unyank),
            name="unyank",
            label="Unyank: offer to new installs again",
            done="offered again",
            permission=CHANGE_RELEASE,
        ),
    ]


@admin.register(File)
class FileAdmin(ReadOnlyAdmin):
    """Files, to delete and to restore; a deleted file's name stays used."""

    list_display = ["filename", "size", "published_at", "uploaded_by", "deleted_at", "purged_at"]
    list_select_related = ["uploaded_by"]
    list_filter = ["filetype", ("deleted_at", admin.EmptyFieldListFilter)]
    search_fields = ["filename", "sha256"]
    actions = [
        with_reason(
            _acting(files.delete),
            name="delete_file",
            label="Delete: into the bin",
            done="deleted; it can be restored from the bin",
            permission=DELETE_FILE,
            hint="Lock files that name it will fail, and its name can never be used again. Yanking"
            " the release is gentler.",
        ),
        with_reason(
            _acting(files.restore),
            name="restore_file",
            label="Restore from the bin",
            done="offered again",
            permission=DELETE_FILE,
        ),
    ]


@admin.register(JournalEntry)
class JournalEntryAdmin(ReadOnlyAdmin):
    """Every public change in order."""

    list_display = ["serial", "at", "project", "version", "action", "actor"]
    search_fields = ["project"]
    show_full_result_count = False
