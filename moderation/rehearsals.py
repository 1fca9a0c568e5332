"""Dry runs: what a policy would have hit among the last days' publications, beside what it hits."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone

from accounts.actors import Actor
from moderation.models import DryRun
from moderation.policies import LOOKALIKE, registry
from moderation.policies.registry import Known, acted
from moderation.tuning import CHANGE, require_numbers
from packages.models import File
from packages.uploads.policies import ALLOW, Outcome, Submission, Verdict
from pypi_site.lib import jobs
from pypi_site.lib.problems import Refused

DAYS = 30
MOST_FILES = 20_000
MOST_HITS = 200  # that are kept with their reasons
SECONDS = 600.0
_STEP = 25  # files between two notes of progress
_KNOWN_NAMES = "Names that are registered by now count as known, so likenesses are told too rarely."


def start(
    known: Known,
    numbers: Mapping[str, float],
    *,
    actor: Actor,
    enabled: bool = True,
    action: str = "",
) -> DryRun:
    """Ask a job what the policy would have hit if it were set so, and what it hits as it is set.

    The result is stored; nothing is changed.
    """
    if not actor.may(CHANGE):
        raise Refused("You may not rehearse policies; ask an administrator.")
    require_numbers(known, numbers)
    now = known.setting()
    run = DryRun.objects.create(
        policy=known.code,
        numbers=dict(numbers),
        proposed={"enabled": enabled, "action": action},
        current={"enabled": now.enabled, "action": now.action, "numbers": dict(now.numbers)},
        days=DAYS,
        started_by=actor.user,
    )
    jobs.enqueue("moderation.rehearsals.rehearse", run.pk)
    return run


def rehearse(run_pk: int) -> int:
    """Do it; begins anew if a job died in the middle.  Returns how many were hit."""
    run = DryRun.objects.get(pk=run_pk)
    known = registry.find(run.policy)
    if run.over or known is None:
        return run.count
    files = _publications(run)
    run.state, run.total, run.seen, run.count = run.State.RUNNING, files.count(), 0, 0
    run.count_now = run.differing = 0
    run.hits, run.remark = [], _KNOWN_NAMES if known.code == LOOKALIKE else ""
    run.save()
    try:
        _ask(run, known, files)
    except Exception:
        _end(run, run.State.FAILED, "Something broke; the log of the job tells what.")
        raise
    _end(run, run.State.DONE, "")
    return run.count


def _publications(run: DryRun) -> QuerySet[File]:
    since = run.started_at - timedelta(days=run.days)
    recent = File.objects.filter(published_at__gte=since, published_at__lte=run.started_at)
    chosen = recent.select_related("release__project", "uploaded_by", "uploaded_by_ci")
    return chosen.order_by("-published_at", "-pk")


def _ask(run: DryRun, known: Known, files: QuerySet[File]) -> None:
    end = time.monotonic() + SECONDS
    for file in files[:MOST_FILES].iterator(chunk_size=_STEP):
        if time.monotonic() > end:
            run.remark = f"The time was over; the newest {run.seen} publications were looked at."
            return
        _note(run, file, *_verdicts(known, run, _as_it_was(file)))
        run.seen += 1
        if run.seen % _STEP == 0:
            run.save(update_fields=["seen", "count", "count_now", "differing", "hits"])
    if run.total > MOST_FILES:
        run.remark = f"Only the newest {MOST_FILES} publications were looked at."


def _as_it_was(file: File) -> Submission:
    """The submission as it was judged when the file was published."""
    project, job = file.release.project, file.uploaded_by_ci
    actor = Actor(ci=job) if job else Actor(user=file.uploaded_by)
    registers = project.published_at is not None and file.published_at <= project.published_at
    version = file.release.version
    return Submission(actor, project, registers, version, file, at=file.published_at)


def _verdicts(known: Known, run: DryRun, submission: Submission) -> tuple[Verdict, Verdict]:
    """As the policy is set, and as it is proposed; asked once where the numbers are the same."""
    asked: dict[tuple[Any, ...], Verdict] = {}

    def verdict(setting: Mapping[str, Any], numbers: Mapping[str, float]) -> Verdict:
        if not setting.get("enabled", True):
            return ALLOW
        key = tuple(sorted(numbers.items()))
        if key not in asked:
            asked[key] = known.ask(submission, numbers)
        return acted(asked[key], setting.get("action", ""))

    now = verdict(run.current, run.current.get("numbers", run.numbers))
    return now, verdict(run.proposed, run.numbers)


def _note(run: DryRun, file: File, now: Verdict, proposed: Verdict) -> None:
    run.count += proposed.outcome is not Outcome.ALLOW
    run.count_now += now.outcome is not Outcome.ALLOW
    run.differing += now.outcome is not proposed.outcome
    said = now if proposed.outcome is Outcome.ALLOW else proposed
    if said.outcome is not Outcome.ALLOW and len(run.hits) < MOST_HITS:
        facts: dict[str, Any] = {"filename": file.filename, "project": file.project.name}
        facts["published_at"] = file.published_at.isoformat()
        facts["now"] = now.outcome.name.lower()
        facts["outcome"] = proposed.outcome.name.lower()
        run.hits.append({**facts, **said.as_dict()})


def _end(run: DryRun, state: DryRun.State, remark: str) -> None:
    run.state, run.ended_at = state, timezone.now()
    run.remark = f"{run.remark} {remark}".strip()
    run.save()
