"""Projects, releases, files and the journal in the Django admin: to look at, and to act upon."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.forms import CharField, ModelForm
from django.http import HttpRequest

from accounts import actors
from packages import files, person_admin, projects, publishers, releases, team_admin
from packages.models import (
    File,
    FormerName,
    JournalEntry,
    Project,
    Publisher,
    Release,
    Role,
    TeamRole,
)
from pypi_site.lib.admin_actions import ReadOnlyAdmin, ReadOnlyInline, with_reason

__all__ = ["person_admin", "team_admin"]  # the other desks of the index register themselves
CHANGE_PROJECT = "packages.change_project"
CHANGE_RELEASE = "packages.change_release"
DELETE_FILE = "packages.delete_file"
PUBLIC = "The reason is public: installers and the project's page show it."
PUBLIC_TO_OWNERS = "The owners of the project get it by e-mail."


def _status_action(verb: Any, label: str, done: str) -> Any:
    return with_reason(
        actors.acting(verb),
        name=verb.__name__,
        label=label,
        done=done,
        permission=CHANGE_PROJECT,
        hint=PUBLIC,
    )


def _quarantine_actions(verbs: Any, permission: str) -> list[Any]:
    """What moderators do about what is suspicious, and how they undo it."""
    return [
        with_reason(
            actors.acting(verbs.quarantine),
            name="quarantine",
            label="Quarantine: hide it from everybody",
            done="in quarantine; clearing it brings back what was",
            permission=permission,
            hint=PUBLIC_TO_OWNERS,
        ),
        with_reason(
            actors.acting(verbs.clear),
            name="clear",
            label="Clear the quarantine: as it was before",
            done="out of quarantine",
            permission=permission,
            hint=PUBLIC_TO_OWNERS,
        ),
    ]


def _yank_actions(verbs: Any, permission: str) -> list[Any]:
    return [
        with_reason(
            actors.acting(verbs.yank),
            name="yank",
            label="Yank: keep for pins, skip otherwise",
            done="yanked",
            permission=permission,
            hint=PUBLIC,
        ),
        with_reason(
            actors.acting(verbs.unyank),
            name="unyank",
            label="Unyank: offer to new installs again",
            done="offered again",
            permission=permission,
        ),
    ]


def _bin_actions(verbs: Any, kind: str) -> list[Any]:
    return [
        with_reason(
            actors.acting(verbs.delete),
            name=f"delete_{kind}",
            label="Delete: into the bin",
            done="deleted; it can be restored from the bin",
            permission=DELETE_FILE,
            hint="Lock files that name it will fail, and its name can never be used again. Yanking"
            " is gentler.",
        ),
        with_reason(
            actors.acting(verbs.restore),
            name=f"restore_{kind}",
            label="Restore from the bin",
            done="offered again",
            permission=DELETE_FILE,
        ),
    ]


def _privacy_actions() -> list[Any]:
    """An administrator's, as what owners do in the settings of their project."""
    return [
        with_reason(
            actors.acting(projects.make_private),
            name="make_private",
            label="Make private: only people with a role see it",
            done="private",
            permission=DELETE_FILE,
            hint=PUBLIC_TO_OWNERS,
        ),
        with_reason(
            actors.acting(projects.make_public),
            name="make_public",
            label="Make public: everybody sees it",
            done="public",
            permission=DELETE_FILE,
            hint=PUBLIC_TO_OWNERS,
        ),
    ]


class LimitsForm(ModelForm):
    """The limits that a project has of its own, and why."""

    reason = CharField(help_text="Kept in the audit trail.")

    class Meta:
        model = Project
        fields = projects.LIMITS


class RoleInline(ReadOnlyInline):
    model = Role
    raw_id_fields = ["user"]


class TeamRoleInline(ReadOnlyInline):
    """Which teams have a role; it is taken away on their own page."""

    model = TeamRole
    raw_id_fields = ["team"]


