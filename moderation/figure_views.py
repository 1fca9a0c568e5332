"""Figures of the desk: a page of the admin with plots, and ``/api/v1/figures/``."""

from __future__ import annotations

from functools import partial
from typing import Any, cast

from django.core.cache import cache
from django.http import HttpRequest
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import second_factors
from accounts.actors import Actor
from accounts.models import TokenAction
from moderation import figures
from moderation.figures import Figures, RuleWeek, Week
from moderation.plots import Plot, Series, plot
from moderation.policies import DECIDE
from packages.verb_api import PRIVATE, actor_of
from pypi_site.lib.problems import Problem, Refused

HOUR = 3600
FRESH_WEEKS, KEPT = 26, 600  # seconds
MOST_RULES = 8
_OF_A_RULE = (
    ("held", "first", "held"),
    ("released", "second", "released"),
    ("false alarms", "third", "false_alarms"),
)


class InvalidWeeks(Problem):
    """Figures are told of the last weeks."""

    code, title = "invalid-weeks", "Number of weeks not understood"


def weeks_of(given: str) -> int:
    """How many weeks are asked for."""
    sane = given.isascii() and given.isdecimal() and len(given) < 5
    if not sane or not 0 < int(given) <= figures.MOST_WEEKS:
        raise InvalidWeeks(f"Say weeks=1 to weeks={figures.MOST_WEEKS}.")
    return int(given)


class FiguresView(APIView):
    """``?weeks=`` (12): what the page shows, for moderators; times are in seconds."""

    permission_classes = [IsAuthenticated]

    def get(self, request: Request) -> Response:
        if not _may_see(actor_of(request)):
            raise Refused("Only moderators see the figures of the desk; ask an administrator.")
        count = weeks_of(request.query_params.get("weeks", str(figures.WEEKS)))
        return Response(_of_weeks(count).as_json(), headers=PRIVATE)


def _of_weeks(count: int) -> Figures:
    """Of half a year as they are now; of more, which takes its time, at most ten minutes old."""
    if count <= FRESH_WEEKS:
        return figures.of_weeks(count)
    kept = cache.get_or_set(f"desk-{count}", partial(figures.of_weeks, count), KEPT)
    return cast("Figures", kept)


def _may_see(actor: Actor) -> bool:
    """Whether it is a moderator, with the second factor that the site wants of him; his program has
    a token that may read, and is limited to no project."""
    user, token = actor.user, actor.token
    if user is None or not user.has_perm(DECIDE) or not second_factors.suffice_for_staff(user):
        return False
    return token is None or (token.allows(TokenAction.READ) and not token.limited)


def context(request: HttpRequest) -> dict[str, Any]:
    """What the page shows."""
    try:
        count = weeks_of(request.GET.get("weeks", str(figures.WEEKS)))
    except InvalidWeeks:
        count = figures.WEEKS
    found = _of_weeks(count)
    rows = [_row(week) for week in found.weeks]
    return {
        "title": "Figures",
        "figures": found,
        "rows": rows,
        "plots": _plots(found),
        "count": count,
        "choices": (4, 12, 26, 52, 104),
    }


def _row(week: Week) -> dict[str, Any]:
    return {
        "week": week,
        "look": (_hours(week.looked_at.median), _hours(week.looked_at.p90)),
        "decision": (_hours(week.decided.median), _hours(week.decided.p90)),
    }


def _hours(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds / HOUR, 1)


def _plots(found: Figures) -> list[Plot]:
    weeks = found.weeks
    begins = [week.begins for week in weeks]
    look = [_hours(week.looked_at.median) or 0 for week in weeks]
    looks = [_hours(week.looked_at.p90) or 0 for week in weeks]
    decided = [_hours(week.decided.median) or 0 for week in weeks]
    decisions = [_hours(week.decided.p90) or 0 for week in weeks]
    held = [week.held for week in weeks]
    return [
        plot("look", "Time to first look", begins, _pair(look, looks), "hours"),
        plot("decision", "Time to decision", begins, _pair(decided, decisions), "hours"),
        plot(
            "held",
            "Held uploads, and which of them were false alarms",
            begins,
            [
                Series("held", "first", held),
                Series("rejected", "second", [week.rejected for week in weeks]),
                Series("false alarms", "third", [week.false_alarms for week in weeks]),
            ],
            "uploads",
        ),
        *_plots_of_rules(found, begins),
    ]


def _plots_of_rules(found: Figures, begins: list[str]) -> list[Plot]:
    """One for each of the busiest rules."""
    weeks = {(row.rule, row.begins): row for row in found.by_rule}
    busiest = [record.name for record in found.rules[:MOST_RULES]]
    return [
        plot(
            f"rule-{place}",
            f"Held by {rule}",
            begins,
            [
                Series(name, tone, _numbers(weeks, rule, begins, field))
                for name, tone, field in _OF_A_RULE
            ],
            "uploads",
        )
        for place, rule in enumerate(busiest)
    ]


def _numbers(
    weeks: dict[tuple[str, str], RuleWeek], rule: str, begins: list[str], field: str
) -> list[float]:
    rows = (weeks.get((rule, week)) for week in begins)
    return [getattr(row, field) if row else 0 for row in rows]


def _pair(median: list[float], p90: list[float]) -> list[Series]:
    return [Series("median", "first", median), Series("nine of ten", "second", p90)]
