"""Caches in front of us: what they are told with each answer (docs/cdn.md).

Every answer that may be cached names what it tells of by keys, so that a change can take out of
the cache what it made untrue, and nothing else:

``project/<normalized name>``  pages, JSON and feeds of a project
``root``                       lists of projects: the root page, the home page, site-wide feeds
``files/<normalized name>``    the bytes of a project's files, with their metadata
``file/<sha256>``              the bytes of one file, with its metadata
"""

from __future__ import annotations

from django.conf import settings

_HEADERS = {"fastly": "Surrogate-Key", "varnish": "xkey"}
_COMMAS = {"Cache-Tag"}  # Cloudflare, Akamai and others who took the name over
_STALE = "stale-while-revalidate=600, stale-if-error=86400"


def headers(*keys: str) -> dict[str, str]:
    """For a dynamic answer: its keys, and how long a cache that we purge may keep it.

    Empty when no cache is configured.  Never for an answer that was made for one person.
    """
    named = key_headers(*keys)
    if named and settings.CDN != "none":
        named["Surrogate-Control"] = f"max-age={settings.CDN_SECONDS}, {_STALE}"
    return named


def key_headers(*keys: str) -> dict[str, str]:
    """The keys of an answer alone: for what never changes, such as a file."""
    name = settings.CDN_KEYS_HEADER or _HEADERS.get(settings.CDN, "")
    separator = "," if name in _COMMAS else " "
    return {name: separator.join(keys)} if name and keys else {}
