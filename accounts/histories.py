"""The trail as those may see it whom it concerns.

Everybody sees where he himself was.  Where others were is theirs, and what moderators are called
is nobody's business but theirs.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from accounts import event_words, security_letters, sessions
from accounts.models import AuditEvent, User
from accounts.models.audit import AuditEventQuerySet

PER_PAGE = 50
A_MODERATOR = "a moderator"
_PLACES = {"address", "networks", "client"}


@dataclass(frozen=True)
class Line:
    """One event as one reader sees it."""

    id: int
    at: datetime
    action: str
    what: str
    actor: str
    subject: str
    reason: str
    details: list[tuple[str, str]]
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    address: str | None
    client: str

    @property
    def device(self) -> str:
        return sessions.device(self.client) if self.client else ""

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        facts = {name: value for name, value in vars(self).items() if name != "details"}
        return {**facts, "at": self.at.isoformat()}


@dataclass(frozen=True)
class Page:
    """Some lines, the newest first, and where older ones begin."""

    lines: list[Line]
    older: int | None


def of_person(event: AuditEvent, reader: User) -> Line:
    """As whoever the account belongs to sees it: who tried to sign in as him, too."""
    his = event.user_id in (None, reader.pk)
    return _line(event, _actor(event, {reader.pk}), places=his)


def of_project(event: AuditEvent, reader: User, insiders: Collection[int]) -> Line:
    """As an owner of the project sees it."""
    return _line(event, _actor(event, {reader.pk, *insiders}), places=event.user_id == reader.pk)


def _actor(event: AuditEvent, known: Collection[int]) -> str:
    """The name of whoever acted; of staff who has nothing to do with it there is none."""
    if event.user is None or event.user_id in known or not event.user.is_staff:
        return event.actor
    return A_MODERATOR


def _line(event: AuditEvent, actor: str, *, places: bool) -> Line:
    details = security_letters.details(event)
    before, after = event.before, event.after
    if not places:
        before, after = _without_places(before), _without_places(after)
        hidden = {event_words.DETAILS[name] for name in _PLACES & event_words.DETAILS.keys()}
        details = [(label, value) for label, value in details if label not in hidden]
    return Line(
        id=event.pk,
        at=event.at,
        action=event.action,
        what=event_words.sentence(event.action),
        actor=actor,
        subject=event.subject,
        reason=event.reason,
        details=details,
        before=before,
        after=after,
        address=event.address if places else None,
        client=event.client if places else "",
    )


def _without_places(facts: dict[str, Any] | None) -> dict[str, Any] | None:
    return facts and {name: value for name, value in facts.items() if name not in _PLACES}


def choose(
    events: AuditEventQuerySet, group: str, before: str, allowed: Collection[str]
) -> tuple[list[AuditEvent], int | None]:
    """A page of the events of one group, below the id `before`; and where the next one begins."""
    if group in allowed:
        events = events.of_actions(event_words.GROUPS[group][1])
    if before.isascii() and before.isdigit() and len(before) < 19:
        events = events.filter(pk__lt=int(before))
    found = list(events.select_related("user").order_by("-pk")[: PER_PAGE + 1])
    more = found[PER_PAGE - 1].pk if len(found) > PER_PAGE else None
    return found[:PER_PAGE], more


def choices(names: Collection[str]) -> list[tuple[str, str]]:
    """The groups that a page offers, with their names."""
    return [(name, event_words.GROUPS[name][0]) for name in names]
