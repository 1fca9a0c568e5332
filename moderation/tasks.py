"""E-mails of the desk; each may be asked for twice and is sent once."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from accounts import notices
from accounts.models import User
from moderation import appeals, cases, looking, policies, siblings
from moderation.models import Case, Concerned, Decision, DecisionKind, DecisionState, Note
from packages import access, insiders
from packages.models import Stage, StagedFile

# What is decided against somebody reaches him whatever he chose.
KINDS_OF_LETTERS = {DecisionKind.APPROVED: "upload", DecisionKind.REJECTED: "decision"}


@transaction.atomic
def tell_uploader(decision_pk: int) -> bool:
    """Write to whoever uploaded what was decided, and why: of a release once, if it was one reason.

    What is taken back by now only its undoing tells.
    """
    together = _decided_with(Decision.objects.select_related("stage__project").get(pk=decision_pk))
    standing = [row for row in together if row.state != DecisionState.UNDONE]
    sent = _tell_decided(standing) if standing else False
    Decision.objects.filter(pk__in=[row.pk for row in together]).update(told_at=timezone.now())
    return sent


def _decided_with(decision: Decision) -> list[Decision]:
    """What was decided likewise about uploads of the same release, and is not told of, locked."""
    stage = decision.stage
    if stage is None or decision.told_at:
        return []
    alike = Decision.objects.filter(
        kind=decision.kind,
        reason=decision.reason,
        stage__project=stage.project,
        stage__sort_key=stage.sort_key,
        told_at=None,
    )
    rows = alike.select_for_update(of=("self",)).select_related("stage__project", "case")
    return list(rows.order_by("pk"))


def _tell_decided(together: list[Decision]) -> bool:
    """One letter to each whom any of them concerns."""
    first, stages = together[0], [row.stage for row in together]
    context = {
        "decision": first,
        "stage": first.stage,
        "uploaders": [stage.created_by for stage in stages if stage],
        "files": StagedFile.objects.filter(stage__in=stages).order_by("filename"),
        "waits_again": policies.everybody_waits(),
    }
    template = f"moderation/email/{first.kind}.txt"
    kind = KINDS_OF_LETTERS[DecisionKind(first.kind)]
    link, occasion = reverse("decisions"), f"decision:{first.pk}"
    answered = {pk for row in together for pk in appeals.appellants(row)}
    sent = [
        notices.notify(person, kind, template, context, link=link, occasion=occasion)
        for person in _people_of_uploads(stages)
        if person.pk not in answered
    ]
    return any(sent)


def people_of(case: Case) -> list[User]:
    """Uploader, owners (also those of now), or whom it is about: everybody but the reporters."""
    concerned = case.concerned.exclude(part=Concerned.Part.REPORTER).select_related("user")
    found = dict.fromkeys(row.user for row in concerned.order_by("pk"))
    if case.subject_project:
        owners = insiders.people_of(case.subject_project, access.OWNERS)
        found |= dict.fromkeys(owners.order_by("pk"))
    return list(found)


def _people_of_uploads(stages: Iterable[Stage | None]) -> list[User]:
    """Uploaders and owners, each once; a case was opened with the hold."""
    found: dict[User, None] = {}
    for stage in filter(None, stages):
        case = Case.objects.about(stage).order_by("-pk").first()
        found |= dict.fromkeys(people_of(case or cases.open_about(stage)))
    return list(found)


def tell_uploader_to_wait(stage_pk: int) -> bool:
    """Tell whoever uploaded that it waits: twine says nothing about a 202."""
    together = _held_and_untold(stage_pk, "upload")
    if not together:
        return False
    stages = [case.stage for case in together]
    context, occasion = _of_held(together), _occasion("upload", together)
    template = "moderation/email/waiting.txt"
    link = reverse("project-stages", args=[context["stage"].project.normalized_name])
    told = [
        notices.notify(person, "upload", template, context, link=link, occasion=occasion)
        for person in _people_of_uploads(stages)
    ]
    siblings.note_told(together, "upload")
    return any(told)


def tell_moderators(stage_pk: int) -> int:
    """Tell those who may decide that something waits; returns how many were written to."""
    together = _held_and_untold(stage_pk, "desk")
    if not together:  # decided meanwhile, or told of with another file
        return 0
    path = together[0].get_absolute_url()
    context, occasion = _of_held(together) | {"path": path}, _occasion("desk", together)
    template = "moderation/email/held.txt"
    told = [
        notices.notify(user, "desk", template, context, link=path, occasion=occasion)
        for user in cases.moderators()
    ]
    siblings.note_told(together, "desk")
    return sum(told)


def _held_and_untold(stage_pk: int, kind: str) -> list[Case]:
    """Every upload of that release that waits for a person, and was not told of."""
    stage = Stage.objects.held().filter(pk=stage_pk).first()
    if stage is None:
        return []
    cases.open_about(stage)
    untold = siblings.untold(stage, kind)
    return [case for case in untold if case.stage and not looking.waits_only_for_us(case.stage)]


def _of_held(together: list[Case]) -> dict[str, Any]:
    """What a letter says of them; the same reason for several files once."""
    stages = [case.stage for case in together if case.stage]
    reasons = dict.fromkeys(hold["reason"] for stage in stages for hold in stage.holds)
    return {
        "stage": stages[0],
        "uploaders": [stage.created_by for stage in stages],
        "names": ", ".join(dict.fromkeys(stage.uploader or "somebody" for stage in stages)),
        "files": StagedFile.objects.filter(stage__in=stages).order_by("filename"),
        "reasons": list(reasons),
    }


def _occasion(kind: str, together: list[Case]) -> str:
    """A job that failed half-way is repeated, but not for those who have their letter."""
    return f"{kind}:case:{together[0].pk}:{len(together)}"


def tell_moderators_of_case(case_pk: int) -> int:
    """Tell those who may decide that something was reported; returns how many were written to."""
    case = Case.objects.live().filter(pk=case_pk).first()
    if case is None:
        return 0
    context = {"case": case, "observations": case.observations.select_related("reporter")}
    template = "moderation/email/reported.txt"
    occasion, link = f"case:{case.pk}", case.get_absolute_url()
    return sum(
        notices.notify(user, "desk", template, context, link=link, occasion=occasion)
        for user in cases.moderators()
    )


def ask_uploader(note_pk: int) -> bool:
    """Send a moderator's question to uploader and owners: each of them may answer."""
    note = Note.objects.select_related("case").get(pk=note_pk)
    case = Case.objects.with_subjects().get(pk=note.case_id)
    context = {"case": case, "note": note}
    template, occasion = "moderation/email/question.txt", f"note:{note.pk}"
    link = reverse("case-answer", args=[case.pk])
    told = [
        notices.notify(user, "upload", template, context, link=link, occasion=occasion)
        for user in people_of(case)
    ]
    return any(told)
