"""Figures of the desk by week, and the track records of rules and reporters.

Six statements, whatever the number of cases; the times and the rules of a week are computed by
PostgreSQL.  Weeks begin on Monday, in UTC.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import Case as If
from django.db.models import CharField, Count, F, Q, Value, When
from django.db.models.functions import Coalesce
from django.utils import timezone

from moderation.models import Case, Observation, Outcome, Source

WEEKS, MOST_WEEKS, SHOWN = 12, 104, 50
_ENDS = ("held", "released", "rejected", "false_alarms")
_TIMES = """
    select date_trunc('week', {moment} at time zone 'UTC')::date as week, count(*),
        percentile_cont(array[0.5, 0.9]) within group (
            order by extract(epoch from {moment} - opened_at)
        )
    from moderation_case where {moment} >= %(since)s group by week
"""
# A hold names a rule by its code, once for each case: as the upload was held when it was decided,
# for a session that is mended is held anew, in a case of its own.  A false alarm is one that was
# approved, or rejected by a decision that was taken back.  Uploads are counted by week and rule,
# and by week: each once then, however many rules fired.
_HOLDS = """
    with ends as (
        select case_id,
            bool_or(kind = 'approved' and state in ('done', 'lifted')) as released,
            bool_or(kind = 'rejected' and state in ('done', 'lifted')) as rejected,
            bool_or(kind = 'rejected' and state = 'undone') as taken_back
        from moderation_decision
        where decided_at >= %(since)s and kind in ('approved', 'rejected')
        group by case_id
    ), judged as (
        select date_trunc('week', c.opened_at at time zone 'UTC')::date as week,
            coalesce(c.held_by, jsonb_path_query_array(s.holds, '$[*].code')) as rules,
            coalesce(released, false) as released, coalesce(rejected, false) as rejected,
            coalesce(released or (taken_back and not rejected), false) as false_alarm
        from moderation_case c join packages_stage s on s.id = c.stage_id
        left join ends on ends.case_id = c.id
        where c.opened_at >= %(since)s
    ), fired as (
        select week, null as rule, released, rejected, false_alarm from judged
        where jsonb_array_length(rules) > 0
        union all
        select week, rule, released, rejected, false_alarm from judged cross join lateral (
            select distinct rule from jsonb_array_elements_text(rules) as rule
        ) as fired
    )
    select week, rule, count(*), count(*) filter (where released),
        count(*) filter (where rejected), count(*) filter (where false_alarm)
    from fired group by week, rule order by rule, week
"""
# What a rule only reported; a report that names several places of it counts once.
_OBSERVED = """
    select rule, count(*), count(*) filter (where outcome = 'confirmed'),
        count(*) filter (where outcome = 'unfounded')
    from moderation_observation o cross join lateral (
        select distinct line->>'rule' as rule from jsonb_array_elements(o.lines) as line
    ) as named
    where source = 'signal' and rule is not null and reported_at >= %(since)s group by rule
