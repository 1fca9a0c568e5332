"""What a case offers a moderator: which actions, done to what, and how they are called there."""

from __future__ import annotations

from collections.abc import Iterable

from accounts.actors import Actor
from moderation import parts
from moderation.actions import ACTIONS, Action, is_possible, published_release
from moderation.models import Case, Concerned, DecisionKind, DecisionState, Subject
from moderation.models.subjects import kind_of
from packages.models import File, Stage


def targets_of(case: Case) -> list[Subject]:
    """What a case is about at once: its subject, what that belongs to, and its people.

    Single releases and files of its project can be acted upon, too (`parts_of`).
    """
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


def parts_of(case: Case, chosen: Subject | None = None) -> list[parts.Part]:
    """Releases and files of its project, with the files of what was `chosen`; a bounded choice."""
    project = case.subject_project
    return parts.of(project, parts.nearest_release(case, chosen)) if project else []


def find(case: Case, action: Action, key: str) -> Subject | None:
    """What an address names as ``release-5``, if the action is for such a thing in this case."""
    fitting = [item for item in targets_of(case) if kind_of(item) in action.subjects]
    near = next((item for item in fitting if key_of(item) == key), None)
    kind, _, number = key.partition("-")
    sane = number.isascii() and number.isdecimal() and len(number) < 19
    project = case.subject_project
    if near or not sane or project is None or action.kind == DecisionKind.DISMISSED:
        return near
    return parts.by_key(project, kind, int(number)) if kind in action.subjects else None


def key_of(target: Subject) -> str:
    """As it stands in an address: ``release-5``."""
    return f"{kind_of(target)}-{target.pk}"


def offered(case: Case, actor: Actor, further: Iterable[Subject] = ()) -> dict[str, list[Subject]]:
    """For each action that the actor may take now: what it could be done to, the nearest first.

    `further` are `parts_of` the case.
    """
    targets = list(dict.fromkeys([*targets_of(case), *further]))
    found = {
        action.verb: [item for item in targets if _fits(action, item)]
        for action in ACTIONS.values()
        if actor.may(action.permission)
    }
    # Closing a case is about the whole of it.
    found["dismiss"] = [item for item in found["dismiss"] if item == case.subject]
    return {verb: items for verb, items in found.items() if items}


def nearest(case: Case, action: Action, actor: Actor) -> Subject | None:
    """What an action is done to where nothing was chosen: the nearest that it makes a difference
    to, else the nearest of its kind."""
    possible = offered(case, actor, parts_of(case)).get(action.verb, [])
    fitting = (item for item in targets_of(case) if kind_of(item) in action.subjects)
    return next(iter([*possible, *fitting]), None)


def search(case: Case, action: Action, text: str) -> list[Subject]:
    """Other parts to which it could be done, by version or filename."""
    project = case.subject_project
    every = parts.found(project, text) if project and action.kind != DecisionKind.DISMISSED else []
    return [item for item in every if _fits(action, item)]


def label_of(action: Action, case: Case, target: Subject) -> str:
    """What the action is called here: what it is done to is said where it could be several things.

    To leave an appealed decision as it is answers the appeal.
    """
    if refuses_an_appeal(action, case):
        return "Refuse the appeal"
    return (action.named or action.label).format(kind=kind_of(target), item=target)


def refuses_an_appeal(action: Action, case: Case) -> bool:
    """Whether to find that there is nothing to be done is an answer: what was decided stays."""
    waiting = case.appeals.filter(outcome="", decision__state=DecisionState.DONE)
    return action.kind == DecisionKind.DISMISSED and waiting.exists()


def _fits(action: Action, item: Subject) -> bool:
    return kind_of(item) in action.subjects and is_possible(action, item)
