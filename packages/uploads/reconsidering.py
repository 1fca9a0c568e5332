"""What waited for a job that takes its time: published by itself, or put before a moderator.

Nobody looks at what passes here, so whatever is quick to ask is asked again: since the upload a
name may have been prohibited, an account frozen or a role taken away.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from django.db import transaction

from accounts import audit
from accounts.actors import Actor
from packages import access, events, insiders
from packages.models import Project, Stage, StagedFile
from packages.uploads import policies, publication
from packages.uploads.policies import Outcome, Submission, Verdict
from pypi_site.lib.problems import Refused


@transaction.atomic
def reconsider(
    stage: Stage,
    code: str,
    verdicts: Sequence[Verdict],
    *,
    actor: Actor,
    asked: Collection[str] = (),
    left: Mapping[str, Any] | None = None,
) -> Stage:
    """Put `verdicts` in the place of the hold `code`, which waited for them.

    They replace what the policies `asked` said before; `left` is what remains of that hold while
    the job is not done.  Where nothing holds the stage it is published.  Raises `NotHeld` when
    somebody has decided meanwhile.
    """
    stage = publication.lock_held(stage)
    files = publication.files_of(stage)
    others = [each for each in stage.holds if each["code"] != code]
    kept = [each for each in others if each.get("policy") not in asked]
    said = [each.as_dict() for each in verdicts if each.outcome is not Outcome.OBSERVE]
    stage.holds = [*kept, *(each for each in said if each not in kept), *([left] if left else [])]
    again = [] if stage.holds else objections(stage, files)
    stage.holds += [each.as_dict() for each in again if each.outcome is not Outcome.OBSERVE]
    if stage.holds:
        return _wait(stage, actor)
    observed = [each for each in (*verdicts, *again) if each.outcome is Outcome.OBSERVE]
    return _pass(stage, files, observed, actor)


def objections(stage: Stage, files: Sequence[StagedFile]) -> list[Verdict]:
    """What speaks against publishing it now, as far as that can be told without its archives."""
    uploader = publication.uploader_of(stage)
    return [*_about_uploader(uploader, stage.project), *_of_policies(uploader, stage, files)]


def _about_uploader(uploader: Actor, project: Project) -> Iterator[Verdict]:
    try:
        access.require_accepting(project)
    except Refused as refusal:
        yield Verdict(Outcome.HOLD, refusal.code, refusal.text, publication.CHECKS)
    if not _may_upload(uploader, project):
        reason = (
            "Whoever uploaded it may not upload to the project any more; somebody has to decide."
        )
        yield Verdict(Outcome.HOLD, "uploader-may-not-upload", reason, publication.CHECKS)


def _may_upload(uploader: Actor, project: Project) -> bool:
    if job := uploader.ci:
        return project.publishers.filter(issuer=job.issuer, key=job.key).exists()
    people = insiders.people_of(project, access.UPLOADERS).filter(is_active=True)
    return uploader.user is not None and people.filter(pk=uploader.user.pk).exists()


def _of_policies(uploader: Actor, stage: Stage, files: Sequence[StagedFile]) -> list[Verdict]:
    project, registers = stage.project, stage.project.published_at is None
    actor = replace(uploader, user=access.answerable(uploader, project))
    subjects: Sequence[StagedFile | None] = files or [None]
    verdicts = [
        verdict
        for file in subjects
        for verdict in policies.review(
            Submission(actor, project, registers, stage.version, file), policies.without_onlooker()
        )
    ]
    return publication.gathered(verdicts)


def _wait(stage: Stage, actor: Actor) -> Stage:
    stage.notices = [f"Held for review: {each['reason']}" for each in stage.holds]
    stage.save(update_fields=["holds", "notices"])
    after = {"holds": [each["code"] for each in stage.holds]}
    audit.record(actor, "stage.reconsider", stage, after=after)
    events.stage_held.send(Stage, stage=stage)
    return stage


def _pass(
    stage: Stage, files: Sequence[StagedFile], observed: Sequence[Verdict], actor: Actor
) -> Stage:
    stage.files.update(reserved=False)
    publication.publish(stage, files, actor=publication.uploader_of(stage))
    audit.record(actor, "stage.pass", stage, after={"status": stage.status})
    if observed:
        events.concerns_observed.send(Project, project=stage.project, verdicts=list(observed))
    return stage
