"""``search`` of XML-RPC: what ``pip search`` calls."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from itertools import zip_longest
from typing import Any
from xmlrpc.client import Fault

from packages.models import Reader
from packages.models.reader import ANYBODY
from pypi_site.lib.xmlrpc import BAD_ARGUMENTS
from search import queries
from search.queries import Found, Results

FIELDS = ("name", "summary", "description", "keywords")
LIMIT = 100  # projects of one answer
TEXTS = 10  # that one call looks for


def search(
    spec: dict[str, Any], operator: str = "and", *, to: Reader = ANYBODY
) -> list[dict[str, Any]]:
    """Projects for `{"name": ..., "summary": ...}` by "and" or "or"; values are text or lists.

    Fields are searched together, as on the site's search page.
    """
    if operator not in ("and", "or"):
        raise Fault(BAD_ARGUMENTS, 'The operator is "and" or "or".')
    texts = _texts(spec)
    find = partial(queries.search, size=LIMIT, reader=to)
    either = operator == "or"
    found = _any(texts, find) if either else find(" ".join(texts), strictly=True).found
    return [_hit(place, project) for place, project in enumerate(found)]


def _texts(spec: Mapping[str, Any]) -> list[str]:
    """What is looked for; pip names the same words for several fields."""
    if unknown := sorted(set(spec) - set(FIELDS)):
        raise Fault(BAD_ARGUMENTS, f"Search in {', '.join(FIELDS)}, not in {unknown[0][:40]!r}.")
    texts = [text for value in spec.values() for text in _listed(value) if text.strip()]
    if not texts or len(set(texts)) > TEXTS:
        raise Fault(BAD_ARGUMENTS, f"Search for 1 to {TEXTS} texts.")
    return list(dict.fromkeys(texts))


def _listed(value: Any) -> list[str]:
    texts = [value] if isinstance(value, str) else value
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        raise Fault(BAD_ARGUMENTS, "What is searched for is a text or a list of texts.")
    return texts


def _any(texts: list[str], find: Callable[[str], Results]) -> list[Found]:
    """The first of each text's projects, then the second of each, and so on."""
    turns = zip_longest(*(find(text).found for text in texts))
    first = {found.project_id: found for turn in turns for found in turn if found}
    return list(first.values())[:LIMIT]


def _hit(place: int, project: Found) -> dict[str, Any]:
    """`_pypi_ordering` is the score by which pips before 9 sort."""
    return {
        "name": project.name,
        "summary": project.summary,
        "version": project.version,
        "_pypi_ordering": LIMIT - place,
    }
