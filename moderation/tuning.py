"""Verbs on how policies are set, and on the prefixes that are kept for some people."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.db import transaction
from django.utils import timezone

from accounts import audit
from accounts.actors import Actor
from accounts.models import User
from moderation.models import PolicySetting, ReservedPrefix
from moderation.policies import settings
from moderation.policies.registry import Known
from packages import names
from pypi_site.lib.problems import Problem, ReasonNeeded, Refused

CHANGE = "moderation.change_policysetting"
KEEP_PREFIXES = "moderation.add_reservedprefix"
CHANGE_PREFIXES = "moderation.change_reservedprefix"


class NotAThreshold(Problem):
    """A policy takes its own numbers, within their bounds."""

    code, title = "not-a-threshold", "Not a threshold of this policy"


@transaction.atomic
def change(
    known: Known,
    *,
    enabled: bool,
    action: str,
    numbers: Mapping[str, float],
    actor: Actor,
    reason: str,
) -> PolicySetting:
    """Set a policy.  Recorded with what was before and is after; counts here at once, in other
    processes within half a minute."""
    _authorize(actor, CHANGE, reason)
    require_numbers(known, numbers)
    row, _ = PolicySetting.objects.get_or_create(code=known.code, defaults={"enabled": known.on})
    row = PolicySetting.objects.select_for_update().get(pk=row.pk)
    before = _facts(row, known)
    row.enabled, row.action, row.numbers = enabled, action, known.own(numbers)
    row.changed_at, row.changed_by = timezone.now(), actor.user
    row.save()
    after = _facts(row, known)
    audit.record(actor, "policy.change", row, reason=reason, before=before, after=after)
    settings.forget()
    transaction.on_commit(settings.forget)
    return row


def _facts(row: PolicySetting, known: Known) -> dict[str, Any]:
    numbers = {**known.defaults, **row.numbers}
    return {"enabled": row.enabled, "action": row.action, "numbers": numbers}


def require_numbers(known: Known, numbers: Mapping[str, float]) -> None:
    """Raises `NotAThreshold` unless each is a number of the policy, within its bounds."""
    bounds = {number.name: number for number in known.numbers}
    for name, value in numbers.items():
        number = bounds.get(name)
        if number is None or not number.least <= value <= number.most:
            raise NotAThreshold(f"{known.title} takes no {name} of {value:g}.")


def _authorize(actor: Actor, permission: str, reason: str) -> None:
    if not actor.may(permission):
        raise Refused("You may not set policies; ask an administrator.")
    if not reason.strip():
        raise ReasonNeeded("Write why; it is kept in the audit trail.")


@transaction.atomic
def keep_prefix(
    prefix: str, people: Iterable[User], *, actor: Actor, reason: str, why: str = ""
) -> ReservedPrefix:
    """Keep the names that begin with a prefix for these people, or change for whom.

    `reason` is what whoever is refused reads; `why` it changes is for the trail.
    """
    normalized, given = names.normalize(prefix), {"reason": reason.strip()}
    kept = ReservedPrefix.objects.select_for_update().filter(prefix=normalized).first()
    _authorize(actor, CHANGE_PREFIXES if kept else KEEP_PREFIXES, reason)
    before = _keeping(kept) if kept else None
    first = {**given, "created_by": actor.user}
    row, _ = ReservedPrefix.objects.update_or_create(given, first, prefix=normalized)
    row.people.set(people)
    after = _keeping(row)
    audit.record(actor, "prefix.keep", row, reason=why or reason, before=before, after=after)
    return row


@transaction.atomic
def free_prefix(row: ReservedPrefix, *, actor: Actor, reason: str) -> None:
    """Let anybody register names with the prefix again."""
    _authorize(actor, "moderation.delete_reservedprefix", reason)
    audit.record(actor, "prefix.free", row, reason=reason, before=_keeping(row))
    row.delete()


def _keeping(row: ReservedPrefix) -> dict[str, Any]:
    people = row.people.order_by("username").values_list("username", flat=True)
    return {"people": list(people), "reason": row.reason}
