"""E-mails about teams: to members, to whoever left, and to owners of the team's projects."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.dispatch import receiver
from django.urls import reverse

from accounts import notices
from accounts.models import AuditEvent, User
from packages import events
from packages.models import Team
from pypi_site.lib import jobs

TEMPLATE = "packages/email/team.txt"
# What was done, and what it means: `{user}` is whom it concerns, `{team}` the team.
SENTENCES = {
    "team.join": (
        "{user} joined the team {team}",
        "Every member of the team has its roles on projects: who may upload by it, may now.",
    ),
    "team.change": (
        "{user} is {kind} of the team {team} now",
        "Owners of a team say who belongs to it; members have its roles on projects.",
    ),
    "team.remove": (
        "{user} does not belong to the team {team} any more",
        "What only the team had a role on is not open to this account nor to its tokens.",
    ),
    "team.delete": ("The team {team} was deleted", "Its roles on projects are gone with it."),
    "team.revoke": (
        "The team {team} has no role on {project} any more",
        "Members without a role of their own cannot upload to it, nor can their tokens.",
    ),
}


@receiver(events.team_changed)
def announce(
    sender: type[Team], team: Team, event: AuditEvent, people: list[int], **kwargs: Any
) -> None:
    """Have them told; whom it concerned is known only while the change is made."""
    jobs.enqueue("packages.team_letters.tell", event.pk, team.name, people)


def tell(event_pk: int, team: str, people: Iterable[int]) -> int:
    """Write to these people, each once; returns to how many."""
    event = AuditEvent.objects.select_related("person").get(pk=event_pk)
    people = list(people)
    context = _context(event, team, insider=event.user_id in people)
    told = User.objects.filter(pk__in=people, is_active=True).order_by("pk")
    return sum(_tell_once(user, event, context) for user in told)


def _context(event: AuditEvent, team: str, *, insider: bool) -> dict[str, Any]:
    """What staff is called, who has nothing to do with it, is told to nobody."""
    facts = event.after or {}
    words = {"team": team, "project": event.subject, "user": "", "kind": ""}
    words |= {key: str(facts[key]) for key in ("user", "kind") if key in facts}
    what, meaning = (text.format(**words) for text in SENTENCES[event.action])
    return {
        "what": what,
        "meaning": meaning,
        "who": event.actor if insider else "a moderator",
        "reason": event.reason,
        "at": event.at,
    }


def _tell_once(user: User, event: AuditEvent, context: dict[str, Any]) -> bool:
    return notices.notify(
        user, "people", TEMPLATE, context, link=reverse("teams"), occasion=f"event:{event.pk}"
    )
