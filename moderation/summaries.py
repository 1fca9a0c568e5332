"""What an action would do to each of many cases, in short; asked at once for all of them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from moderation import consequences
from moderation.actions import Action, is_possible
from moderation.consequences import Consequence
from moderation.models import Appeal, Case, Decision, DecisionState, Observation
from moderation.models.decisions import HARMFUL
from packages.models import Release, Stage, StagedFile


@dataclass
class _Facts:
    """What is known of all the cases; `acted_upon` are those in which something is in force,
    `hidden` projects and versions of releases in quarantine."""

    filenames: dict[int, list[str]] = field(default_factory=lambda: defaultdict(list))
    appeals: dict[int, list[Decision]] = field(default_factory=lambda: defaultdict(list))
    reports: Counter[int] = field(default_factory=Counter)
    acted_upon: set[int] = field(default_factory=set)
    hidden: set[tuple[int, str]] = field(default_factory=set)


def of(cases: Sequence[Case], action: Action) -> list[tuple[Case, list[Consequence]]]:
    """What approving, rejecting or closing them does, case by case."""
    facts = _facts(cases)
    return [(case, [*_of_case(case, action, facts)]) for case in cases]


def _facts(cases: Sequence[Case]) -> _Facts:
    found = _Facts()
    staged = StagedFile.objects.filter(stage__in=[case.stage_id for case in cases if case.stage_id])
    for stage, filename in staged.order_by("filename").values_list("stage_id", "filename"):
        found.filenames[stage].append(filename)
    for appeal in Appeal.objects.filter(case__in=cases, outcome="").select_related("decision"):
        found.appeals[appeal.case_id].append(appeal.decision)
    found.reports.update(Observation.objects.filter(case__in=cases).values_list("case", flat=True))
    harm = Decision.objects.filter(case__in=cases, kind__in=HARMFUL, state=DecisionState.DONE)
    found.acted_upon.update(pk for pk in harm.values_list("case", flat=True) if pk)
    projects = [case.stage.project_id for case in cases if case.stage]
    quarantined = Release.objects.filter(project__in=projects).exclude(quarantined_at=None)
    found.hidden.update(quarantined.values_list("project_id", "sort_key"))
    return found


def _of_case(case: Case, action: Action, facts: _Facts) -> Iterator[Consequence]:
    subject = case.subject
    if subject is None:
        yield Consequence("Nothing: the account that it is about is deleted.")
    elif action.verb == "dismiss" and is_possible(action, subject):
        yield from _closed(case, action, facts)
    elif isinstance(subject, Stage) and is_possible(action, subject):
        yield from _decided(subject, action, facts)
    elif action.verb == "dismiss":
        yield Consequence("Nothing: it waits to be published; approve or reject it.")
    else:
        yield Consequence("Nothing: it is no upload that waits.")


def _decided(stage: Stage, action: Action, facts: _Facts) -> Iterator[Consequence]:
    filenames = facts.filenames[stage.pk]
    hidden = stage.project.quarantined or (stage.project_id, stage.sort_key) in facts.hidden
    if action.verb == "reject":
        yield from consequences.rejecting(stage, filenames)
    elif hidden:
        yield Consequence("Nothing: what is in quarantine takes no files; clear it first.")
    else:
        yield from consequences.approving(stage, filenames)


def _closed(case: Case, action: Action, facts: _Facts) -> Iterator[Consequence]:
    if waiting := facts.appeals[case.pk]:
        yield from consequences.answering(action, Decision(kind=action.kind), waiting)
    elif many := facts.reports[case.pk]:
        yield consequences.judging(many, acted_upon=case.pk in facts.acted_upon)
    else:
        yield Consequence("Nothing changes for anybody.")