"""
_WITHOUT_ACCOUNT = If(
    *(When(source=source, then=Value(source.label)) for source in Source),
    output_field=CharField(),
)


@dataclass(frozen=True)
class Times:
    """How long it took in the cases of a week, in seconds: half of them, and nine of ten."""

    count: int = 0
    median: float | None = None
    p90: float | None = None


@dataclass(frozen=True)
class Week:
    """Cases opened and decided, time to first look and to decision, holds and their ends."""

    begins: str
    opened: int
    looked_at: Times
    decided: Times
    held: int = 0
    released: int = 0
    rejected: int = 0
    false_alarms: int = 0


@dataclass(frozen=True)
class Record:
    """How often a rule or a reporter was right; `share` is None while nothing is decided."""

    name: str
    count: int
    right: int
    wrong: int

    @property
    def share(self) -> float | None:
        decided = self.right + self.wrong
        return round(self.right / decided, 3) if decided else None

    @property
    def percent(self) -> int | None:
        return None if self.share is None else round(100 * self.share)


@dataclass(frozen=True)
class RuleWeek:
    """What one rule held in one week."""

    begins: str
    rule: str
    held: int
    released: int
    rejected: int
    false_alarms: int


@dataclass(frozen=True)
class Figures:
    """Everything that the page and the JSON show."""

    weeks: list[Week]
    by_rule: list[RuleWeek]
    rules: list[Record]
    reporters: list[Record]

    def as_json(self) -> dict[str, Any]:
        def records(rows: Iterable[Record]) -> list[dict[str, Any]]:
            return [asdict(row) | {"share": row.share} for row in rows]

        return {
            "weeks": [asdict(week) for week in self.weeks],
            "rules_by_week": [asdict(row) for row in self.by_rule],
            "rules": records(self.rules),
            "reporters": records(self.reporters),
        }


def of_weeks(count: int = WEEKS) -> Figures:
    """Those of the last `count` weeks, the present one included; records of all of that time."""
    since = _monday(timezone.now()) - timedelta(weeks=count - 1)
    by_rule, holds = _held(since)
    opened = _opened(since)
    looked, decided = _times("looked_at", since), _times("settled_at", since)
    begins = [(since + timedelta(weeks=each)).date().isoformat() for each in range(count)]
    weeks = [
        Week(
            week,
            opened.get(week, 0),
            looked.get(week, Times()),
            decided.get(week, Times()),
            **holds.get(week, {}),
        )
        for week in begins
    ]
    rules = records_of_rules(by_rule, observed(since))
    return Figures(weeks, by_rule, rules, records_of_reporters(since))


def _monday(moment: datetime) -> datetime:
    day = moment.replace(hour=0, minute=0, second=0, microsecond=0)
    return day - timedelta(days=day.weekday())


def _rows(statement: str, since: datetime) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(statement, {"since": since})
        return list(cursor.fetchall())


def _opened(since: datetime) -> dict[str, int]:
    statement = """
        select date_trunc('week', opened_at at time zone 'UTC')::date as week, count(*)
        from moderation_case where opened_at >= %(since)s group by week
    """
    return {week.isoformat(): count for week, count in _rows(statement, since)}


def _times(moment: str, since: datetime) -> dict[str, Times]:
    rows = _rows(_TIMES.format(moment=moment), since)
    return {
        week.isoformat(): Times(count, round(median, 1), round(p90, 1))
        for week, count, (median, p90) in rows
    }


def _held(since: datetime) -> tuple[list[RuleWeek], dict[str, dict[str, int]]]:
    """What each rule held, and what was held at all, by week."""
    by_rule, by_week = [], {}
    for week, rule, *numbers in _rows(_HOLDS, since):
        if rule is None:
            by_week[week.isoformat()] = dict(zip(_ENDS, numbers, strict=True))
        else:
            by_rule.append(RuleWeek(week.isoformat(), rule, *numbers))
    return by_rule, by_week


def observed(since: datetime) -> list[Record]:
    """Of the rules whose policies only observe: right is a report that was confirmed."""
    return [Record(*row) for row in _rows(_OBSERVED, since)]


def records_of_rules(held: Iterable[RuleWeek], observed: Iterable[Record] = ()) -> list[Record]:
    """Of each rule, the busiest first: right is a rejection in force, wrong a false alarm."""
    sums: dict[str, list[int]] = {}
    rows = [(row.rule, row.held, row.rejected, row.false_alarms) for row in held]
    rows += [(row.name, row.count, row.right, row.wrong) for row in observed]
    for rule, *numbers in rows:
        so_far = sums.get(rule, [0, 0, 0])
        sums[rule] = [old + new for old, new in zip(so_far, numbers, strict=True)]
    found = [Record(rule, *numbers) for rule, numbers in sums.items()]
    return sorted(found, key=lambda record: (-record.count, record.name))


def records_of_reporters(since: datetime | None = None, **who: Any) -> list[Record]:
    """Of people and scanners, the busiest first; those without an account are counted as one."""
    recent = Q(reported_at__gte=since) if since else Q()
    found = (
        Observation.objects.filter(recent, **who)
        .exclude(source=Source.SIGNAL)
        .values(name=Coalesce(F("reporter__username"), _WITHOUT_ACCOUNT))
        .annotate(
            count=Count("pk"),
            right=Count("pk", filter=Q(outcome=Outcome.CONFIRMED)),
            wrong=Count("pk", filter=Q(outcome=Outcome.UNFOUNDED)),
        )
        .order_by("-count", "name")
    )
    return [Record(**row) for row in found[:SHOWN]]


def records_for(case: Case) -> dict[str, list[Record]]:
    """How often the rules that held it, and those who reported it, were right before."""
    rules = _rules_of(case)
    year = timezone.now() - timedelta(weeks=52)
    known = records_of_rules(_held(year)[0], observed(year)) if rules else []
    reporters = case.observations.values("reporter")
    return {
        "rules": [record for record in known if record.name in rules],
        "reporters": records_of_reporters(reporter__in=reporters),
    }


def _rules_of(case: Case) -> set[str]:
    """Those that held it, as it was decided or is held now, and those that reported it."""
    holds = case.stage.holds if case.stage else []
    held = case.held_by if case.held_by is not None else [hold["code"] for hold in holds]
    by_rules = case.observations.filter(source=Source.SIGNAL).values_list("lines", flat=True)
    return {*held, *(line["rule"] for lines in by_rules for line in lines if line.get("rule"))}
