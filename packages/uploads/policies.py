"""The extension point: what this site demands of a publication.

``settings.UPLOAD_POLICIES`` lists dotted paths, as Django's password validators do.  A policy is a
function of a `Submission` that returns a `Verdict`; all are asked, and the gravest verdict counts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from enum import IntEnum
from typing import Any

from django.conf import settings
from django.utils import timezone
from django.utils.module_loading import import_string

from accounts.actors import Actor
from packages.models import File, Project, StagedFile
from packages.uploads.archives.onlookers import Onlooker
from packages.uploads.looks import Looks
from packages.uploads.signals import Signal
from pypi_site.lib.problems import Problem


class RefusedByPolicy(Problem):
    """This site does not take it (UPL-12)."""

    code, title = "refused-by-policy", "Refused by this index"


class HeldByPolicy(RefusedByPolicy):
    """A moderator has to look first, and what is asked for cannot wait for one."""

    code, title = "held-by-policy", "A moderator has to look at it first"


class Outcome(IntEnum):
    """In order of gravity."""

    ALLOW = 0
    OBSERVE = 1  # nothing stands in its way, but somebody wants to know
    HOLD = 2
    REFUSE = 3


@dataclass(frozen=True, eq=False)
class Submission:
    """What a policy may look at.

    `registers` tells that nothing was ever published under the name.  Policies are asked once for
    each file; with no file (and perhaps no version) when a name is being reserved, and then only
    refusals count.  `looks` tells what is in the file's archive; a policy with an attribute
    `onlooker` (what makes one of a filename) sees the members while the file arrives.  `at` is
    the moment for which a dry run asks; None is now.
    """

    actor: Actor
    project: Project
    registers: bool
    version: str
    file: StagedFile | File | None
    looks: Looks = field(default_factory=Looks)
    at: datetime | None = None

    @property
    def moment(self) -> datetime:
        return self.at or timezone.now()


@dataclass(frozen=True)
class Verdict:
    """A policy's answer: `code` for programs, `reason` in one sentence for people.

    `evidence` is what a moderator wants to see of it besides, as pairs of name and text; `signals`
    are the places in the archive, `about` the filename of what was only observed.
    """

    outcome: Outcome
    code: str = ""
    reason: str = ""
    policy: str = ""
    evidence: tuple[tuple[str, str], ...] = ()
    signals: tuple[Signal, ...] = ()
    about: str = ""

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


def review(submission: Submission, asked: Sequence[str] | None = None) -> list[Verdict]:
    """What every policy of this site (or only those `asked`) says, but for those that allow."""
    paths = settings.UPLOAD_POLICIES if asked is None else asked
    verdicts = [_ask(path, submission) for path in paths]
    return [verdict for verdict in verdicts if verdict.outcome is not Outcome.ALLOW]


def onlookers() -> list[Callable[[str], Onlooker]]:
    """What the policies of this site look at archives with, each once."""
    return list(dict.fromkeys(filter(None, map(_onlooker, settings.UPLOAD_POLICIES))))


def with_onlooker() -> list[str]:
    """Those policies of this site that want to see archives."""
    return [path for path in settings.UPLOAD_POLICIES if _onlooker(path)]


def without_onlooker() -> list[str]:
    """Those that are quick to ask: they open no archive."""
    return [path for path in settings.UPLOAD_POLICIES if not _onlooker(path)]


def _onlooker(path: str) -> Callable[[str], Onlooker] | None:
    return getattr(import_string(path), "onlooker", None)


def require_allowed(submission: Submission) -> None:
    """Refuse what any policy refuses; what one would hold passes.  Raises `RefusedByPolicy`."""
    refuse_if_refused(review(submission))


def of_names(verdicts: Iterable[Verdict]) -> list[Verdict]:
    """Those of policies about names, which a public project that takes a name has to pass.

    Such a policy has an attribute `about_names`; what the others hold is for uploads to wait.
    """
    return [item for item in verdicts if getattr(import_string(item.policy), "about_names", False)]


def refuse_if_held(verdicts: Iterable[Verdict]) -> None:
    """Raise `HeldByPolicy` with everything that would wait for a moderator, if there is any."""
    holds = [item for item in verdicts if item.outcome is Outcome.HOLD]
    if holds:
        where = f" at {settings.MODERATORS_CONTACT}" if settings.MODERATORS_CONTACT else ""
        advice = f"ask a moderator of this index{where} to let it pass, or choose another name"
        errors = [{"code": item.code, "message": item.reason} for item in holds]
        raise HeldByPolicy(f"{holds[0].reason.rstrip('.')}; {advice}.", errors=errors)


def refuse_if_refused(verdicts: Iterable[Verdict]) -> None:
    """Raise `RefusedByPolicy` with every refusal among the verdicts, if there is one."""
    refusals = [item for item in verdicts if item.outcome is Outcome.REFUSE]
    if refusals:
        errors = [{"code": item.code, "message": item.reason} for item in refusals]
        raise RefusedByPolicy(refusals[0].reason, errors=errors)


def _ask(path: str, submission: Submission) -> Verdict:
    policy: Policy = import_string(path)
    verdict = policy(submission)
    if verdict is ALLOW:
        return verdict
    filename = submission.file.filename if submission.file else ""
    about = filename if verdict.outcome is Outcome.OBSERVE else ""
    signals = tuple(replace(signal, file=filename) for signal in verdict.signals)
    return replace(verdict, policy=path, about=about, signals=signals)
