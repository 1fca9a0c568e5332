"""The audit trail: every decision is recorded with who, what, why, before and after."""

from __future__ import annotations

from datetime import datetime
from typing import Any, TypedDict, Unpack

from django.db import models
from django.utils import timezone

from accounts import event_words
from accounts.actors import Actor
from accounts.models import ApiToken, AuditEvent, User
from pypi_site.lib import jobs


class About(TypedDict, total=False):
    """Whose account it concerns, where the subject does not say so; when it was, if not now.

    What is `quiet` is part of something else, of which he is told.
    """

    person: User
    at: datetime
    quiet: bool


def record(
    actor: Actor,
    action: str,
    subject: models.Model,
    *,
    reason: str = "",
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
    **about: Unpack[About],
) -> AuditEvent:
    """Add one event, in the transaction of the change that it tells of.

    The person whom it concerns is told of what `event_words.LETTERS` names.
    """
    event = AuditEvent.objects.create(
        at=about.get("at") or timezone.now(),
        user=actor.user,
        actor=actor.label[:200],
        action=action,
        subject_type=subject._meta.label_lower,
        subject_id=str(subject.pk),
        subject=str(subject)[:300],
        reason=reason,
        before=before,
        after=after,
        address=actor.address,
        client=actor.client,
        person_id=person.pk if (person := about.get("person")) else _person_of(subject),
        project=_project_of(subject),
    )
    if event.person_id and action in event_words.LETTERS and not about.get("quiet"):
        jobs.enqueue("accounts.tasks.tell_of_event", event.pk)
    return event


def _person_of(subject: models.Model) -> int | None:
    if isinstance(subject, User):
        return subject.pk
    return subject.user_id if isinstance(subject, ApiToken) else None


def _project_of(subject: models.Model) -> int | None:
    """The project that something belongs to; the index's tables agree on how to say it."""
    if subject._meta.label_lower == "packages.project":
        return int(subject.pk)
    of_release = getattr(subject, "release", None)  # a file
    found = getattr(of_release or subject, "project_id", None)
    return found if isinstance(found, int) else None
