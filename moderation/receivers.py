"""What the desk does when something happened in the index.

The case of a held upload is opened at once: nothing waits that is not on the desk, even while no
job runs.  All else is enqueued.
"""

from __future__ import annotations

from typing import Any

from django.db.models.signals import post_delete
from django.dispatch import receiver

from accounts import people
from accounts.models import AuditEvent, User
from moderation import appeals, cases, elsewhere, lifting, looking, removals, severities, siblings
from moderation import events as desk
from moderation.models import (
    Appeal,
    Case,
    CaseKind,
    Decision,
    DecisionKind,
    Note,
    Observation,
    ProhibitedName,
)
from packages import events
from packages.models import File, Project, Release, Stage
from packages.uploads.policies import Verdict
from pypi_site.lib import jobs


@receiver(events.stage_held)
def announce_held_upload(sender: type[Stage], stage: Stage, **kwargs: Any) -> None:
    severity = severities.severity_of(stage)
    case = cases.open_about(stage, kind=CaseKind.HELD, severity=severity)
    if severity > case.severity:  # it was opened before a job had looked through it
        severities.raise_to(case, severity)
    if looking.is_waited_for(stage):
        jobs.enqueue("moderation.looking.look_through", stage.pk)
    if looking.waits_only_for_us(stage):
        return
    for letter in ("moderation.tasks.tell_moderators", "moderation.tasks.tell_uploader_to_wait"):
        jobs.enqueue_later(letter, stage.pk, seconds=siblings.GATHERING)


@receiver(events.concerns_observed)
def file_observations(
    sender: type[Project], project: Project, verdicts: list[Verdict], **kwargs: Any
) -> None:
    for verdict in verdicts:
        if verdict.about:
            jobs.enqueue("moderation.observing.observe", verdict.about, verdict.as_dict())
        else:
            jobs.enqueue("moderation.observing.observe_name", project.pk, verdict.as_dict())


@receiver([events.stage_published, events.stage_rejected])
def close_case(sender: type[Stage], stage: Stage, **kwargs: Any) -> None:
    """A plain upload that nobody held has no row, and so no case."""
    if stage.pk:
        cases.close_settled(stage)


@receiver(desk.case_opened)
def announce_case(sender: type[Case], case: Case, **kwargs: Any) -> None:
    """Held uploads have an e-mail of their own."""
    if case.stage_id is None:
        jobs.enqueue("moderation.tasks.tell_moderators_of_case", case.pk)


@receiver(desk.uploader_asked)
def send_question(sender: type[Case], case: Case, note: Note, **kwargs: Any) -> None:
    jobs.enqueue("moderation.tasks.ask_uploader", note.pk)


@receiver(desk.uploader_answered)
def tell_of_answer(sender: type[Case], case: Case, note: Note, **kwargs: Any) -> None:
    jobs.enqueue("moderation.telling.tell_answered", note.pk)


@receiver(desk.case_handed_over)
def tell_of_handing_over(
    sender: type[Case], case: Case, note: Note, to: User, **kwargs: Any
) -> None:
    jobs.enqueue("moderation.telling.tell_handed_over", note.pk, to.pk)


@receiver(desk.decision_proposed)
def tell_of_proposal(sender: type[Case], case: Case, decision: Decision, **kwargs: Any) -> None:
    jobs.enqueue("moderation.telling.tell_proposed", decision.pk)


@receiver(
    [
        *(events.file_quarantined, events.file_cleared, events.file_deleted, events.file_restored),
        *(events.release_quarantined, events.release_cleared),
        *(events.release_deleted, events.release_restored),
        *(events.project_status_changed, events.project_deleted, events.project_restored),
    ]
)
def log_removal(sender: type[File | Release | Project], event: AuditEvent, **kwargs: Any) -> None:
    """At once: an entry has the serial of the change."""
    removals.write(kwargs[sender._meta.model_name or ""], event)


@receiver(
    [
        *(events.file_quarantined, events.release_quarantined, events.project_status_changed),
        *(events.file_deleted, events.release_deleted, events.project_deleted),
    ]
)
def note_decision(sender: type[File | Release | Project], event: AuditEvent, **kwargs: Any) -> None:
    """Unless the desk files one with it."""
    if elsewhere.is_meant(event):
        jobs.enqueue("moderation.elsewhere.note", event.pk)


@receiver([events.file_cleared, events.release_cleared, events.project_status_changed])
def lift_quarantine(sender: type[File | Release | Project], **kwargs: Any) -> None:
    """Whoever cleared it, and wherever."""
    item = kwargs[sender._meta.model_name or ""]
    if not item.quarantined:
        lifting.lift(item, DecisionKind.QUARANTINED)


@receiver([events.file_restored, events.release_restored, events.project_restored])
def lift_removal(sender: type[File | Release | Project], **kwargs: Any) -> None:
    lifting.lift(kwargs[sender._meta.model_name or ""], DecisionKind.REMOVED)


@receiver([events.stage_held, events.stage_published])
def lift_rejection(sender: type[Stage], stage: Stage, **kwargs: Any) -> None:
    """Of a session that its uploader has mended and sent again."""
    if stage.pk:
        lifting.lift(stage, DecisionKind.REJECTED)


@receiver(people.unfrozen)
def lift_freezing(sender: type[User], user: User, **kwargs: Any) -> None:
    lifting.lift(user, DecisionKind.FROZEN)


@receiver(post_delete, sender=ProhibitedName)
def lift_prohibition(sender: type[ProhibitedName], instance: ProhibitedName, **kwargs: Any) -> None:
    lifting.lift_prohibitions(instance.name)


@receiver(desk.case_decided)
def explain_removal(sender: type[Case], case: Case, decision: Decision, **kwargs: Any) -> None:
    removals.explain(case, decision)


@receiver(desk.case_decided)
def tell_of_decision(sender: type[Case], case: Case, decision: Decision, **kwargs: Any) -> None:
    """At each decision; who appealed when his appeal is answered."""
    jobs.enqueue("moderation.telling.tell_concerned", decision.pk)
    jobs.enqueue("moderation.telling.tell_reporters", decision.pk)
    for appeal in appeals.settle(case, decision, undone=False):
        jobs.enqueue("moderation.telling.tell_appellant", appeal.pk)


@receiver(desk.case_undone)
def tell_of_undoing(sender: type[Case], case: Case, decision: Decision, **kwargs: Any) -> None:
    jobs.enqueue("moderation.telling.tell_concerned_of_undoing", decision.pk)
    jobs.enqueue("moderation.telling.tell_reporters_of_undoing", decision.pk)
    for appeal in appeals.settle(case, decision, undone=True):
        jobs.enqueue("moderation.telling.tell_appellant", appeal.pk)


@receiver(desk.observation_filed)
def thank_reporter(sender: type[Observation], observation: Observation, **kwargs: Any) -> None:
    jobs.enqueue("moderation.telling.thank_reporter", observation.pk)


@receiver(desk.decision_appealed)
def announce_appeal(sender: type[Case], case: Case, appeal: Appeal, **kwargs: Any) -> None:
    jobs.enqueue("moderation.telling.announce_appeal", appeal.pk)
