"""The look-alike checker as this index uses it: its own projects and the popular names.

Each process builds the checker when the first name is registered (some 0.3 s) and again when the
popular names were refreshed or ten minutes have passed.  Projects that are newer, or beyond the
most downloaded, are looked up in the database, by every spelling one edit away: the decision is
docs/decisions/0014-look-alikes.md.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple

from django.conf import settings
from django.db.models import F, Func, Q, QuerySet, Value

from accounts.actors import Actor
from accounts.models import User
from moderation import stdlib
from moderation.lookalikes import Checker, Index, Target, Verdict, keys, tables
from moderation.lookalikes.index import variants
from moderation.lookalikes.weights import learned
from moderation.models import PopularNames, SimilarityException
from packages import access, downloads
from packages.models import FormerName, Project
from packages.models.reader import MEMBER, held_by

PROTECTED = 15_000
OWN_PROTECTED = 10_000  # of these, the most downloaded projects of this index
DAYS = 30
REBUILD_SECONDS = 600
_MOST_VARIED = 60  # letters; longer names have no neighbours by chance

_lock = threading.Lock()
_built: dict[tuple[datetime | None, int], Checker] = {}


def checker() -> Checker:
    """The checker of this process, built anew when what it knows is out of date."""
    version = (PopularNames.version(), int(time.monotonic() // REBUILD_SECONDS))
    with _lock:
        if version not in _built:
            fresh = build()
            _built.clear()
            _built[version] = fresh
        return _built[version]


def build() -> Checker:
    """Read what is to be protected, this index's own projects first."""
    own = _own_projects()
    mine = {target.name for target in own}
    others = [target for target in PopularNames.targets() if target.name not in mine]
    protected = [*own, *others][:PROTECTED]
    index = Index(tables.everywhere(protected), tables.imports())
    return Checker(index, **thresholds()._asdict())


class Thresholds(NamedTuple):
    """The likenesses from which a name is refused or held."""

    block: float
    review: float


def thresholds() -> Thresholds:
    """What counts unless a moderator sets the policy: the site's settings, or as learned."""
    block, review, usual = settings.LOOKALIKE_BLOCK, settings.LOOKALIKE_REVIEW, learned()
    return Thresholds(
        usual.block if block is None else block, usual.review if review is None else review
    )


def _own_projects() -> list[Target]:
    """Projects with a page, by downloads here; a popular name counts with those of the world."""
    world = {target.name: target.downloads for target in PopularNames.targets()}
    here = downloads.totals(DAYS)
    rows = Project.objects.known(MEMBER).order_by("pk").values_list("pk", "normalized_name")
    found = [Target(name, max(here.get(pk, 0), world.get(name, 0))) for pk, name in rows]
    return sorted(found, key=lambda target: -target.downloads)[:OWN_PROTECTED]


def judge(
    name: str,
    actor: Actor | None = None,
    *,
    own: int | None = None,
    at: datetime | None = None,
    block: float = 0,
    review: float = 0,
) -> Verdict:
    """What is to be said about a normalized name that nobody has here.

    Names of the actor's own projects may be resembled, that of the project `own` (a key) which
    gets the name, and what a moderator excepted.  `block` and `review` are other thresholds than
    the settings', if they are not 0.  `at` asks as of then: the name may be known by now, and what
    is younger was not known.
    """
    passes, beside, judging = _exemptions(name, actor, own), neighbours(name), checker()
    if block or review:
        judging = judging.with_thresholds(block or None, review or None)
    if at is None or name in _popular():
        return judging.check(name, passes, beside)
    younger = _younger(at) - _popular()
    return judging.check_as_new(name, lambda target: target in younger or passes(target), beside)


def _popular() -> set[str]:
    return {target.name for target in PopularNames.targets()}


def _younger(at: datetime) -> set[str]:
    """Names under which nothing was published here before."""
    since = Project.objects.filter(published_at__gte=at)
    return set(since.values_list("normalized_name", flat=True))


