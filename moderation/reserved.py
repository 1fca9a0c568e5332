"""Names that would be taken for pages of this index."""

from __future__ import annotations

from functools import cache

from django.urls import get_resolver

from packages import names


@cache
def words() -> frozenset[str]:
    """The first segment of every address of this site, as a project's name would be spelled."""
    routes = [str(pattern.pattern) for pattern in get_resolver().url_patterns]
    segments = {route.partition("/")[0] for route in routes}
    return frozenset(names.normalize(segment) for segment in segments if names.is_valid(segment))


def is_reserved(name: str) -> bool:
    """Whether the name is a word of our own addresses."""
    return names.normalize(name) in words()