class FormerNameInline(ReadOnlyInline):
    """What a project was called; renaming is done in its settings."""

    model = FormerName
    verbose_name_plural = "Former names (an administrator renames a project in its settings)"


@admin.register(Project)
class ProjectAdmin(ReadOnlyAdmin):
    """Projects, with the status that PEP 792 gives them."""

    list_display = [
        "name",
        "private",
        "status",
        "published_at",
        "created_at",
        "deleted_at",
        "serial",
    ]
    list_filter = [
        "private",
        "status",
        ("published_at", admin.EmptyFieldListFilter),
        ("deleted_at", admin.EmptyFieldListFilter),
    ]
    search_fields = ["normalized_name", "former_names__normalized_name"]
    inlines = [RoleInline, TeamRoleInline, FormerNameInline]
    form = LimitsForm
    fields = [*projects.LIMITS, "reason"]
    actions = [
        _status_action(projects.quarantine, "Quarantine: offer and take nothing", "quarantined"),
        _status_action(projects.clear, "Clear the quarantine: as it was before", "cleared"),
        _status_action(projects.archive, "Archive: take no more uploads", "archived"),
        _status_action(projects.deprecate, "Deprecate: tell people to move on", "deprecated"),
        _status_action(projects.activate, "Activate: undo any of these", "active again"),
        *_privacy_actions(),
        *_bin_actions(projects, "project"),
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
    """Releases, to yank, quarantine and delete, and to undo that."""

    list_display = ["project", "version", "published_at", "yanked_at", "quarantined_at"]
    list_select_related = ["project"]
    list_filter = [
        ("yanked_at", admin.EmptyFieldListFilter),
        ("quarantined_at", admin.EmptyFieldListFilter),
    ]
    search_fields = ["project__normalized_name", "version"]
    actions = [
        *_yank_actions(releases, CHANGE_RELEASE),
        *_quarantine_actions(releases, CHANGE_PROJECT),
        *_bin_actions(releases, "release"),
    ]


@admin.register(File)
class FileAdmin(ReadOnlyAdmin):
    """Files: the same; a deleted file's name stays used."""

    list_display = ["filename", "size", "published_at", "uploaded_by", "uploaded_by_ci"]
    list_display += ["yanked_at", "quarantined_at", "deleted_at", "purged_at"]
    list_select_related = ["uploaded_by", "uploaded_by_ci"]
    list_filter = [
        "filetype",
        ("yanked_at", admin.EmptyFieldListFilter),
        ("quarantined_at", admin.EmptyFieldListFilter),
        ("deleted_at", admin.EmptyFieldListFilter),
    ]
    search_fields = ["filename", "sha256"]
    actions = [
        *_yank_actions(files, CHANGE_RELEASE),
        *_quarantine_actions(files, CHANGE_PROJECT),
        *_bin_actions(files, "file"),
    ]


@admin.register(Publisher)
class PublisherAdmin(ReadOnlyAdmin):
    """Trusted publishers, pending ones too: which CI jobs may upload to what."""

    list_display = ["named", "project", "pending_name", "added_by", "added_at", "last_used_at"]
    list_select_related = ["project", "added_by"]
    list_filter = ["issuer", ("project", admin.EmptyFieldListFilter)]
    search_fields = ["key", "project__normalized_name", "normalized_name", "added_by__username"]
    actions = [
        with_reason(
            actors.acting(publishers.end),
            name="remove",
            label="Remove: trust it no longer",
            done="trusted no longer",
            permission=DELETE_FILE,
        )
    ]

    @admin.display(description="publisher")
    def named(self, publisher: Publisher) -> str:
        return publishers.name_of(publisher)


@admin.register(JournalEntry)
class JournalEntryAdmin(ReadOnlyAdmin):
    """Every public change in order."""

    list_display = ["serial", "at", "project", "version", "action", "actor"]
    search_fields = ["project"]
    show_full_result_count = False
