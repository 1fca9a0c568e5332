"""What policies only observe becomes an observation on the desk."""

from __future__ import annotations

from typing import Any

from accounts.actors import SYSTEM
from moderation import observations
from moderation.models import CaseKind, Severity, Source
from moderation.observations import Report
from packages.models import File, Project


def observe(filename: str, facts: dict[str, Any]) -> None:
    """File a verdict (`Verdict.as_dict`) in the case of the published file; safe to repeat."""
    file = File.objects.select_related("release__project").get(filename=filename)
    _file(file, facts)


def observe_name(project_pk: int, facts: dict[str, Any]) -> None:
    """The same about what a project is called: a name that it took by renaming has no file."""
    _file(Project.objects.get(pk=project_pk), facts)


def _file(subject: File | Project, facts: dict[str, Any]) -> None:
    signals = facts.get("signals", [])
    grave = any(signal["severity"] == "high" for signal in signals)
    given = Report(
        kind=CaseKind.MALWARE if signals else CaseKind.OTHER,
        text=f"{facts['reason']} (Policy {facts['code']}, which only observes.)",
        lines=signals,
        severity=Severity.HIGH if grave else Severity.NORMAL,
    )
    observations.report(subject, given, actor=SYSTEM, source=Source.SIGNAL)
