"""``/project/<name>/settings/``: status, name and end of a project, for its owners."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts import actors, sensitive
from packages import access, choices, manage_views, names, projects, renames
from packages.choices import Ask, Choice
from packages.models import FormerName, Project, ProjectStatus
from packages.models.project import NAME_LENGTH, SUCCESSOR_LENGTH
from packages.tables import state_of_project
from pypi_site.lib.http import written

STATUS_REASON = "Public: the project's page and some installers show it."


@never_cache
@login_required
@require_safe
def overview(request: HttpRequest, name: str) -> HttpResponse:
    """What a project is set to; maintainers see it, owners change it."""
    project = manage_views.own_project(request, name)
    is_owner = manage_views.may_manage(request, project)
    fixed = project.quarantined or not is_owner
    context = {
        "project": project,
        "state": state_of_project(project),
        "is_owner": is_owner,
        "status_choices": [] if fixed or project.deleted_at else _status_choices(project),
        "privacy": settings.PRIVATE,
        "privacy_choices": [] if fixed or project.deleted_at else [_privacy(project)],
        "name_choices": [] if fixed or project.deleted_at else [_rename(project)],
        "former_names": [] if fixed else _former_names(project),
        "end_choices": [] if fixed else [_end(project)],
        "bin_days": settings.BIN_DAYS,
        "deletion_hours": settings.DELETION_HOURS,
    }
    return render(request, "packages/settings.html", context)


# -- what can be chosen ---------------------------------------------------------------------------


def _address(project: Project, verb: str) -> str:
    return reverse(f"project-{verb}", args=[project.normalized_name])


def _status_choices(project: Project) -> list[Choice]:
    offers = {
        ProjectStatus.ARCHIVED: _archive(project),
        ProjectStatus.DEPRECATED: _deprecate(project),
        ProjectStatus.ACTIVE: Choice("activate", _address(project, "activate"), "Make it active"),
    }
    return [choice for status, choice in offers.items() if status != project.status]


def _archive(project: Project) -> Choice:
    text = (
        f"{project} takes no more uploads until you make it active again. Everything here stays"
        " and can be installed; its page says that it is archived."
    )
    asks = (choices.reason(STATUS_REASON),)
    return Choice("archive", _address(project, "archive"), "Archive", text=text, asks=asks)


def _deprecate(project: Project) -> Choice:
    text = "Its page advises against it. Everything keeps working, uploads included."
    hint = "The name of a project, here or elsewhere, or an address."
    asks = (
        choices.reason(STATUS_REASON),
        Ask("successor", "Use instead", hint, required=False, length=SUCCESSOR_LENGTH),
    )
    return Choice("deprecate", _address(project, "deprecate"), "Deprecate", text=text, asks=asks)


def _privacy(project: Project) -> Choice:
    asks = (choices.reason(choices.RECORD),)
    if project.private:
        text = f"Everybody sees and installs {project} then, with all that was published so far."
        return Choice("publicise", _address(project, "publicise"), "Make it public", text, asks)
    text = (
        f"Only people with a role on {project}, their teams, and tokens of theirs that may read"
        " see and install it then. To everybody else it looks as if there were no such project."
        " Whoever installs it needs a token: see who is among its people first."
    )
    return Choice("hide", _address(project, "hide"), "Make it private", text, asks)


def _rename(project: Project) -> Choice:
    text = (
        f"Whoever asks for {project} is led to the new name, and finds the files that are here now:"
        " they keep their names. New uploads carry the new name. Installers that ask for the new"
        " name find only those, so upload a release under it soon. The old name stays reserved"
        " for this project for ever."
    )
    asks = (Ask("name", "New name", length=NAME_LENGTH), choices.reason(choices.RECORD))
    return Choice("rename", _address(project, "rename"), "Rename", text=text, asks=asks)


def _former_names(project: Project) -> list[tuple[FormerName, Choice]]:
    return [(former, _switch(former)) for former in project.former_names.order_by("-created_at")]


def _switch(former: FormerName) -> Choice:
    place = [former.project.normalized_name, former.normalized_name]
    address = reverse("project-redirect", args=place)
    on = former.redirects
    label = f"Stop redirecting {former.name}" if on else f"Redirect {former.name} here"
    return Choice(f"redirect-{former.pk}", address, label, value="no" if on else "yes")


def _end(project: Project) -> Choice:
    if project.deleted_at:
        return Choice("restore", _address(project, "restore"), f"Restore {project}")
    text = (
        f"Nobody finds or installs {project} any more. For {settings.BIN_DAYS} days you can restore"
        " it with all its files; its names stay reserved for you. If any file is older than"
        f" {settings.DELETION_HOURS} hours (and no pre-release), only an administrator can do it."
    )
    asks = (
        Ask("confirm", f"Type {project.name} to confirm", length=NAME_LENGTH),
        choices.reason(choices.RECORD, required=True),
    )
    return Choice(
        "delete",
        _address(project, "delete"),
        f"Delete {project}",
        text=text,
        asks=asks,
        danger=True,
    )


# -- what is done ---------------------------------------------------------------------------------


Act = Callable[[HttpRequest, Project], str]


def _owners_only(act: Act) -> Callable[[HttpRequest, str], HttpResponse]:
    """A view that does `act` for an owner, and leads back to the settings."""

    @login_required
    @require_POST
    def view(request: HttpRequest, name: str) -> HttpResponse:
        project = manage_views.own_project(request, name, access.OWNERS)
        return manage_views.answer(
            request, lambda: act(request, project), "project-settings", project
        )

    return view


@_owners_only
def archive(request: HttpRequest, project: Project) -> str:
    reason = written(request)
    projects.archive(project, actor=actors.of_request(request), reason=reason)
    return f"{project} is archived: it takes no uploads, and everything here stays."


@_owners_only
def deprecate(request: HttpRequest, project: Project) -> str:
    projects.deprecate(
        project,
        actor=actors.of_request(request),
        reason=written(request),
        successor=written(request, "successor"),
    )
    return f"{project} is deprecated: its page advises against it, and everything keeps working."


@_owners_only
def activate(request: HttpRequest, project: Project) -> str:
    projects.activate(project, actor=actors.of_request(request))
    return f"{project} is active again."


@_owners_only
def hide(request: HttpRequest, project: Project) -> str:
    reason = written(request)
    projects.make_private(project, actor=actors.of_request(request), reason=reason)
    return f"{project} is private: only people with a role see it, and their tokens that may read."


@_owners_only
def publicise(request: HttpRequest, project: Project) -> str:
    reason = written(request)
    projects.make_public(project, actor=actors.of_request(request), reason=reason)
    return f"{project} is public: everybody sees and installs it."


@sensitive.confirmed
@_owners_only
def rename(request: HttpRequest, project: Project) -> str:
    renamed = renames.rename(
        project,
        written(request, "name"),
        actor=actors.of_request(request),
        reason=written(request),
    )
    return f"{project} is called {renamed} now. Upload its next release under that name."


@sensitive.confirmed
@_owners_only
def delete(request: HttpRequest, project: Project) -> str:
    projects.require_confirmed(project, written(request, "confirm"))
    reason = manage_views.reason(request, project, needed=True)
    projects.delete(project, actor=actors.of_request(request), reason=reason)
    return f"{project} is deleted. You can restore it on this page for {settings.BIN_DAYS} days."


@_owners_only
def restore(request: HttpRequest, project: Project) -> str:
    projects.restore(project, actor=actors.of_request(request))
    return f"{project} is back, with the files that were deleted with it."


@login_required
@require_POST
def redirect_former_name(request: HttpRequest, name: str, former: str) -> HttpResponse:
    """Whether a former name leads here."""
    project = manage_views.own_project(request, name, access.OWNERS)
    found = project.former_names.filter(normalized_name=names.normalize(former)).first()
    if found is None:
        raise Http404(f"{project} has no such former name.")
    on = request.POST.get("on") == "yes"

    def act() -> str:
        renames.set_redirect(found, actor=actors.of_request(request), on=on)
        if on:
            return f"Whoever asks for {found.name} is led here."
        return f"{found.name} leads nowhere now; the name stays reserved for {project}."

    return manage_views.answer(request, act, "project-settings", project)
