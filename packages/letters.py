"""E-mails to the people of a project about what was decided about it (YNK-6, STA-9).

One letter for each row of the audit trail that an event of `events.by_people` carries.
"""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db.models import Model
from django.dispatch import Signal, receiver
from django.urls import reverse
from django.utils.module_loading import import_string

from accounts import notices
from accounts.models import AuditEvent, User
from packages import access, events, insiders
from packages.models import File, Project, Release
from pypi_site.lib import jobs

TEMPLATE = "packages/email/decision.txt"
# What was done, and what it means: `{0}` is what it was done to, `{name}` a project's older name.
SENTENCES = {
    "release.yank": ("{0} was yanked", "Installers skip it, but for those that name this version."),
    "release.unyank": ("{0} is not yanked any more", "It is offered to everybody again."),
    "release.quarantine": ("{0} is in quarantine", "Nobody can see or install it meanwhile."),
    "release.clear": ("{0} is out of quarantine", "It is again what it was before."),
    "release.delete": ("{0} was deleted", "Its files lie in the bin and can be restored."),
    "release.restore": ("{0} was restored", "Its files are offered again, at the same addresses."),
    "file.yank": ("{0} was yanked", "Installers skip it, but for those that name this version."),
    "file.unyank": ("{0} is not yanked any more", "It is offered to everybody again."),
    "file.quarantine": ("{0} is in quarantine", "Nobody can see or install it meanwhile."),
    "file.clear": ("{0} is out of quarantine", "It is again what it was before."),
    "file.delete": ("{0} was deleted", "It lies in the bin and can be restored."),
    "file.restore": ("{0} was restored", "It is offered again, at the same address."),
    "project.archived": ("{0} is archived", "It takes no uploads; what is here stays."),
    "project.deprecated": ("{0} is deprecated", "People are told to move on; all else works."),
    "project.quarantined": ("{0} is in quarantine", "Nothing of it is offered meanwhile."),
    "project.active": ("{0} is active again", "It takes uploads, and all its files are offered."),
    "project.delete": ("{0} was deleted", "Its files lie in the bin; its name stays reserved."),
    "project.restore": ("{0} was restored", "It has its page and its files again."),
    "role.add": ("Somebody joined {0}", "Who has a role may upload."),
    "role.change": ("A role on {0} changed", "Owners may do everything, maintainers upload."),
    "role.remove": ("Somebody left {0}", "Their tokens do not open the project any more."),
    "role.offer_transfer": (
        "{0} is offered to somebody else",
        "Who offered it steps down once it is accepted; until then any owner can withdraw it.",
    ),
    "role.transfer": ("{0} has another owner", "Who offered it has stepped down."),
    "team.grant": ("A team has a role on {0}", "Every member of the team has that role."),
    "team.change_role": (
        "The role of a team on {0} changed",
        "Owners may do everything, maintainers upload.",
    ),
    "team.revoke": ("A team lost its role on {0}", "Its members may not upload by it any more."),
    "publisher.add": (
        "{0} trusts another CI job",
        "It may upload releases without a token; whoever may start it, may publish.",
    ),
    "publisher.remove": ("{0} trusts a CI job no longer", "It cannot upload any more."),
    "project.private": ("{0} is private now", "Only people with a role see and install it."),
    "project.public": ("{0} is public now", "Everybody sees and installs it."),
    "project.rename": ("{name} is called {0} now", "New files carry the new name."),
}
# When moderators do it, `moderation` files a decision, which whoever it concerns can appeal.
QUARANTINES = ("file.quarantine", "release.quarantine", "project.quarantined")
REMOVALS = ("file.delete", "release.delete", "project.delete")
REMOVED = "Only the moderators can bring it back."


@receiver(events.by_people)
def announce(sender: type[Model], signal: Signal, event: AuditEvent, **kwargs: Any) -> None:
    """Have the people of the project told, but for a name that nobody has seen."""
    if _project(event).published_at is not None:
        jobs.enqueue("packages.letters.tell_people", event.pk)


def tell_people(event_pk: int) -> int:
    """Write to the owners and maintainers of the project; returns to how many."""
    event = AuditEvent.objects.select_related("user").get(pk=event_pk)
    project = _project(event)
    people = list(insiders.people_of(project, access.UPLOADERS))
    insider = any(user.pk == event.user_id for user in people)
    context, told = _context(event, project, insider=insider), _told_otherwise(event)
    return sum(_tell_once(user, event, context) for user in people if user.pk not in told)


def _told_otherwise(event: AuditEvent) -> set[int]:
    """To whom an app above writes about the same, with more to say."""
    return {pk for path in settings.LETTERS_OF_OTHERS for pk in import_string(path)(event)}


def _context(event: AuditEvent, project: Project, *, insider: bool) -> dict[str, Any]:
    before = (event.before or {}).get("name", "")
    what, meaning = (text.format(event.subject, name=before) for text in SENTENCES[event.action])
    removed = event.action in REMOVALS
    return {
        "what": what,
        "meaning": REMOVED if removed and not insider else meaning,
        "insider": insider,
        "who": event.actor if insider else "a moderator",
        "reason": event.reason,
        "appeal": event.action in QUARANTINES or (removed and not insider),
        "at": event.at,
        "project": project,
    }


def _tell_once(user: User, event: AuditEvent, context: dict[str, Any]) -> bool:
    """A job that failed half-way is repeated, but not for those who have their letter."""
    about_people = event.action.startswith(("role.", "team.", "publisher."))
    page = "project-people" if about_people else "project-settings"
    address = reverse(page, args=[context["project"].normalized_name])
    return notices.notify(
        user,
        "people" if about_people else _kind(event, context),
        TEMPLATE,
        context,
        link=reverse("decisions") if context["appeal"] else address,
        occasion=f"event:{event.pk}",
    )


def _kind(event: AuditEvent, context: dict[str, Any]) -> str:
    """What moderators do reaches people whatever they chose."""
    return "project" if context["insider"] and event.action not in QUARANTINES else "decision"


def _project(event: AuditEvent) -> Project:
    """The project that the event is about, or that its subject belongs to."""
    if event.subject_type == File._meta.label_lower:
        return Project.objects.get(releases__files=int(event.subject_id))
    if event.subject_type == Release._meta.label_lower:
        return Project.objects.get(releases=int(event.subject_id))
    return Project.objects.get(pk=event.subject_id)
