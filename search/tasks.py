"""Jobs of the search; each may run twice."""

from __future__ import annotations

from collections.abc import Iterator

from django.core.cache import cache
from django.db.models import Q
from django_q.models import Schedule

from packages import downloads
from packages.models import Project
from pypi_site.lib import jobs
from search import documents, popularity
from search.models import SearchDocument

BATCH = 200
PLACE = "search.rebuild"  # how far a rebuild came, for the next one to go on
A_WEEK = 7 * 24 * 3600


def schedule() -> None:
    """Have popularity measured every day, and rows of an older form written anew; repeatable."""
    name = "refresh_popularity"
    defaults = {"func": f"search.tasks.{name}", "schedule_type": Schedule.DAILY}
    Schedule.objects.update_or_create(name=name, defaults=defaults)
    outdated = SearchDocument.objects.filter(~Q(revision=documents.REVISION))
    if outdated.exists():
        jobs.enqueue("search.tasks.rebuild_outdated")


def refresh_popularity() -> int:
    """Order projects by their downloads in the last month; returns how many rows changed."""
    return popularity.refresh(downloads.totals(downloads.MONTH))


def rebuild_outdated() -> int:
    """Rewrite a batch of rows of an older form, and leave the rest to the next job."""
    outdated = SearchDocument.objects.filter(~Q(revision=documents.REVISION))
    batch = list(outdated.order_by("pk").values_list("pk", flat=True)[:BATCH])
    for key in batch:
        documents.update(key)
    if batch:
        jobs.enqueue("search.tasks.rebuild_outdated")
    return len(batch)


def update(*project_pks: int) -> int:
    """Rewrite the rows of some projects; returns how many of them can be found.

    One that fails does not keep the others from it; the job is then repeated for all.
    """
    failures: list[Exception] = []
    found = 0
    for key in project_pks:
        try:
            found += documents.update(key)
        except Exception as error:  # noqa: BLE001 - raised below, when the others are done
            failures.append(error)
    if failures:
        raise ExceptionGroup("Some projects could not be brought up to date.", failures)
    return found


def rebuilding(*, afresh: bool = False) -> Iterator[tuple[int, int]]:
    """Rewrite rows in batches; yields how many of a batch can be found, and its size.

    Each row is a transaction, and the place is kept: whoever was interrupted goes on from there.
    """
    last = 0 if afresh else cache.get(PLACE, 0)
    keys = Project.objects.order_by("pk").values_list("pk", flat=True)
    while batch := list(keys.filter(pk__gt=last)[:BATCH]):
        found = sum(documents.update(key) for key in batch)
        last = batch[-1]
        cache.set(PLACE, last, A_WEEK)
        yield found, len(batch)
    cache.delete(PLACE)
