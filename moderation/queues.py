"""The queue: which cases a moderator looks at, in which order, and how many there are of each kind.

Every page costs the same few statements, however many cases wait.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Case as If
from django.db.models import (
    CharField,
    Count,
    Exists,
    F,
    OuterRef,
    Prefetch,
    Q,
    QuerySet,
    Value,
    When,
)
from django.db.models.expressions import OrderBy
from django.utils import timezone

from accounts.models import User
from moderation.models import LIVE, Case, CaseKind, CaseState, Concerned, Observation
from moderation.models.cases import CaseQuerySet
from packages.models import StagedFile

AGES = {"today": 1, "days": 7, "weeks": 30, "older": None}  # days, as an upper limit
AGE_LABELS = {
    "today": "less than a day",
    "days": "1 to 7 days",
    "weeks": "7 to 30 days",
    "older": "more than 30 days",
}
VIEWS = {
    "live": "Waiting",
    "free": "Unclaimed",
    "mine": "Mine",
    "asked": "Laid aside",
    "appealed": "Appealed",
    "decided": "Decided",
    "all": "Everything",
}
ORDERS: dict[str, tuple[str, tuple[str | OrderBy, ...]]] = {
    "oldest": ("Oldest first", ("opened_at", "pk")),
    "newest": ("Newest first", ("-opened_at", "-pk")),
    "gravest": ("Gravest first", ("-severity", "opened_at", "pk")),
    "decided": ("Last decided first", (F("decided_at").desc(nulls_last=True), "-pk")),
}
LOWEST, HIGHEST = 1, 4


@dataclass(frozen=True)
class Wish:
    """What somebody wants to see; anything unknown counts as not said."""

    view: str = "live"
    kind: str = ""
    severity: int = 0
    age: str = ""
    order: str = "oldest"
    text: str = ""

    @classmethod
    def of(cls, query: Mapping[str, str]) -> Wish:
        """Read the parameters of an address."""
        severity = query.get("severity", "")
        view = _known(query.get("view"), VIEWS, "live")
        return cls(
            view=view,
            kind=_known(query.get("kind"), dict(CaseKind.choices), ""),
            severity=int(severity) if severity in ("1", "2", "3", "4") else 0,
            age=_known(query.get("age"), AGES, ""),
            order=_known(query.get("order"), ORDERS, "decided" if view == "decided" else "oldest"),
            text=query.get("q", "").replace("\0", "").strip()[:200],
        )

    @property
    def is_narrow(self) -> bool:
        return bool(self.kind or self.severity or self.age or self.text)


def _known(given: str | None, allowed: Mapping[str, object], default: str) -> str:
    return given if given is not None and given in allowed else default


def chosen(wish: Wish, user: User) -> CaseQuerySet:
    """The cases that are wished for, in order."""
    found = Case.objects.filter(_view(wish.view, user), *_filters(wish))
    return found.order_by(*ORDERS[wish.order][1])


def _view(view: str, user: User) -> Q:
    return {
        "live": Q(state__in=LIVE),
        "free": Q(state__in=LIVE, claimed_by=None) & ~Q(state=CaseState.WAITING),
        "mine": Q(state__in=LIVE, claimed_by=user),
        "asked": Q(state=CaseState.WAITING),
        "appealed": Q(state=CaseState.APPEALED),
        "decided": Q(state=CaseState.DECIDED),
        "all": Q(),
    }[view]


def _filters(wish: Wish) -> list[Q]:
    found = []
    if wish.kind:
        found.append(Q(kind=wish.kind))
    if wish.severity:
        found.append(Q(severity=wish.severity))
    if wish.age:
        found.append(_aged(wish.age, timezone.now()))
    if wish.text:
        found.append(_mentions(wish.text))
    return found


def _aged(age: str, now: datetime) -> Q:
    """Opened between two ages; each begins where the one before ends."""
    limits = [None, *(now - timedelta(days=days) for days in AGES.values() if days), None]
    place = list(AGES).index(age)
    newest, oldest = limits[place], limits[place + 1]
    condition = Q(opened_at__lte=newest) if newest else Q()
    return condition & Q(opened_at__gt=oldest) if oldest else condition


def _mentions(text: str) -> Q:
    """In the title, a filename, or the name of somebody whom it concerns."""
    people = Concerned.objects.filter(case=OuterRef("pk"), user__username__icontains=text)
    staged = StagedFile.objects.filter(stage=OuterRef("stage"), filename__icontains=text)
    return Q(title__icontains=text) | Q(Exists(people)) | Q(Exists(staged))


def for_list(cases: CaseQuerySet) -> QuerySet[Case]:
    """The cases with what a row shows: why, whose, how often reported."""
    uploaders = Concerned.objects.exclude(part=Concerned.Part.REPORTER).select_related("user")
    reports = Observation.objects.order_by("pk").only("case_id", "kind", "source")
    return (
        cases.select_related("claimed_by")
        .annotate(holds=F("stage__holds"))
        .prefetch_related(
            Prefetch("concerned", uploaders.order_by("pk"), to_attr="whose"),
            Prefetch("observations", reports, to_attr="reports"),
        )
    )


def next_after(case: Case, user: User) -> Case | None:
    """What a moderator looks at after this one: the oldest that nobody else has."""
    free = Q(claimed_by=None) | Q(claimed_by=user)
    waiting = Case.objects.live().filter(free).exclude(pk=case.pk)
    waiting = waiting.exclude(state=CaseState.WAITING).oldest_first()
    later = Q(opened_at__gt=case.opened_at) | Q(opened_at=case.opened_at, pk__gt=case.pk)
    return waiting.filter(later).first() or waiting.first()


def before(case: Case, user: User) -> Case | None:
    """The one that stands before it in the queue."""
    free = Q(claimed_by=None) | Q(claimed_by=user)
    earlier = Q(opened_at__lt=case.opened_at) | Q(opened_at=case.opened_at, pk__lt=case.pk)
    return Case.objects.live().filter(free, earlier).order_by("-opened_at", "-pk").first()


@dataclass(frozen=True)
class Counts:
    """How many wait: by kind and age, and in each view."""

    rows: tuple[tuple[str, str, tuple[tuple[str, int], ...], int], ...]
    views: Mapping[str, int]


def counts(user: User) -> Counts:
    """Two statements over the live cases."""
    return Counts(tuple(_by_kind_and_age()), _by_view(user))


def _by_kind_and_age() -> list[tuple[str, str, tuple[tuple[str, int], ...], int]]:
    now = timezone.now()
    ages = [When(_aged(age, now), then=Value(age)) for age in AGES]
    aged = Case.objects.live().annotate(age=If(*ages, output_field=CharField()))
    found = aged.values_list("kind", "age").annotate(count=Count("pk")).order_by()
    numbers = {(kind, age): count for kind, age, count in found}
    rows = []
    for kind, label in CaseKind.choices:
        cells = tuple((age, numbers.get((kind, age), 0)) for age in AGES)
        if total := sum(count for _, count in cells):
            rows.append((kind, label, cells, total))
    return rows


def _by_view(user: User) -> dict[str, int]:
    wanted = ("live", "free", "mine", "asked", "appealed")
    return Case.objects.live().aggregate(
        **{view: Count("pk", filter=_view(view, user)) for view in wanted}
    )
