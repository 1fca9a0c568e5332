"""The queue: which cases a moderator looks at, in which order, and how many there are of each kind.

Every page costs the same few statements, however many cases wait.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
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
_PLACES = {  # orders in which one case comes after the other
    "oldest": ("opened_at", "pk"),
    "newest": ("-opened_at", "-pk"),
    "gravest": ("-severity", "opened_at", "pk"),
}
ORDERS: dict[str, tuple[str, tuple[str | OrderBy, ...]]] = {
    "oldest": ("Oldest first", _PLACES["oldest"]),
    "newest": ("Newest first", _PLACES["newest"]),
    "gravest": ("Gravest first", _PLACES["gravest"]),
    "decided": ("Last decided first", (F("decided_at").desc(nulls_last=True), "-pk")),
}
LONGEST = 200
WISHES = ("view", "kind", "severity", "age", "order", "q")  # parameters of an address


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
            text=query.get("q", "").replace("\0", "").strip()[:LONGEST],
        )

    @property
    def is_narrow(self) -> bool:
        return bool(self.kind or self.severity or self.age or self.text)


EVERYTHING = Wish()


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


def next_after(case: Case, user: User, wish: Wish = EVERYTHING) -> Case | None:
    """What a moderator looks at after this one: the next of what he chose, that nobody else has;
    after the last, the first."""
    waiting, order = _to_work(user, wish)
    others = waiting.exclude(pk=case.pk)
    return others.filter(_beyond(case, order)).first() or others.first()


def before(case: Case, user: User, wish: Wish = EVERYTHING) -> Case | None:
    """The one that stands before it among those."""
    waiting, order = _to_work(user, wish)
    return waiting.filter(_beyond(case, order, backwards=True)).reverse().first()


def _to_work(user: User, wish: Wish) -> tuple[CaseQuerySet, str]:
    """Of what was chosen, what somebody can work on, and in which order; what is laid aside only
    for whoever looks at that."""
    order = wish.order if wish.order in _PLACES else "oldest"
    wish = replace(wish, order=order, view="live" if wish.view == "decided" else wish.view)
    free = Q(claimed_by=None) | Q(claimed_by=user)
    idle = Q() if wish.view == "asked" else ~Q(state=CaseState.WAITING)
    return chosen(wish, user).filter(free, idle, state__in=LIVE), order


def _beyond(case: Case, order: str, *, backwards: bool = False) -> Q:
    """Those that come after the case in this order, or before it."""
    found, same = Q(), Q()
    for place in _PLACES[order]:
        field, value = place.removeprefix("-"), getattr(case, place.removeprefix("-"))
        lookup = "lt" if place.startswith("-") != backwards else "gt"
        found |= same & Q(**{f"{field}__{lookup}": value})
        same &= Q(**{field: value})
    return found


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
