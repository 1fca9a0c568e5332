"""Jobs of the search; each may run twice."""

from __future__ import annotations

from packages.models import Project
from search import documents


def update(project_pk: int) -> bool:
    """Rewrite one project's row."""
    return documents.update(project_pk)


def rebuild() -> int:
    """Rewrite every row, while searches go on; returns how many projects can be found."""
    keys = Project.objects.order_by("pk").values_list("pk", flat=True)
    return sum(documents.update(key) for key in keys.iterator(chunk_size=1000))
