"""What a case offers a moderator: which actions, done to what, and how they are called there."""

from __future__ import annotations

from accounts.actors import Actor
from moderation.actions import ACTIONS, Action, is_possible, published_release
from moderation.models import Case, Concerned, DecisionKind, Subject
from moderation.models.subjects import kind_of
from packages.models import File, Stage


def targets_of(case: Case) -> list[Subject]:
    """What can be acted upon in a case: its subject, what that belongs to, and its people."""
    subject = case.subject
    if subject is None:
        return []
    found: list[Subject] = [subject]
    if isinstance(subject, File):
        found.append(subject.release)
    if isinstance(subject, Stage) and (release := published_release(subject)):
        found.append(release)
    if (project := case.subject_project) and project != subject:
        found.append(project)
    concerned = case.concerned.exclude(part=Concerned.Part.REPORTER).select_related("user")
    people = dict.fromkeys(row.user for row in concerned.order_by("pk"))
    return [*found, *(user for user in people if user != subject)]


def offered(case: Case, actor: Actor) -> dict[str, list[Subject]]:
    """For each action that the actor may take now: what it could be done to, the nearest first."""
    targets = targets_of(case)
    found = {
        action.verb: [item for item in targets if _fits(action, item)]
        for action in ACTIONS.values()
        if actor.may(action.permission)
    }
    # Closing a case is about the whole of it.
    found["dismiss"] = [item for item in found["dismiss"] if item == case.subject]
    return {verb: items for verb, items in found.items() if items}


def label_of(action: Action, case: Case, target: Subject) -> str:
    """What the action is called here: what it is done to is said where it could be several things.

    To leave an appealed decision as it is answers the appeal.
    """
    if refuses_an_appeal(action, case):
        return "Refuse the appeal"
    return (action.named or action.label).format(kind=kind_of(target), item=target)


def refuses_an_appeal(action: Action, case: Case) -> bool:
    """Whether to find that there is nothing to be done is an answer."""
    return action.kind == DecisionKind.DISMISSED and case.appeals.filter(outcome="").exists()


def _fits(action: Action, item: Subject) -> bool:
    return kind_of(item) in action.subjects and is_possible(action, item)
