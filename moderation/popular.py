"""The list of popular names that look-alikes are measured against, refreshed as one."""

from __future__ import annotations

import json
from typing import Any

from django.db import transaction

from accounts import audit
from accounts.actors import Actor
from moderation.lookalikes import Target, tables
from moderation.models import PopularNames
from packages import names
from pypi_site.lib.problems import Problem

MOST_BYTES = 20 * 1024 * 1024
MOST_NAMES = 50_000  # of a longer list the first
LEAST_NAMES = 10


class UnreadableList(Problem):
    """What was given is no list of popular names."""

    code, title = "unreadable-list", "Unreadable list of names"


@transaction.atomic
def refresh(text: str, *, actor: Actor) -> PopularNames:
    """Replace the list by that in `text`, CSV or JSON; raises `UnreadableList`."""
    if len(text) > MOST_BYTES:
        raise UnreadableList(f"The list has more than {MOST_BYTES} bytes; give a shorter one.")
    listed = {
        target.name: target.downloads for target in parse(text) if names.is_valid(target.name)
    }
    if len(listed) < LEAST_NAMES:
        raise UnreadableList(
            f"The list has {len(listed)} names; give CSV with the columns name and downloads, or"
            " JSON with rows of project and download_count."
        )
    fresh = PopularNames.objects.create(listed=dict(list(listed.items())[:MOST_NAMES]))
    PopularNames.objects.exclude(pk=fresh.pk).delete()
    audit.record(actor, "popular_names.refresh", fresh, after={"names": len(fresh.listed)})
    return fresh


def parse(text: str) -> list[Target]:
    """The names of a list, most downloaded first."""
    found = _of_json(text) if text.lstrip()[:1] in ("{", "[") else tables.read_popular(text)
    return sorted(found, key=lambda target: -target.downloads)


def _of_json(text: str) -> list[Target]:
    try:
        rows = json.loads(text)
    except ValueError as error:
        raise UnreadableList(f"The list is no JSON: {error}.") from None
    rows = rows.get("rows", []) if isinstance(rows, dict) else rows
    return [target for row in rows if (target := _of_row(row))]


def _of_row(row: Any) -> Target | None:
    """A row as the well-known lists have it; None for anything else."""
    if not isinstance(row, dict):
        return None
    name = row.get("project") or row.get("name")
    downloads = row.get("download_count", row.get("downloads", 0))
    if not isinstance(name, str) or not isinstance(downloads, int):
        return None
    return Target(names.normalize(name), max(0, downloads))
