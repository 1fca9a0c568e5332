"""E-mails of the desk; each may be asked for twice and is sent once."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from accounts import notices
from accounts.models import User
from moderation import cases, policies
from moderation.models import Case, Concerned, Decision, Note
from packages import access, insiders
from packages.models import Stage


@transaction.atomic
def tell_uploader(decision_pk: int) -> bool:
    """Write to whoever uploaded what was decided, and why."""
    chosen = Decision.objects.select_for_update(of=("self",)).select_related("stage__project")
    decision = chosen.get(pk=decision_pk)
    stage = decision.stage
    if decision.told_at or stage is None:
        return False
    files = stage.files.order_by("filename")
    context = {
        "decision": decision,
        "stage": stage,
        "files": files,
        "waits_again": policies.everybody_waits(),
    }
    template = f"moderation/email/{decision.kind}.txt"
    occasion = f"decision:{decision.pk}"
    link = reverse("decisions")
    sent = [
        notices.notify(person, "upload", template, context, link=link, occasion=occasion)
        for person in _people_of_upload(stage)
    ]
    decision.told_at = timezone.now()
    decision.save(update_fields=["told_at"])
    return any(sent)


def people_of(case: Case) -> list[User]:
    """Uploader, owners (also those of now), or whom it is about: everybody but the reporters."""
    concerned = case.concerned.exclude(part=Concerned.Part.REPORTER).select_related("user")
    found = dict.fromkeys(row.user for row in concerned.order_by("pk"))
    if case.subject_project:
        owners = insiders.people_of(case.subject_project, access.OWNERS)
        found |= dict.fromkeys(owners.order_by("pk"))
    return list(found)


def _people_of_upload(stage: Stage) -> list[User]:
    """Uploader and owners; a case was opened with the hold."""
    case = Case.objects.about(stage).order_by("-pk").first()
    return people_of(case or cases.open_about(stage))


def tell_uploader_to_wait(stage_pk: int) -> bool:
    """Tell whoever uploaded that it waits: twine says nothing about a 202."""
    stage = Stage.objects.held().select_related("project", "created_by").filter(pk=stage_pk).first()
    if stage is None:
        return False
    context = {"stage": stage, "files": stage.files.order_by("filename")}
    template = "moderation/email/waiting.txt"
    link = reverse("project-stages", args=[stage.project.normalized_name])
    told = [
        _tell_once(person, "upload", stage, template, context, link=link)
        for person in _people_of_upload(stage)
    ]
    return any(told)


def tell_moderators(stage_pk: int) -> int:
    """Tell those who may decide that something waits; returns how many were written to."""
    stage = Stage.objects.held().select_related("project").filter(pk=stage_pk).first()
    if stage is None:  # decided meanwhile
        return 0
    path = cases.open_about(stage).get_absolute_url()
    context = {"stage": stage, "files": stage.files.order_by("filename"), "path": path}
    template = "moderation/email/held.txt"
    told = [
        _tell_once(user, "desk", stage, template, context, link=path) for user in cases.moderators()
    ]
    return sum(told)


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


def _tell_once(
    user: User, kind: str, stage: Stage, template: str, context: dict[str, Any], *, link: str
) -> bool:
    """A job that failed half-way is repeated, but not for those who have their letter.

    A session may be held again after each decision, and is told of again.
    """
    occasion = f"{kind}:{stage.pk}:{stage.decisions.count()}"
    return notices.notify(user, kind, template, context, link=link, occasion=occasion)
