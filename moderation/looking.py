"""Looking through what was too large to be looked through while it arrived.

Such a publication is held (`policies.hold_the_unseen`); a job takes its time, and then the
publication passes by itself, or waits for a moderator with what was found.  A job that has had its
time leaves the other files of a large session to the next one.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from accounts.actors import SYSTEM
from moderation.policies.contents import BEING_LOOKED_AT
from moderation.scanning import Scan, of_archive
from moderation.scanning.scan import PATIENT
from packages import access, storage
from packages.models import Stage, StagedFile, StageStatus
from packages.uploads import policies, publication, reconsidering
from packages.uploads.looks import Looks
from packages.uploads.policies import Outcome, Submission, Verdict
from packages.uploads.publication import NotHeld
from packages.uploads.signals import Signal

TOO_LARGE = "too-large-to-look-through"
# Of a job, before another goes on; its last file may take twice PATIENT longer, and a job that
# takes 600 is ended.
SECONDS = 240.0
# What the hold keeps meanwhile.
LOOKED_THROUGH, OBSERVED = "looked through", "observed"


def waits_only_for_us(stage: Stage) -> bool:
    """Whether nothing else holds the stage, so that nobody need be told yet."""
    return all(hold["code"] == BEING_LOOKED_AT for hold in stage.holds)


def is_waited_for(stage: Stage) -> bool:
    return any(hold["code"] == BEING_LOOKED_AT for hold in stage.holds)


def look_through(stage_pk: int) -> bool:
    """Look at the files of a stage that waits for it; whether that made it public."""
    stage = (
        Stage.objects.held()
        .select_related("project", "created_by", "created_by_ci")
        .filter(pk=stage_pk)
        .first()
    )
    if stage is None or not is_waited_for(stage):
        return False
    try:
        return _go_on(stage).status == StageStatus.PUBLISHED
    except NotHeld:  # a moderator was faster
        return False


def _go_on(stage: Stage) -> Stage:
    """From where the job before stopped."""
    hold = next(each for each in stage.holds if each["code"] == BEING_LOOKED_AT)
    before = hold.get(LOOKED_THROUGH, [])
    files = [each for each in publication.files_of(stage) if each.filename not in before]
    done, verdicts = _look_at(stage, files)
    verdicts += [_verdict(each) for each in hold.get(OBSERVED, [])]
    left = _left(hold, [*before, *done], verdicts) if len(done) < len(files) else None
    return reconsidering.reconsider(
        stage,
        BEING_LOOKED_AT,
        publication.gathered(verdicts),
        asked=() if before else policies.with_onlooker(),
        left=left,
        actor=SYSTEM,
    )


def _look_at(stage: Stage, files: Iterable[StagedFile]) -> tuple[list[str], list[Verdict]]:
    """One file at least, and others while there is time."""
    end = time.monotonic() + SECONDS
    done, verdicts = [], []
    for file in files:
        verdicts += _judge(stage, file)
        done.append(file.filename)
        if time.monotonic() > end:
            break
    return done, verdicts


def _left(hold: dict[str, Any], done: list[str], verdicts: list[Verdict]) -> dict[str, Any]:
    observed = [each for each in verdicts if each.outcome is Outcome.OBSERVE]
    facts = [{**each.as_dict(), "about": each.about} for each in observed]
    return {**hold, LOOKED_THROUGH: done, OBSERVED: facts}


def _verdict(facts: dict[str, Any]) -> Verdict:
    signals = tuple(Signal(**each) for each in facts.get("signals", []))
    code, reason, policy = facts["code"], facts["reason"], facts["policy"]
    return Verdict(Outcome.OBSERVE, code, reason, policy, (), signals, facts["about"])


def _judge(stage: Stage, file: StagedFile) -> list[Verdict]:
    """What the policies about contents say of a file when they have time."""
    with storage.local_copy(file.sha256) as path:
        scan = of_archive(path, file.filename, PATIENT)
    looks = Looks(PATIENT)
    looks.put(file, Scan, scan)
    project = stage.project
    registers = project.published_at is None
    uploader = publication.uploader_of(stage)
    actor = replace(uploader, user=access.answerable(uploader, project))
    submission = Submission(actor, project, registers, stage.version, file, looks)
    found = policies.review(submission, policies.with_onlooker())
    return [_too_large(each, file) if each.code == BEING_LOOKED_AT else each for each in found]


def _too_large(verdict: Verdict, file: StagedFile) -> Verdict:
    reason = f"{file.filename} is too large to be looked through; somebody has to decide unseen."
    return replace(verdict, code=TOO_LARGE, reason=reason)
