"""The extension point: what this site demands of a publication.

``settings.UPLOAD_POLICIES`` lists dotted paths, as Django's password validators do.  A policy is a
function of a `Submission` that returns a `Verdict`; all are asked, and the gravest verdict counts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from enum import IntEnum
from typing import Any

from django.conf import settings
from django.utils.module_loading import import_string

from accounts.actors import Actor
from packages.models import Project, StagedFile
from pypi_site.lib.problems import Problem

LONGEST_EXCERPT = 200


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
class Signal:
    """A place in an archive that made a rule fire.

    `severity` is low, medium or high; `line` counts from 1 and is None where lines mean nothing;
    `excerpt` has at most `LONGEST_EXCERPT` characters, all of them visible.
    """

    rule: str
    severity: str
    member: str
    line: int | None
    excerpt: str


@dataclass(frozen=True)
class Verdict:
    """A policy's answer: `code` for programs, `reason` in one sentence for people.

    `evidence` is what a moderator wants to see of it besides, as pairs of name and text; `signals`
    are the places in the archive.
    """

    outcome: Outcome
    code: str = ""
    reason: str = ""
    policy: str = ""
    evidence: tuple[tuple[str, str], ...] = ()
    signals: tuple[Signal, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """As a stage keeps it in `holds`; `signals` only where there are any."""
        facts: dict[str, Any] = {"policy": self.policy, "code": self.code, "reason": self.reason}
        if self.signals:
            facts["signals"] = [asdict(signal) for signal in self.signals]
        return {**dict(self.evidence), **facts}


ALLOW = Verdict(Outcome.ALLOW)


def hold(
    code: str,
    reason: str,
    evidence: Mapping[str, str] | None = None,
    signals: Iterable[Signal] = (),
) -> Verdict:
    """Keep it for a moderator."""
    pairs = tuple((evidence or {}).items())
    return Verdict(Outcome.HOLD, code, reason, evidence=pairs, signals=tuple(signals))


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
