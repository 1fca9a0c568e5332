"""What moderators did by another door than the desk gets its decision, too.

So it stands among the decisions about whom it concerns, who can appeal it, and is undone on the
desk.  A job asks, after commit, whether the desk itself has filed one.
"""

from __future__ import annotations

from typing import Any

from django.db import transaction

from accounts import audit
from accounts.actors import Actor
from accounts.models import AuditEvent
from moderation import cases, events, lifting
from moderation.models import Case, CaseKind, CaseState, Decision, DecisionKind, Subject
from moderation.models.subjects import as_fields, project_of
from packages import access, insiders
from packages.models import File, Project, Release

_MODELS = {"file": File, "release": Release, "project": Project}
_KINDS = {
    "quarantine": DecisionKind.QUARANTINED,
    "quarantined": DecisionKind.QUARANTINED,
    "delete": DecisionKind.REMOVED,
}


def is_meant(event: AuditEvent) -> bool:
    """Whether a moderator may have done it."""
    return event.user_id is not None and event.action.partition(".")[2] in _KINDS


@transaction.atomic
def note(event_pk: int) -> Decision | None:
    """File the decision of an event of the trail; None if there is one, or it is no moderator's."""
    event = AuditEvent.objects.select_related("user").get(pk=event_pk)
    what, _, verb = event.action.partition(".")
    kind, item = _KINDS[verb], _locked(_MODELS[what], event)
    if not _stands(kind, item) or _is_their_own(kind, item, event):
        return None
    if lifting.in_force(item, kind).exists():
        return None
    return _file(event, kind, item)


def _locked(model: Any, event: AuditEvent) -> File | Release | Project:
    """What it is about, with its project under lock."""
    item: File | Release | Project = model.objects.get(pk=event.subject_id)
    if project := project_of(item):
        Project.objects.lock(project.pk)
    item.refresh_from_db()
    return item


def _stands(kind: DecisionKind, item: File | Release | Project) -> bool:
    """Whether it is so still."""
    if kind == DecisionKind.QUARANTINED:
        return bool(item.quarantined)
    if isinstance(item, Release):
        return not item.files.filter(deleted_at=None).exists()
    return item.deleted_at is not None


def _is_their_own(kind: DecisionKind, item: Subject, event: AuditEvent) -> bool:
    """Who uploads may delete; only moderators put into quarantine."""
    people = insiders.people_of(project_of(item), access.UPLOADERS)
    return kind == DecisionKind.REMOVED and people.filter(pk__in=[event.user_id]).exists()


def _file(event: AuditEvent, kind: DecisionKind, item: Subject) -> Decision:
    """In the live case about it, which goes on, or in one that is opened and closed with it."""
    found = cases.live(item)
    case = cases.lock(found or cases.open_about(item, kind=CaseKind.OTHER, at=event.at))
    decision = Decision.objects.create(
        case=case,
        **as_fields(item),
        title=str(item)[:300],
        kind=kind,
        reason=event.reason,
        moderator=event.user,
        decided_at=event.at,
        details={"files": (event.after or {}).get("files", []), "closed": found is None},
    )
    before = cases.standing(case)
    if found is None:
        cases.set_state(case, CaseState.DECIDED, event.user)
    actor = Actor(user=event.user, address=event.address, client=event.client)
    facts = {"decision": decision.pk, **cases.standing(case)}
    audit.record(actor, "case.note_decision", case, reason=event.reason, before=before, after=facts)
    events.case_decided.send(Case, case=case, decision=decision)
    return decision