def likenesses(name: str) -> list[Verdict]:
    """What the name of a stranger's project would be like, the likest first."""
    found = checker().likenesses(name, passes=_exemptions(name, None), beside=neighbours(name))
    return list({likeness.target: likeness for likeness in reversed(found)}.values())[::-1]


def neighbours(name: str) -> list[str]:
    """Projects of this index one edit away, however new or unknown."""
    if len(name) > _MOST_VARIED:
        return []
    near = Project.objects.known(MEMBER).filter(normalized_name__in=set(variants(name)))
    return sorted(near.exclude(normalized_name=name).values_list("normalized_name", flat=True))


def _exemptions(name: str, actor: Actor | None, own: int | None = None) -> Callable[[str], bool]:
    user = actor.user if actor else None
    mine = Project.objects.filter(_is_his(user, own))
    names = set(mine.values_list("normalized_name", flat=True))
    names |= set(excepted(name, user).values_list("target", flat=True))
    return names.__contains__


def _is_his(user: User | None, own: int | None) -> Q:
    """A project that somebody else deleted, as a moderator does, is nobody's to resemble."""
    if user is None:
        return Q(pk=own)
    deleted_by_others = Q(deleted_at__isnull=False) & ~Q(deleted_by=user)
    return Q(pk=own) | (held_by(user.pk, access.OWNERS) & ~deleted_by_others)


def excepted(name: str, user: User | None) -> QuerySet[SimilarityException]:
    """The exceptions for a candidate, or for whoever registers it."""
    whose = Q(owner=user) if user else Q(pk=None)
    return SimilarityException.objects.filter(Q(candidate=name) | whose)


def ultranormalized(field: str) -> Func:
    """`keys.ultranormalized` in the database, as indexes have it (migrations 0003, 0013)."""
    return Func(F(field), Value("ilo-"), Value("110"), function="translate")


def module_like(name: str) -> str | None:
    """The standard module with the same ultranormalized name, if there is one."""
    return name if stdlib.is_module(name) else _modules().get(keys.ultranormalized(name))


@cache
def _modules() -> dict[str, str]:
    """Every module by its ultranormalized name; of several that share one the shortest."""
    longest_first = sorted(stdlib.modules(), key=lambda name: (-len(name), name))
    return {keys.ultranormalized(name): name for name in longest_first}


def twin_of(
    name: str, actor: Actor, own: int | None = None, at: datetime | None = None
) -> str | None:
    """A name of a project of this index with the same ultranormalized name, not the actor's own.

    Former names and names of deleted projects stay their own, and so does what looks like them.
    `at` asks for those that were there then.
    """
    found = _named(keys.ultranormalized(name))
    apart = {name} | (_younger(at) if at else set())
    others = [(twin, now) for twin, now in found if not apart & {twin, now}]
    passes = _exemptions(name, actor, own) if others else None
    return next(
        (twin for twin, now in others if passes and not (passes(twin) or passes(now))), None
    )


def _named(ultra: str) -> QuerySet[Any]:
    """The names so spelled, each with the one that its project has now."""
    spelled = ultranormalized("normalized_name")
    own = _published().annotate(ultra=spelled, now=F("normalized_name")).filter(ultra=ultra)
    former = FormerName.objects.annotate(ultra=spelled, now=F("project__normalized_name"))
    former = former.filter(ultra=ultra, project__in=_published())
    return own.values_list("normalized_name", "now").union(
        former.values_list("normalized_name", "now")
    )


def _published() -> QuerySet[Project]:
    """Those of which everybody knows, or knew until they were deleted."""
    return Project.objects.shown(MEMBER).filter(published_at__isnull=False)


def evidence(found: Verdict) -> dict[str, str]:
    """What a moderator wants to know of a likeness, for the hold."""
    return {"target": found.target or "", "score": f"{found.score:.2f}", "rule": found.rule}
