"""Verbs on a project's names: rename, and whether a former name leads on."""

from __future__ import annotations

from django.db import IntegrityError, transaction
from django.db.models import ProtectedError

from accounts import audit
from accounts.actors import SYSTEM, Actor
from packages import access, events, journal, names, projects
from packages.models import FormerName, Project
from packages.projects import NameTaken, NoChange
from packages.uploads import policies
from packages.uploads.policies import Outcome, Submission, Verdict
from pypi_site.lib.problems import Conflict

# A project reserves all its names for ever; more than these are an administrator's to give.
MAX_FORMER_NAMES = 5


class SomethingStaged(Conflict):
    """What is staged carries the old name and could not be published under the new one."""

    code, title = "something-staged", "Something is staged"


class TooManyNames(Conflict):
    """Names are not collected by renaming."""

    code, title = "too-many-names", "Too many names"


@transaction.atomic
def rename(project: Project, name: str, *, actor: Actor, reason: str = "") -> Project:
    """Give a project another name; the old one stays its own and leads to the new.

    Files keep their names, so installers that ask for the old name find what was published under
    it; what is uploaded from now on carries the new name.  Another spelling of the same
    normalized name leaves no former name.  A former name of the project can be taken back.

    The name is judged as one that is registered, since no later upload is asked about it.  Nothing
    can wait here, so what a moderator has to look at is refused to all but moderators.

    Raises `InvalidName`, `ReservedName`, `RefusedByPolicy`, `HeldByPolicy`, `NameTaken`,
    `SomethingStaged`, `TooManyNames` or `NoChange`.
    """
    project = Project.objects.lock(project.pk)
    access.authorize_management(actor, project, permission=access.CHANGE_PROJECT)
    projects.require_free_to_all(name)
    if project.name == name:
        raise NoChange(f"{project} is called so already.")
    before = {"name": project.name, "normalized_name": project.normalized_name}
    concerns: list[Verdict] = []
    if names.normalize(name) == project.normalized_name:
        project.name = name
        project.save(update_fields=["name"])
    else:
        concerns = _require_renamable(project, name, actor)
        _take_name(project, name)
    _record(project, actor, reason, before)
    if concerns:
        events.concerns_observed.send(Project, project=project, verdicts=concerns)
    return project


def _require_renamable(project: Project, name: str, actor: Actor) -> list[Verdict]:
    """What only wants to be known of it."""
    if project.published_at is None or project.deleted_at:
        raise Conflict(f"{project} is not public; upload under the new name instead.")
    if project.stages.active().exists():
        raise SomethingStaged(
            f"Something is staged for {project} under its present name; publish or discard it, or"
            " wait for the moderator who looks at it."
        )
    _require_room(project, name, actor)
    return _judge(project, name, actor)


def _judge(project: Project, name: str, actor: Actor) -> list[Verdict]:
    """Its own former name was judged when it got it."""
    candidate = Project(pk=project.pk, name=name, normalized_name=names.normalize(name))
    verdicts = policies.review(Submission(actor, candidate, registers=True, version="", file=None))
    policies.refuse_if_refused(verdicts)
    concerns = policies.of_names(verdicts)
    is_back = project.former_names.filter(normalized_name=candidate.normalized_name).exists()
    if not is_back and not _is_powerful(actor):
        policies.refuse_if_held(concerns)
    return [item for item in concerns if item.outcome is Outcome.OBSERVE]


def _is_powerful(actor: Actor) -> bool:
    return actor is SYSTEM or actor.may(access.CHANGE_PROJECT)


def _require_room(project: Project, name: str, actor: Actor) -> None:
    former = project.former_names.exclude(normalized_name=names.normalize(name))
    if former.count() >= MAX_FORMER_NAMES and not _is_powerful(actor):
        raise TooManyNames(
            f"{project} keeps {MAX_FORMER_NAMES} former names, as many as a project may; ask an"
            " administrator to rename it."
        )


def _take_name(project: Project, name: str) -> None:
    """Whoever else wants the name at this moment waits for us in the database, and is refused."""
    old, normalized = (project.name, project.normalized_name), names.normalize(name)
    project.former_names.filter(normalized_name=normalized).delete()
    _remove_reservation(normalized)
    project.name, project.normalized_name = name, normalized
    try:
        with transaction.atomic():
            project.save(update_fields=["name", "normalized_name"])
            FormerName.objects.create(project=project, name=old[0], normalized_name=old[1])
    except IntegrityError:
        raise _taken(normalized) from None


def _remove_reservation(normalized: str) -> None:
    """A name that was reserved and given up has a row still; nothing but that stands in the way."""
    other = Project.objects.filter(normalized_name=normalized).first()
    if other is None:
        return
    # Only what has no owner is locked, so two projects never wait for each other's names.
    if access.is_claimed(other) or not other.accepts_uploads:
        raise _taken(normalized)
    other = Project.objects.lock(other.pk)
    if access.is_claimed(other):
        raise _taken(normalized)
    try:
        other.delete()
    except ProtectedError:  # a moderator has decided about what was uploaded there
        raise _taken(normalized) from None


def _taken(normalized: str) -> NameTaken:
    return NameTaken(f"The name {normalized} is, or was, somebody else's; choose another name.")


def _record(project: Project, actor: Actor, reason: str, before: dict[str, str]) -> None:
    """Mirrors hear of both names: what they knew is gone, and something new is here."""
    after = {"name": project.name, "normalized_name": project.normalized_name}
    event = audit.record(
        actor, "project.rename", project, reason=reason, before=before, after=after
    )
    if project.published_at:
        entry = f"rename project from {before['name']}"
        if before["normalized_name"] != project.normalized_name:
            left = f"rename project to {project.name}"
            journal.record(actor, project, left, name=before["normalized_name"])
        journal.record(actor, project, entry)
    events.project_renamed.send(Project, project=project, event=event)


@transaction.atomic
def set_redirect(former: FormerName, *, actor: Actor, on: bool) -> FormerName:
    """Say whether whoever asks for a former name is sent on; the name stays reserved."""
    project = Project.objects.lock(former.project_id)
    access.authorize_management(actor, project, permission=access.CHANGE_PROJECT)
    former = FormerName.objects.select_for_update().get(pk=former.pk)
    if former.redirects == on:
        raise NoChange(f"{former.name} {'leads' if on else 'does not lead'} to {project} already.")
    former.redirects = on
    former.save(update_fields=["redirects"])
    before, after = {"redirects": not on}, {"redirects": on}
    audit.record(actor, "project.redirect", former, before=before, after=after)
    entry = f"{'redirect' if on else 'stop redirecting'} {former.name} to {project.name}"
    journal.record(actor, project, entry, name=former.normalized_name)
    return former
