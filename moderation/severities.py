"""How grave a held upload is: as grave as what was found in it, and never less than it was."""

from __future__ import annotations

from django.db import transaction

from accounts import audit
from accounts.actors import SYSTEM
from moderation import cases
from moderation.models import Case, Severity
from packages.models import Stage


def severity_of(stage: Stage) -> int:
    """As grave as the gravest place that made a policy hold it."""
    signals = [signal for hold in stage.holds for signal in hold.get("signals", ())]
    found = {signal.get("severity") for signal in signals}
    return Severity.HIGH if "high" in found else Severity.NORMAL


@transaction.atomic
def raise_to(case: Case, severity: int) -> Case:
    """Make a case as grave as what was found since it was opened."""
    case = cases.lock(case)
    if severity <= case.severity:
        return case
    before, case.severity = {"severity": case.severity}, severity
    case.save(update_fields=["severity"])
    audit.record(SYSTEM, "case.aggravate", case, before=before, after={"severity": int(severity)})
    return case
