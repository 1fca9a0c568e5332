"""Figures of the desk by week, and the track records of rules and reporters.

Five statements, whatever the number of cases; the times and the rules of a week are computed by
PostgreSQL.  Weeks begin on Monday, in UTC.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import Count, F, Q
from django.utils import timezone

from moderation.models import Case, Observation, Outcome

WEEKS, MOST_WEEKS, SHOWN = 12, 104, 50
_ENDS = ("held", "released", "rejected", "false_alarms")
_TIMES = """
    select date_trunc('week', {moment} at time zone 'UTC')::date as week, count(*),
        percentile_cont(array[0.5, 0.9]) within group (
            order by extract(epoch from {moment} - opened_at)
        )
    from moderation_case where {moment} >= %(since)s group by week
"""
# A hold names a rule by its code, once for each case; a false alarm is one that was approved, or
# rejected by a decision that was taken back.  Uploads are counted by week and rule, and by week:
# each once then, however many rules fired.
_HOLDS = """
    with ends as (
        select case_id,
            bool_or(kind = 'approved' and state = 'done') as released,
            bool_or(kind = 'rejected' and state = 'done') as rejected,
            bool_or(kind = 'rejected' and state = 'undone') as taken_back
        from moderation_decision
        where decided_at >= %(since)s and kind in ('approved', 'rejected')
        group by case_id
    ), judged as (
        select date_trunc('week', c.opened_at at time zone 'UTC')::date as week, s.holds,
            coalesce(released, false) as released, coalesce(rejected, false) as rejected,
            coalesce(released or (taken_back and not rejected), false) as false_alarm
        from moderation_case c join packages_stage s on s.id = c.stage_id
        left join ends on ends.case_id = c.id
        where c.opened_at >= %(since)s
    ), fired as (
        select week, null as rule, released, rejected, false_alarm from judged
        where jsonb_array_length(holds) > 0
        union all
        select week, rule, released, rejected, false_alarm from judged cross join lateral (
            select distinct hold->>'code' as rule from jsonb_array_elements(holds) as hold
        ) as rules where rule is not null
    )
    select week, rule, count(*), count(*) filter (where released),
        count(*) filter (where rejected), count(*) filter (where false_alarm)
    from fired group by week, rule order by rule, week
"""


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
    looked, decided = _times("looked_at", since), _times("decided_at", since)
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
    return Figures(weeks, by_rule, records_of_rules(by_rule), records_of_reporters(since))


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


def records_of_rules(rows: Iterable[RuleWeek]) -> list[Record]:
    """Of each rule, the busiest first: right is a rejection in force, wrong a false alarm."""
    sums: dict[str, list[int]] = {}
    for row in rows:
        each = sums.setdefault(row.rule, [0, 0, 0])
        for place, number in enumerate((row.held, row.rejected, row.false_alarms)):
            each[place] += number
    found = [Record(rule, *numbers) for rule, numbers in sums.items()]
    return sorted(found, key=lambda record: (-record.count, record.name))


def records_of_reporters(since: datetime | None = None, **who: Any) -> list[Record]:
    """Of people and scanners with accounts, the busiest first."""
    recent = Q(reported_at__gte=since) if since else Q()
    found = (
        Observation.objects.filter(recent, reporter__isnull=False, **who)
        .values(name=F("reporter__username"))
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
    rules = {hold.get("code") for hold in case.stage.holds} if case.stage else set()
    year = timezone.now() - timedelta(weeks=52)
    known = records_of_rules(_held(year)[0]) if rules else []
    reporters = case.observations.values("reporter")
    return {
        "rules": [record for record in known if record.name in rules],
        "reporters": records_of_reporters(reporter__in=reporters),
    }
