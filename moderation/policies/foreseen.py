"""What would become of a name if somebody whom nobody knows registered it now."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

from accounts.actors import SYSTEM, Actor
from moderation import protected
from moderation.lookalikes import Level, Verdict
from moderation.models import Action
from moderation.policies import registry
from moderation.policies.names import LOOKALIKE, OTHERS_RULES
from moderation.policies.settings import Setting
from packages import access, projects
from packages.models import FormerName, Project, Stage
from packages.models.reader import KEEPER
from packages.uploads import policies, publication
from packages.uploads.policies import Outcome, Submission
from pypi_site.lib.problems import Problem

_DONE = {
    Outcome.REFUSE: ("Refused", Level.BLOCK),
    Outcome.HOLD: ("Held", Level.REVIEW),
    Outcome.OBSERVE: ("Observed", Level.ALLOW),
}
_LEVELS = {
    Action.REFUSE: Level.BLOCK,
    Action.HOLD: Level.REVIEW,
    Action.OBSERVE: Level.ALLOW,
}


class Objection(NamedTuple):
    """What a policy would do about the name, and why."""

    outcome: Outcome
    reason: str

    @property
    def done(self) -> str:
        """For people."""
        return _DONE[self.outcome][0]

    @property
    def level(self) -> Level:
        """In the look-alike checker's words."""
        return _DONE[self.outcome][1]


def objections(name: str) -> list[Objection]:
    """All that stands against a normalized name, but for what it looks like."""
    project = Project(name=name, normalized_name=name)
    said = [each for each in _ask(SYSTEM, project) if each.code != LOOKALIKE]
    found = [Objection(each.outcome, each.reason) for each in said]
    taken = _taken(name)
    return [Objection(Outcome.REFUSE, taken), *found] if taken else found


def _ask(actor: Actor, project: Project) -> list[policies.Verdict]:
    """Every refusal counts, and what policies about names would hold or observe."""
    verdicts = policies.review(Submission(actor, project, registers=True, version="", file=None))
    about = policies.of_names(verdicts)
    return [each for each in verdicts if each.outcome is Outcome.REFUSE or each in about]


def of_held(stage: Stage) -> list[str]:
    """What is said by now of the name that a held upload would bring, and was not when it came.

    Nobody asks again when it is approved: a twin may have been published while it waited.
    """
    project, uploader = stage.project, publication.uploader_of(stage)
    if project.published_at is not None:
        return []
    actor = replace(uploader, user=access.answerable(uploader, project))
    known = {hold["reason"] for hold in stage.holds}
    return [each.reason for each in _ask(actor, project) if each.reason not in known]


def _taken(name: str) -> str:
    """Why nobody gets it, whatever the policies say; "" if somebody does."""
    try:
        projects.require_free_to_all(name)
    except Problem as problem:
        return problem.detail
    if former := FormerName.objects.filter(normalized_name=name).select_related("project").first():
        return f"It is a former name of the project {former.project}, and stays reserved for it."
    project = Project.objects.shown(KEEPER).filter(normalized_name=name).first()
    return _has_it(project) if project else ""


def _has_it(project: Project) -> str:
    if project.deleted_at:
        return f"There was a project {project}, which was deleted; its name stays reserved."
    if project.published_at:
        return f"There is a project {project} already."
    if access.is_claimed(project):
        return f"The name {project} is reserved: somebody has uploaded to it, nothing is public."
    return ""


class Likeness(NamedTuple):
    """What the checker finds with the policy's own numbers, and how the policy is set."""

    verdict: Verdict
    setting: Setting | None

    @property
    def remark(self) -> str:
        """Why something else is done than the policy says by itself; "" if nothing else is."""
        if self.setting is None or not self.setting.enabled:
            return "The policy is switched off: nothing is done about likenesses."
        action = Action(self.setting.action)
        return f"The policy is told to {action.label}." if action else ""

    @property
    def as_set(self) -> Verdict:
        """The verdict, as grave as the policy is told to be: what would become of the name."""
        found, setting = self.verdict, self.setting
        if found.verdict is Level.ALLOW or found.rule in OTHERS_RULES:
            return found
        if setting is None or not setting.enabled:
            return replace(found, verdict=Level.ALLOW)
        return replace(found, verdict=_LEVELS.get(Action(setting.action), found.verdict))


def likeness(name: str) -> Likeness:
    """What the look-alike policy would say of a normalized name, set as it is."""
    known = registry.find(LOOKALIKE)
    if known is None:
        return Likeness(protected.judge(name), None)
    setting = known.setting()
    block, review = setting.numbers["block"], setting.numbers["review"]
    return Likeness(protected.judge(name, block=block, review=review), setting)
