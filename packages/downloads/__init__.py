"""How often files were downloaded.

Days are those of UTC.  Old days are folded into months, so that the tables stay small.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

from django.conf import settings
from django.db import connection, models, transaction
from django.db.models import Q, Sum

from packages.models import FileDay, FileMonth, Project, ProjectDay, ProjectMonth

WEEK, MONTH = 7, 30  # days
_ADD = """
    insert into {table} ({owner}, day, count)
    select * from unnest(%s::bigint[], %s::date[], %s::bigint[])
    on conflict ({owner}, day) do update set count = {table}.count + excluded.count
"""
_FOLD = """
    with old as (delete from {days} where day = %s returning {owner}, count)
    insert into {months} ({owner}, day, count)
    select {owner}, date_trunc('month', %s::date), sum(count) from old group by {owner} order by 1
    on conflict ({owner}, day) do update set count = {months}.count + excluded.count
"""


class Key(NamedTuple):
    """What was downloaded, and when."""

    project_id: int
    file_id: int
    day: date


class Recent(NamedTuple):
    """Downloads of a project today, in the last 7 and in the last 30 days, today included."""

    last_day: int
    last_week: int
    last_month: int


def today() -> date:
    return datetime.now(UTC).date()


def recent(project: Project) -> Recent:
    """How often files of the project were downloaded lately; reads at most 30 rows."""
    days = ProjectDay.objects.filter(project=project, day__gt=_before(MONTH))
    sums = days.aggregate(
        last_day=Sum("count", filter=Q(day__gt=_before(1)), default=0),
        last_week=Sum("count", filter=Q(day__gt=_before(WEEK)), default=0),
        last_month=Sum("count", default=0),
    )
    return Recent(**sums)


def total(project: Project) -> int:
    """How often files of the project were ever downloaded."""
    ever = Sum("count", default=0)
    days = ProjectDay.objects.filter(project=project).aggregate(ever=ever)["ever"]
    months = ProjectMonth.objects.filter(project=project).aggregate(ever=ever)["ever"]
    return int(days + months)


def totals(days: int) -> dict[int, int]:
    """Downloads by project id in the last `days` days, today included; only what is above 0.

    Days that were folded into months (``GATEHOUSE_DOWNLOAD_DAYS``) are not among them.
    """
    rows = ProjectDay.objects.filter(day__gt=_before(days)).values_list("project_id")
    return dict(rows.annotate(Sum("count")).iterator(chunk_size=10_000))


def of_files(files: Iterable[int], days: int = MONTH) -> dict[int, int]:
    """Downloads by file id in the last `days` days; only what is above 0."""
    rows = FileDay.objects.filter(file__in=list(files), day__gt=_before(days))
    return dict(rows.values_list("file_id").annotate(Sum("count")))


def by_day(project: Project, days: int = MONTH) -> dict[str, int]:
    """Downloads of the project on each of the last `days` days (ISO 8601); only what is above 0."""
    rows = ProjectDay.objects.filter(project=project, day__gt=_before(days)).order_by("day")
    return {day.isoformat(): count for day, count in rows.values_list("day", "count")}


def of_files_by_day(files: Iterable[int], days: int = MONTH) -> dict[int, dict[str, int]]:
    """The same of files, by their ids."""
    rows = FileDay.objects.filter(file__in=list(files), day__gt=_before(days)).order_by("day")
    found: dict[int, dict[str, int]] = {}
    for file, day, count in rows.values_list("file_id", "day", "count"):
        found.setdefault(file, {})[day.isoformat()] = count
    return found


def first_of(days: int) -> date:
    """The first of the last `days` days, today included."""
    return _before(days) + timedelta(days=1)


def _before(days: int) -> date:
    return today() - timedelta(days=days)


@transaction.atomic
def add(counts: Mapping[Key, int]) -> None:
    """Add these downloads.

    Every writer goes through the tables and their rows in the same order, so that no two
    processes wait for each other.
    """
    if not counts:
        return
    of_files: Counter[tuple[int, date]] = Counter()
    of_projects: Counter[tuple[int, date]] = Counter()
    for key, count in counts.items():
        of_files[key.file_id, key.day] += count
        of_projects[key.project_id, key.day] += count
    _add(FileDay, "file_id", of_files)
    _add(ProjectDay, "project_id", of_projects)


def _add(model: type[models.Model], owner: str, counts: Mapping[tuple[int, date], int]) -> None:
    rows = sorted((*key, count) for key, count in counts.items())
    with connection.cursor() as cursor:
        statement = _ADD.format(table=model._meta.db_table, owner=owner)
        cursor.execute(statement, [list(column) for column in zip(*rows, strict=True)])


def fold() -> int:
    """Fold days older than ``GATEHOUSE_DOWNLOAD_DAYS`` into months; returns how many days.

    Months of single files are dropped after ``GATEHOUSE_DOWNLOAD_MONTHS``; those of projects stay.
    """
    oldest = _before(max(settings.DOWNLOAD_DAYS, MONTH))
    folded = _fold_all(FileDay, FileMonth, "file_id", oldest)
    folded += _fold_all(ProjectDay, ProjectMonth, "project_id", oldest)
    FileMonth.objects.filter(day__lt=_before(31 * settings.DOWNLOAD_MONTHS)).delete()
    return folded


def _fold_all(
    days: type[FileDay | ProjectDay], months: type[models.Model], owner: str, oldest: date
) -> int:
    """A transaction for each day: none of them grows with what was left undone."""
    folded = 0
    names = {"days": days._meta.db_table, "months": months._meta.db_table, "owner": owner}
    overdue = days.objects.filter(day__lt=oldest).order_by("day")
    while day := overdue.values_list("day", flat=True).first():
        with connection.cursor() as cursor:
            cursor.execute(_FOLD.format(**names), [day, day])
        folded += 1
    return folded
