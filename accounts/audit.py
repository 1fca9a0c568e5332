"""The audit trail: every decision is recorded with who, what, why, before and after."""

from __future__ import annotations

from typing import Any

from django.db import models

from accounts.actors import Actor
from accounts.models import AuditEvent
from pypi_site.lib import sql


def record(
    actor: Actor,
    action: str,
    subject: models.Model,
    *,
    reason: str = "",
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> AuditEvent:
    """Add one event, in the transaction of the change that it tells of."""
    event = AuditEvent(
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
    )
    return sql.insert(event)
