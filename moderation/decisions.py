"""What a moderator does about a held upload: approve, reject."""

from __future__ import annotations

from django.db import transaction

from accounts import people
from accounts.actors import Actor
from moderation.models import Decision
from moderation.policies import DECIDE
from packages.models import Stage
from packages.uploads import stages
from pypi_site.lib import jobs
from pypi_site.lib.problems import ReasonNeeded, Refused


@transaction.atomic
def approve(stage: Stage, *, actor: Actor, reason: str) -> Decision:
    """Publish a held upload, and let its uploader's next projects pass.

    Raises `NotHeld` when another moderator was faster.
    """
    _authorize(actor, reason)
    stage = stages.approve(stage, actor=actor, reason=reason)
    if stage.created_by:
        people.trust(stage.created_by, actor=actor, reason=f"Approved {stage}: {reason}")
    return _file(stage, Decision.Kind.APPROVED, actor, reason)


@transaction.atomic
def reject(stage: Stage, *, actor: Actor, reason: str) -> Decision:
    """Turn a held upload away; its filename may be used again, by a better file."""
    _authorize(actor, reason)
    stage = stages.reject(stage, actor=actor, reason=reason)
    return _file(stage, Decision.Kind.REJECTED, actor, reason)


def _authorize(actor: Actor, reason: str) -> None:
    if not actor.may(DECIDE):
        raise Refused("Only moderators decide about held uploads; ask an administrator.")
    if not reason.strip():
        raise ReasonNeeded("Write the reason for your decision; the uploader will read it.")


def _file(stage: Stage, kind: Decision.Kind, actor: Actor, reason: str) -> Decision:
    decision = Decision.objects.create(
        stage=stage, kind=kind, reason=reason.strip(), moderator=actor.user
    )
    jobs.enqueue("moderation.tasks.tell_uploader", decision.pk)
    return decision
