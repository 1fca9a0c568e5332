"""Dry runs: what a policy would have hit of what arrived in the last days, beside what it hits."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.utils import timezone

from accounts.actors import Actor
from moderation import arrivals
from moderation.arrivals import Arrival
from moderation.models import DryRun
from moderation.policies import LOOKALIKE, registry
from moderation.policies.registry import Known, acted
from moderation.tuning import CHANGE, require_numbers
from packages.uploads.findings import Unreadable
from packages.uploads.policies import ALLOW, Outcome, Submission, Verdict
from pypi_site.lib import jobs
from pypi_site.lib.problems import Refused

DAYS = 30
MOST_FILES = 20_000
MOST_HITS = 200  # that are kept with their reasons
SECONDS = 480.0  # well below the timeout of a job (Q_CLUSTER)
_STEP = 25  # files between two notes of progress
_PROGRESS = ["seen", "unseen", "count", "count_now", "differing", "hits"]
_AS_OF_TODAY = "Popular names, downloads and exceptions are those of today."
_DIED = "The job that did it died in the middle; ask for it anew."


def start(
    known: Known,
    numbers: Mapping[str, float],
    *,
    actor: Actor,
    enabled: bool = True,
    action: str = "",
) -> DryRun:
    """Ask a job what the policy would have hit if it were set so, and what it hits as it is set.

    The result is stored; nothing is changed.  Numbers that are not named are as by default.
    """
    if not actor.may(CHANGE):
        raise Refused("You may not rehearse policies; ask an administrator.")
    require_numbers(known, numbers)
    numbers = {**known.defaults, **numbers}
    now = known.setting()
    run = DryRun.objects.create(
        policy=known.code,
        numbers=numbers,
        proposed={"enabled": enabled, "action": action},
        current={"enabled": now.enabled, "action": now.action, "numbers": dict(now.numbers)},
        days=DAYS,
        started_by=actor.user,
    )
    jobs.enqueue("moderation.rehearsals.rehearse", run.pk)
    return run


def rehearse(run_pk: int) -> int:
    """Do it once.  Returns how many were hit.

    What a job left half done is not begun anew: it would end in the same way, five times.
    """
    known = registry.find(DryRun.objects.get(pk=run_pk).policy)
    waiting = DryRun.objects.filter(pk=run_pk, state=DryRun.State.WAITING)
    is_ours = waiting.update(state=DryRun.State.RUNNING)
    run = DryRun.objects.get(pk=run_pk)
    if known is None or not is_ours:
        if not run.over:
            _end(run, run.State.FAILED, _DIED)
        return run.count
    try:
        _ask(run, known)
    except BaseException:  # the end of a job's time is a SystemExit
        _end(run, run.State.FAILED, "It broke off; the log of the job tells why.")
        raise
    _end(run, run.State.DONE, "")
    return run.count


def _ask(run: DryRun, known: Known) -> None:
    since, end = run.started_at - timedelta(days=run.days), time.monotonic() + SECONDS
    run.total = arrivals.count(since, run.started_at)
    run.remark = _AS_OF_TODAY if known.code == LOOKALIKE else ""
    run.save()
    for arrival in arrivals.newest(since, run.started_at, MOST_FILES):
        if time.monotonic() > end:
            run.remark += " The time was over."
            return
        _look_at(run, known, arrival)
        run.seen += 1
        if run.seen % _STEP == 0:
            run.save(update_fields=_PROGRESS)


def _look_at(run: DryRun, known: Known, arrival: Arrival) -> None:
    """Ask about it; what a rule about contents does not hit counts only if it was seen."""
    submission = arrival.submission
    now, proposed = _verdicts(known, run, submission)
    hit = Outcome.ALLOW not in (now.outcome, proposed.outcome)
    if not hit and not _is_seen(known, submission):
        run.unseen += 1
    _note(run, arrival, now, proposed)


def _is_seen(known: Known, submission: Submission) -> bool:
    """Whether all was looked at that the policy looks at: bytes may be gone, archives too large."""
    if known.onlooker is None or submission.file is None:
        return True
    try:
        return getattr(submission.looks.of(submission.file, known.onlooker), "complete", True)
    except (FileNotFoundError, Unreadable):
        return False


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


def _note(run: DryRun, arrival: Arrival, now: Verdict, proposed: Verdict) -> None:
    run.count += proposed.outcome is not Outcome.ALLOW
    run.count_now += now.outcome is not Outcome.ALLOW
    run.differing += now.outcome is not proposed.outcome
    said = now if proposed.outcome is Outcome.ALLOW else proposed
    if said.outcome is not Outcome.ALLOW and len(run.hits) < MOST_HITS:
        facts: dict[str, Any] = {"filename": arrival.file.filename, "became": arrival.became}
        facts["arrived_at"] = arrival.file.uploaded_at.isoformat()
        facts["now"] = now.outcome.name.lower()
        facts["outcome"] = proposed.outcome.name.lower()
        run.hits.append({**facts, **said.as_dict()})


def _end(run: DryRun, state: DryRun.State, remark: str) -> None:
    run.state, run.ended_at = state, timezone.now()
    run.remark = f"{run.remark} {remark}".strip()
    run.save()
