"""The extension point: what this site demands of a publication.

``settings.UPLOAD_POLICIES`` lists dotted paths, as Django's password validators do.  A policy is a
function of a `Submission` that returns a `Verdict`; all are asked, and the gravest verdict counts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from enum import IntEnum

from django.conf import settings
from django.utils.module_loading import import_string

from accounts.actors import Actor
from packages.models import Project, StagedFile
from pypi_site.lib.problems import Problem


class RefusedByPolicy(Problem):
    """This site does not take it (UPL-12)."""

    code, title = "refused-by-policy", "Refused by this index"


class Outcome(IntEnum):
    """In order of gravity."""

    ALLOW = 0
    HOLD = 1
    REFUSE = 2


@dataclass(frozen=True)
class Submission:
    """What a policy may look at.

    `registers` tells that nothing was ever published under the name.  Policies are asked once for
    each file; with no file (and perhaps no version) when a name is being reserved, and then only
    refusals count.
    """

    actor: Actor
    project: Project
    registers: bool
    version: str
    file: StagedFile | None


@dataclass(frozen=True)
class Verdict:
    """A policy's answer: `code` for programs, `reason` in one sentence for people.

    `evidence` is what a moderator wants to see of it besides, as pairs of name and text.
    """

    outcome: Outcome
    code: str = ""
    reason: str = ""
    policy: str = ""
    evidence: tuple[tuple[str, str], ...] = ()

    def as_dict(self) -> dict[str, str]:
        facts = {"policy": self.policy, "code": self.code, "reason": self.reason}
        return {**dict(self.evidence), **facts}


ALLOW = Verdict(Outcome.ALLOW)


def hold(code: str, reason: str, evidence: Mapping[str, str] | None = None) -> Verdict:
    """Keep it for a moderator."""
    return Verdict(Outcome.HOLD, code, reason, evidence=tuple((evidence or {}).items()))


def refuse(code: str, reason: str) -> Verdict:
    """Turn it away; nothing is kept."""
    return Verdict(Outcome.REFUSE, code, reason)


Policy = Callable[[Submission], Verdict]


def review(submission: Submission) -> list[Verdict]:
    """What every policy of this site says, but for those that allow."""
    verdicts = [_ask(path, submission) for path in settings.UPLOAD_POLICIES]
    return [verdict for verdict in verdicts if verdict.outcome is not Outcome.ALLOW]


def require_allowed(submission: Submission) -> None:
    """Refuse what any policy refuses; what one would hold passes.  Raises `RefusedByPolicy`."""
    refuse_if_refused(review(submission))


def refuse_if_refused(verdicts: Iterable[Verdict]) -> None:
    """Raise `RefusedByPolicy` with every refusal among the verdicts, if there is one."""
    refusals = [item for item in verdicts if item.outcome is Outcome.REFUSE]
    if refusals:
        errors = [{"code": item.code, "message": item.reason} for item in refusals]
        raise RefusedByPolicy(refusals[0].reason, errors=errors)


def _ask(path: str, submission: Submission) -> Verdict:
    policy: Policy = import_string(path)
    return replace(policy(submission), policy=path)
