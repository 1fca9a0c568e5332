"""Words that are ready for what moderators do, and which of them a form brings."""

from __future__ import annotations

from collections.abc import Iterable

from django.http import HttpRequest

from moderation.models import ReadyReason
from pypi_site.lib.http import written

KEYS = 9  # ready reasons that have a key


def ready(kind: str) -> list[ReadyReason]:
    """Those for a decision or a step that have a key."""
    return list(ReadyReason.objects.filter(kind=kind)[:KEYS])


def ready_for(kinds: Iterable[str]) -> dict[str, list[ReadyReason]]:
    """Those for each kind, by one query."""
    found: dict[str, list[ReadyReason]] = {kind: [] for kind in kinds}
    for row in ReadyReason.objects.filter(kind__in=found):
        found[row.kind].append(row)
    return {kind: rows[:KEYS] for kind, rows in found.items()}


def given(request: HttpRequest, field: str = "reason") -> str:
    """What was written, else what was chosen of the ready words."""
    return written(request, field) or written(request, "ready")
