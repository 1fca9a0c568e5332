"""What is known of a person: how long he is here, what he has, and what was decided before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Q, QuerySet

from accounts.models import User
from moderation.models import Case, Concerned, Decision
from packages import access
from packages.models import File, Project, Stage, StagedFile, StageStatus

SHOWN = 8


@dataclass(frozen=True)
class History:
    """Of one person; `counts` says how often what was decided about him or his uploads."""

    user: User
    parts: tuple[str, ...]
    projects: tuple[Project, ...]
    project_count: int
    uploads: int
    counts: tuple[tuple[str, int], ...]
    decisions: tuple[Decision, ...]
    reports: int


def of_people(case: Case) -> list[History]:
    """Of everybody whom the case concerns, but for its reporters; the uploader first."""
    rows = case.concerned.exclude(part=Concerned.Part.REPORTER).select_related("user")
    parts: dict[User, list[str]] = {}
    for row in rows.order_by("pk"):
        parts.setdefault(row.user, []).append(row.get_part_display())
    return [of_person(user, tuple(each), case) for user, each in list(parts.items())[:SHOWN]]


def of_person(user: User, parts: tuple[str, ...], case: Case) -> History:
    """What happened before `case` and beside it."""
    projects = Project.objects.held_by(user.pk).order_by("-pk")
    about = decisions_about(user)
    counts = about.values_list("kind").annotate(count=Count("pk")).order_by("kind")
    labels = dict(Decision.Kind.choices)
    return History(
        user=user,
        parts=parts,
        projects=tuple(projects[:SHOWN]),
        project_count=projects.count(),
        uploads=earlier_uploads(user, case),
        counts=tuple((labels[kind], count) for kind, count in counts),
        decisions=tuple(about.select_related("moderator", "case")[:SHOWN]),
        reports=_reports_about(user, case),
    )


def decisions_about(user: User) -> QuerySet[Decision]:
    """Everything in force that was decided about him, what he uploaded, or his projects."""
    his = Q(person=user) | Q(stage__created_by=user) | Q(file__uploaded_by=user)
    his |= Q(release__published_by=user)
    his |= Q(project__in=Project.objects.held_by(user.pk, access.OWNERS))
    done = Decision.objects.filter(his, state=Decision.State.DONE)
    return done.order_by("-decided_at", "-pk")


def earlier_uploads(user: User, case: Case) -> int:
    """How many files he has sent before: a first impression of him."""
    earlier = {"uploaded_by": user, "uploaded_at__lt": case.opened_at}
    unpublished = StagedFile.objects.exclude(stage__status=StageStatus.PUBLISHED)
    if case.stage_id:
        unpublished = unpublished.exclude(stage=case.stage_id)
    return File.objects.filter(**earlier).count() + unpublished.filter(**earlier).count()


def earlier_uploads_of_job(stage: Stage) -> int:
    """The same of the CI jobs of that workflow."""
    ci = stage.created_by_ci
    if ci is None:
        return 0
    whose = {"uploaded_by_ci__issuer": ci.issuer, "uploaded_by_ci__key": ci.key}
    earlier: dict[str, Any] = {**whose, "uploaded_at__lt": stage.created_at}
    unpublished = StagedFile.objects.exclude(stage__status=StageStatus.PUBLISHED)
    return File.objects.filter(**earlier).count() + unpublished.filter(**earlier).count()


def _reports_about(user: User, case: Case) -> int:
    """Other cases of what people reported that concern him."""
    mine = Case.objects.filter(concerned__user=user, observations__isnull=False)
    others = mine.exclude(concerned__user=user, concerned__part=Concerned.Part.REPORTER)
    return others.exclude(pk=case.pk).distinct().count()
