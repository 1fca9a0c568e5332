"""Classifiers of what was found, with counts, to narrow a search by."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from django.db import connection

from search import labels
from search.sight import SHARED, SHOWN, Sight

# In this order; the rest (licences in words, intended audience in Esperanto) helps nobody choose.
GROUPS: Final = (
    "Framework",
    "Topic",
    "Development Status",
    "License",
    "Programming Language",
    "Operating System",
    "Environment",
    "Intended Audience",
    "Typing",
)
MOST: Final = 10  # values of a group
_COUNTS: Final = f"""
    select facet, count(*) from unnest(%(keys)s::bigint[]) as found (project_id)
    join search_searchdocument using (project_id), unnest(facets) as facet where {SHOWN}
    group by facet order by count(*) desc, facet limit 400
"""  # noqa: S608 - made of our own constants


@dataclass(frozen=True)
class Facet:
    """A classifier, and how many of the results have it."""

    classifier: str
    count: int

    @property
    def group(self) -> str:
        return self.classifier.partition(labels.SEPARATOR)[0]

    @property
    def label(self) -> str:
        return self.classifier.partition(labels.SEPARATOR)[2]


def of(projects: Iterable[int], sight: Sight = SHARED) -> list[Facet]:
    """Facets of these projects, the commonest first, in their groups."""
    with connection.cursor() as cursor:
        cursor.execute(sight.apply(_COUNTS), {"keys": list(projects), **sight.parameters})
        counts = dict(cursor.fetchall())
    names = labels.names(counts)
    found = [Facet(names[number], count) for number, count in counts.items() if number in names]
    return [facet for group in GROUPS for facet in _of_group(group, found)]


def _of_group(group: str, facets: list[Facet]) -> list[Facet]:
    return [facet for facet in facets if facet.group == group][:MOST]
