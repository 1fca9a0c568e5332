"""Looking through what was too large to be looked through while it arrived.

Such a publication is held (`policies.hold_the_unseen`); a job takes its time, and then the
publication passes by itself, or waits for a moderator with what was found.
"""

from __future__ import annotations

from dataclasses import replace

from django.conf import settings
from django.utils.module_loading import import_string

from accounts.actors import SYSTEM
from moderation.policies.contents import BEING_LOOKED_AT
from moderation.scanning import Scan, of_archive
from moderation.scanning.scan import PATIENT
from packages import access, storage
from packages.models import Stage, StagedFile, StageStatus
from packages.uploads import policies, publication
from packages.uploads.looks import Looks
from packages.uploads.policies import Outcome, Submission, Verdict

TOO_LARGE = "too-large-to-look-through"


def waits_only_for_us(stage: Stage) -> bool:
    """Whether nothing else holds the stage, so that nobody need be told yet."""
    return all(hold["code"] == BEING_LOOKED_AT for hold in stage.holds)


def is_waited_for(stage: Stage) -> bool:
    return any(hold["code"] == BEING_LOOKED_AT for hold in stage.holds)


def look_through(stage_pk: int) -> bool:
    """Look at every file of a stage that waits for it; whether that made it public."""
    stage = (
        Stage.objects.held()
        .select_related("project", "created_by", "created_by_ci")
        .filter(pk=stage_pk)
        .first()
    )
    if stage is None or not is_waited_for(stage):
        return False
    files = publication.files_of(stage)
    verdicts = [verdict for file in files for verdict in _judge(stage, file)]
    stage = publication.reconsider(stage, BEING_LOOKED_AT, verdicts, actor=SYSTEM)
    return stage.status == StageStatus.PUBLISHED


def _judge(stage: Stage, file: StagedFile) -> list[Verdict]:
    """What the policies about contents say of a file when they have time."""
    with storage.local_copy(file.sha256) as path:
        scan = of_archive(path, file.filename, PATIENT)
    looks = Looks()
    looks.put(file, Scan, scan)
    project = stage.project
    registers = project.published_at is None
    uploader = publication.uploader_of(stage)
    actor = replace(uploader, user=access.answerable(uploader, project))
    submission = Submission(actor, project, registers, stage.version, file, looks)
    asked = [path for path in settings.UPLOAD_POLICIES if _looks(path)]
    found = [each for each in policies.review(submission, asked) if each.outcome != Outcome.OBSERVE]
    return [_too_large(each, file) if each.code == BEING_LOOKED_AT else each for each in found]


def _looks(path: str) -> bool:
    return getattr(import_string(path), "onlooker", None) is not None


def _too_large(verdict: Verdict, file: StagedFile) -> Verdict:
    reason = f"{file.filename} is too large to be looked through; somebody has to decide unseen."
    return Verdict(verdict.outcome, TOO_LARGE, reason, verdict.policy, verdict.evidence)
