"""E-mails of the desk; each may be asked for twice and is sent once."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.auth.models import Permission
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from accounts import notices
from accounts.models import User
from moderation import cases
from moderation.models import Case, Decision, Note
from packages.models import Role, Stage


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
        "waits_again": settings.UPLOAD_HOLD == "everybody",
    }
    template = f"moderation/email/{decision.kind}.txt"
    occasion = f"decision:{decision.pk}"
    sent = [
        notices.notify(person, "upload", template, context, occasion=occasion)
        for person in _uploaders(stage)
    ]
    decision.told_at = timezone.now()
    decision.save(update_fields=["told_at"])
    return any(sent)


def _uploaders(stage: Stage) -> list[User]:
    """Whoever answers for an upload; of a CI job's the owners of the project that trusts it."""
    if stage.created_by or stage.created_by_ci_id is None:
        return [stage.created_by] if stage.created_by else []
    owners = stage.project.roles.filter(kind=Role.Kind.OWNER).select_related("user")
    return [role.user for role in owners.order_by("pk")]


def tell_uploader_to_wait(stage_pk: int) -> bool:
    """Tell whoever uploaded that it waits: twine says nothing about a 202."""
    stage = Stage.objects.held().select_related("project", "created_by").filter(pk=stage_pk).first()
    if stage is None:
        return False
    context = {"stage": stage, "files": stage.files.order_by("filename")}
    template = "moderation/email/waiting.txt"
    told = [_tell_once(person, "upload", stage, template, context) for person in _uploaders(stage)]
    return any(told)


def tell_moderators(stage_pk: int) -> int:
    """Tell those who may decide that something waits; returns how many were written to."""
    stage = Stage.objects.held().select_related("project").filter(pk=stage_pk).first()
    if stage is None:  # decided meanwhile
        return 0
    path = cases.open_about(stage).get_absolute_url()
    context = {"stage": stage, "files": stage.files.order_by("filename"), "path": path}
    template = "moderation/email/held.txt"
    return sum(_tell_once(user, "desk", stage, template, context) for user in moderators())


def tell_moderators_of_case(case_pk: int) -> int:
    """Tell those who may decide that something was reported; returns how many were written to."""
    case = Case.objects.live().filter(pk=case_pk).first()
    if case is None:
        return 0
    context = {"case": case, "observations": case.observations.select_related("reporter")}
    template = "moderation/email/reported.txt"
    occasion = f"case:{case.pk}"
    return sum(
        notices.notify(user, "desk", template, context, occasion=occasion) for user in moderators()
    )


def ask_uploader(note_pk: int) -> bool:
    """Send a moderator's question to whoever uploaded what the case is about."""
    note = Note.objects.select_related("case").get(pk=note_pk)
    case = Case.objects.with_subjects().get(pk=note.case_id)
    uploader = cases.uploader_of(case.subject) if case.subject else None
    if uploader is None:
        return False
    context = {"case": case, "note": note, "contact": settings.MODERATORS_CONTACT}
    template = "moderation/email/question.txt"
    return notices.notify(uploader, "upload", template, context, occasion=f"note:{note.pk}")


def _tell_once(user: User, kind: str, stage: Stage, template: str, context: dict[str, Any]) -> bool:
    """A job that failed half-way is repeated, but not for those who have their letter.

    A session may be held again after each decision, and is told of again.
    """
    occasion = f"{kind}:{stage.pk}:{stage.decisions.count()}"
    return notices.notify(user, kind, template, context, occasion=occasion)


def moderators() -> QuerySet[User]:
    """Everybody who may approve and reject."""
    decide = Permission.objects.filter(codename="decide_heldupload")
    may = Q(is_superuser=True) | Q(groups__permissions__in=decide) | Q(user_permissions__in=decide)
    return User.objects.filter(may, is_active=True, is_staff=True).distinct()
