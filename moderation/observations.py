"""Verbs on observations: report something, by whatever way."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from accounts import audit, limits, second_factors
from accounts.actors import SYSTEM, Actor
from moderation import cases, events
from moderation.models import (
    Case,
    CaseKind,
    CaseState,
    Concerned,
    Observation,
    ObservationKind,
    Severity,
    Source,
    Subject,
)
from moderation.models.observations import SEVERITIES, TEXT_LENGTH
from pypi_site.lib.problems import Problem, Refused
from pypi_site.lib.ratelimit import TooManyRequests

SCANNER = "moderation.report_by_program"
AN_HOUR = timedelta(hours=1)
MOST_LINES = 200
EXCERPT_LENGTH = 500


class InvalidReport(Problem):
    """A report says what it is, in words that a moderator can act upon."""

    code, title = "invalid-report", "The report cannot be taken"


@dataclass(frozen=True)
class Report:
    """What is reported.  `lines` are places: ``member``, and if known ``line`` and ``excerpt``.

    `severity` is for scanners and rules; None is what the kind deserves.
    """

    kind: str
    text: str
    lines: Sequence[Mapping[str, Any]] = field(default_factory=tuple)
    email: str = ""
    severity: int | None = None


@transaction.atomic
def report(
    subject: Subject, given: Report, *, actor: Actor, source: Source | None = None
) -> Observation:
    """File what somebody reports about `subject`, in its live case; opens one where there is none.

    The same report by the same person is filed once.  Raises `InvalidReport`, or
    `TooManyRequests` above ``GATEHOUSE_REPORTS_PER_HOUR``; trusted scanners and rules report as
    much as they like.
    """
    source = source or (Source.PERSON if actor.user else Source.VISITOR)
    _require_valid(given)
    _require_allowed(given, actor, source)
    severity = given.severity or SEVERITIES[CaseKind(given.kind)]
    case = cases.lock(cases.open_about(subject, kind=given.kind, severity=severity))
    if twin := _twin(case, given, actor, source):
        return twin
    _graver(case, given.kind, severity)
    return _file(case, given, actor, source)


def _require_valid(given: Report) -> None:
    if given.kind not in ObservationKind.values:
        raise InvalidReport(f"Say what it is: one of {', '.join(ObservationKind.values)}.")
    if not 10 <= len(given.text.strip()) <= TEXT_LENGTH:
        raise InvalidReport(f"Describe it in 10 to {TEXT_LENGTH} characters.")
    if len(given.lines) > MOST_LINES:
        raise InvalidReport(f"Name at most {MOST_LINES} places; these are {len(given.lines)}.")
    try:
        if given.email:
            validate_email(given.email)
    except ValidationError:
        raise InvalidReport("That is no e-mail address; correct it or leave it empty.") from None


def _require_allowed(given: Report, actor: Actor, source: Source) -> None:
    if source is Source.SCANNER and not may_report_by_program(actor):
        raise Refused("Only trusted scanners report by API; report it on the project's page.")
    if source in (Source.PERSON, Source.VISITOR):
        _require_pace(actor, given.email.strip())


def may_report_by_program(actor: Actor) -> bool:
    """Whether he is a trusted scanner.  A token will do, unless it is limited to projects."""
    user, limited = actor.user, actor.token is not None and actor.token.limited
    if user is None or limited or not user.has_perm(SCANNER):
        return False
    return not user.is_staff or second_factors.suffice_for_staff(user)


def _require_pace(actor: Actor, email: str) -> None:
    """Counted in the database: every web process, and every way in, counts alike, one report after
    the other of the same source.

    An e-mail address that visitors leave is somebody, too: nobody's is flooded with our letters.
    """
    limit = settings.REPORTS_PER_HOUR
    limits.take_turns("report", _sources(actor, email))
    recent = Observation.objects.filter(reported_at__gt=timezone.now() - AN_HOUR)
    if actor.user:
        mine = recent.filter(reporter=actor.user)
    else:
        same = Q(network=network_of(actor)) | (Q(email__iexact=email) if email else Q())
        mine = recent.filter(same, reporter=None)
    if limit and mine.count() >= limit:
        raise TooManyRequests(_too_many(limit), headers={"Retry-After": "3600"})


def _sources(actor: Actor, email: str) -> list[str]:
    if actor.user:
        return [f"user {actor.user.pk}"]
    return [f"network {network_of(actor)}", *([f"email {email.lower()}"] if email else [])]


def _too_many(limit: int) -> str:
    contact = settings.MODERATORS_CONTACT
    urgent = f", or, if it is urgent, write to the moderators: {contact}" if contact else ""
    return f"You have reported {limit} things within an hour; report the next one later{urgent}."


def network_of(actor: Actor) -> str:
    """Where a visitor comes from: his IPv4 address, or the /64 that his IPv6 address is one of."""
    if not actor.address:
        return ""
    address = ipaddress.ip_address(actor.address)
    if address.version == 4:
        return str(address)
    return str(ipaddress.ip_network((address, 64), strict=False))


def _twin(case: Case, given: Report, actor: Actor, source: Source) -> Observation | None:
    mine = case.observations.filter(kind=given.kind, text=given.text.strip(), source=source)
    if actor.user is None and actor is not SYSTEM:
        mine = mine.filter(network=network_of(actor))
    return mine.filter(reporter=actor.user).first()


def _graver(case: Case, kind: str, severity: int) -> None:
    """The case is as grave as the gravest report; a held upload stays one."""
    case.severity = max(Severity(case.severity), Severity(severity))
    if case.kind != CaseKind.HELD and _rank(kind) > _rank(case.kind):
        case.kind = kind
    case.save(update_fields=["severity", "kind"])


def _rank(kind: str) -> int:
    return SEVERITIES[CaseKind(kind)]


def _file(case: Case, given: Report, actor: Actor, source: Source) -> Observation:
    observation = Observation.objects.create(
        case=case,
        kind=given.kind,
        source=source,
        text=given.text.strip(),
        lines=[_place(line, source) for line in given.lines],
        reporter=actor.user,
        email="" if actor.user else given.email.strip(),
        network=network_of(actor) if source is Source.VISITOR else "",
    )
    if actor.user:
        cases.concern(case, [(actor.user, Concerned.Part.REPORTER)])
    after = {"kind": given.kind, "source": str(source), "case": case.pk}
    audit.record(actor, "observation.report", observation, reason=given.text[:500], after=after)
    events.observation_filed.send(Observation, observation=observation)
    return observation


def _place(line: Mapping[str, Any], source: Source) -> dict[str, Any]:
    """Only what we know how to show, and not too much of it; of our own rules which it was."""
    number = line.get("line")
    known = (
        "member",
        "excerpt",
        *(("rule", "severity", "file") if source is Source.SIGNAL else ()),
    )
    texts = {key: str(line.get(key, ""))[:EXCERPT_LENGTH] for key in known}
    return {**texts, "line": number if isinstance(number, int) and number > 0 else None}


def state_of(observation: Observation) -> str:
    """What its reporter learns: open, waiting, confirmed, unfounded or decided."""
    if observation.case.state != CaseState.DECIDED:
        return "waiting" if observation.case.looked_at else "open"
    return observation.outcome or "decided"
