"""E-mails of the desk; each may be asked for twice and is sent once."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.auth.models import Permission
from django.core.cache import cache
from django.db import transaction
from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils import timezone

from accounts import emails
from accounts.models import User
from moderation.models import Decision
from packages.models import Stage

WEEK_SECONDS = 7 * 86_400


@transaction.atomic
def tell_uploader(decision_pk: int) -> bool:
    """Write to whoever uploaded what was decided, and why."""
    chosen = Decision.objects.select_for_update(of=("self",)).select_related("stage__project")
    decision = chosen.get(pk=decision_pk)
    uploader = decision.stage.created_by
    if decision.told_at or uploader is None:
        return False
    files = decision.stage.files.order_by("filename")
    context = {
        "decision": decision,
        "stage": decision.stage,
        "files": files,
        "waits_again": settings.UPLOAD_HOLD == "everybody",
    }
    sent = emails.send(uploader, f"moderation/email/{decision.kind}.txt", context)
    decision.told_at = timezone.now()
    decision.save(update_fields=["told_at"])
    return sent


def tell_uploader_to_wait(stage_pk: int) -> bool:
    """Tell whoever uploaded that it waits: twine says nothing about a 202."""
    stage = Stage.objects.held().select_related("project", "created_by").filter(pk=stage_pk).first()
    if stage is None or stage.created_by is None:
        return False
    context = {"stage": stage, "files": stage.files.order_by("filename")}
    return _tell_once(stage.created_by, stage, "moderation/email/waiting.txt", context)


def tell_moderators(stage_pk: int) -> int:
    """Tell those who may decide that something waits; returns how many were written to."""
    stage = Stage.objects.held().select_related("project").filter(pk=stage_pk).first()
    if stage is None:  # decided meanwhile
        return 0
    path = reverse("admin:moderation_heldupload_change", args=[stage.pk])
    context = {"stage": stage, "files": stage.files.order_by("filename"), "path": path}
    template = "moderation/email/held.txt"
    return sum(_tell_once(moderator, stage, template, context) for moderator in moderators())


def _tell_once(user: User, stage: Stage, template: str, context: dict[str, Any]) -> bool:
    """A job that failed half-way is repeated, but not for those who have their e-mail.

    A session may be held again after each decision, and is told of again.
    """
    key = f"told:{template}:{stage.pk}:{stage.decisions.count()}:{user.pk}"
    if cache.get(key):
        return False
    sent = emails.send(user, template, context)
    cache.set(key, True, WEEK_SECONDS)
    return sent


def moderators() -> QuerySet[User]:
    """Everybody who may approve and reject."""
    decide = Permission.objects.filter(codename="decide_heldupload")
    may = Q(is_superuser=True) | Q(groups__permissions__in=decide) | Q(user_permissions__in=decide)
    return User.objects.filter(may, is_active=True, is_staff=True).distinct()
