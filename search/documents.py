"""From a project to its row."""

from __future__ import annotations

import re

from django.contrib.postgres.search import SearchVector
from django.db import transaction
from django.db.models import Value
from django.db.models.expressions import Combinable

from packages.models import Project, Release
from search.models import SearchDocument

# The same configuration must stand here and in `queries`, or stemmed words are missed.
CONFIGURATION = "english"
SHOWN = ["name", "normalized_name", "version", "summary", "updated_at", "vector"]
DESCRIPTION_LIMIT = 20_000  # characters; a tsvector may take 1 MB


@transaction.atomic
def update(project_pk: int) -> bool:
    """Bring one project's row up to date: written, or gone if it may not be found.

    The project's lock keeps two jobs for it from overtaking each other.
    """
    project = Project.objects.select_for_update().filter(pk=project_pk).first()
    release = _shown(project) if project else None
    if project is None or release is None:
        SearchDocument.objects.filter(project_id=project_pk).delete()
        return False
    document = SearchDocument(
        project=project,
        name=project.name,
        normalized_name=project.normalized_name,
        version=release.version,
        summary=release.summary,
        updated_at=release.published_at,
        vector=_vector(project, release),
    )
    SearchDocument.objects.bulk_create(
        [document], update_conflicts=True, unique_fields=["project"], update_fields=SHOWN
    )
    return True


def _shown(project: Project) -> Release | None:
    """The release that stands for the project, if it may be found at all."""
    if not Project.objects.listed().filter(pk=project.pk).exists():
        return None
    return project.releases.offered().with_files().best_first().first()


def _vector(project: Project, release: Release) -> Combinable:
    metadata = release.metadata
    words = " ".join(split_name(project.name))
    keywords = " ".join(metadata.get("keywords") or [])
    description = (metadata.get("description") or "")[:DESCRIPTION_LIMIT]
    return (
        SearchVector(Value(f"{project.name} {words}"), weight="A", config=CONFIGURATION)
        + SearchVector(Value(f"{release.summary} {keywords}"), weight="B", config=CONFIGURATION)
        + SearchVector(Value(description), weight="D", config=CONFIGURATION)
    )


def split_name(name: str) -> list[str]:
    """The words of a name: at separators, at camel case, at digits."""
    return re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+", name)
