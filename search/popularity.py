"""What a project is worth before anything is asked: downloads, freshness, status."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db import connection
from django.utils import timezone

from search.models import Scale, SearchDocument

SIZES: Final = (18_000, 83_000)  # projects in tier 0, and in tiers 0 and 1
STANDING: Final = {"active": 1.0, "deprecated": 0.5, "archived": 0.4, "yanked": 0.2}
BATCH: Final = 500
FRESHNESS: Final = 0.1  # its share; the rest is downloads
FRESH_DAYS: Final = 3 * 365
LEAST_SCALE: Final = 1000  # downloads that count as much where nobody has more
NOTABLE: Final = 0.01  # smaller changes are not worth writing a row for


@dataclass(frozen=True)
class Worth:
    prior: float
    tier: int
    standing: float


def worth(downloads: int, updated_at: datetime, status: str, scale: Scale | None = None) -> Worth:
    """From 0 to 1: logarithm of the downloads in 30 days by the most that any project has."""
    scale = scale or current_scale()
    most = math.log1p(max(scale.most_downloads, LEAST_SCALE))
    popular = min(math.log1p(downloads) / most, 1.0)
    age = (timezone.now() - updated_at).days
    fresh = max(0.0, 1 - max(age, 0) / FRESH_DAYS)
    standing = STANDING.get(status, 1.0)
    prior = round(standing * ((1 - FRESHNESS) * popular + FRESHNESS * fresh), 4)
    return Worth(prior, _tier(prior, scale), standing)


def _tier(prior: float, scale: Scale) -> int:
    if prior >= scale.floor_0:
        return 0
    return 1 if prior >= scale.floor_1 else 2


def current_scale() -> Scale:
    return Scale.objects.first() or Scale()


def refresh(downloads: Mapping[int, int]) -> int:
    """Bring priors and tiers up to `downloads` (by project); returns how many rows changed.

    Small batches, each a transaction of its own, while searches and uploads go on.  Rows that
    hardly changed are left alone, for every row written costs an entry in each index.
    """
    changed = 0
    for _ in range(2):  # floors follow the priors, and tiers follow the floors
        scale = _measured(downloads)
        changed += _pass(downloads, scale)
    return changed


def _measured(downloads: Mapping[int, int]) -> Scale:
    scale = current_scale()
    scale.pk = 1
    scale.most_downloads = max(downloads.values(), default=0)
    scale.floor_0, scale.floor_1 = (_floor(size) for size in SIZES)
    scale.save()
    return scale


def _floor(size: int) -> float:
    """The prior of the project on place `size`; 0 while there are fewer."""
    priors = SearchDocument.objects.order_by("-prior", "-project").values_list("prior", flat=True)
    return next(iter(priors[size - 1 : size]), 0.0)


def _pass(downloads: Mapping[int, int], scale: Scale) -> int:
    changed, last = 0, 0
    columns = ("pk", "downloads", "updated_at", "status", "prior", "tier")
    documents = SearchDocument.objects.order_by("pk").values_list(*columns)
    while batch := list(documents.filter(pk__gt=last)[:BATCH]):
        last = batch[-1][0]
        changed += _write([row for values in batch if (row := _changed(values, downloads, scale))])
    return changed


def _changed(
    values: tuple[int, int, datetime, str, float, int], downloads: Mapping[int, int], scale: Scale
) -> tuple[int, int, float, int] | None:
    pk, _, updated_at, status, prior, tier = values
    count = downloads.get(pk, 0)
    new = worth(count, updated_at, status, scale)
    if new.tier == tier and abs(new.prior - prior) < NOTABLE:
        return None
    return pk, count, new.prior, new.tier


def _write(rows: list[tuple[int, int, float, int]]) -> int:
    if not rows:
        return 0
    columns = [list(column) for column in zip(*rows, strict=True)]
    with connection.cursor() as cursor:
        cursor.execute(_WRITE, columns)
        return int(cursor.rowcount)


# Rows are taken in the order of their keys, so that two of these cannot wait for each other.
_WRITE: Final = """
    update search_searchdocument document
    set downloads = new.downloads, prior = new.prior, tier = new.tier
    from unnest(%s::bigint[], %s::bigint[], %s::float8[], %s::smallint[])
        as new (project_id, downloads, prior, tier)
    where document.project_id = new.project_id
"""
