"""Verbs on similarity exceptions: make, withdraw."""

from __future__ import annotations

from django.db import transaction

from accounts import audit
from accounts.actors import Actor
from moderation.models import SimilarityException
from pypi_site.lib.problems import ReasonNeeded


@transaction.atomic
def make(row: SimilarityException, *, actor: Actor) -> SimilarityException:
    """Let a likeness pass: of one name, of one person's names, or of one person's one name."""
    if not row.reason.strip():
        raise ReasonNeeded("Write the reason; it is kept in the audit trail.")
    row.created_by = actor.user
    row.full_clean()
    row.save()
    audit.record(actor, "similarity.except", row, reason=row.reason, after=_facts(row))
    return row


@transaction.atomic
def withdraw(row: SimilarityException, *, actor: Actor, reason: str) -> None:
    """Let the likeness count again, for names that nobody has registered yet."""
    if not reason.strip():
        raise ReasonNeeded("Write the reason; it is kept in the audit trail.")
    audit.record(actor, "similarity.withdraw", row, reason=reason, before=_facts(row))
    row.delete()


def _facts(row: SimilarityException) -> dict[str, str | None]:
    owner = row.owner.username if row.owner else None
    return {"candidate": row.candidate, "target": row.target, "owner": owner}
