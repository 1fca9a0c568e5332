"""``search`` of XML-RPC: what ``pip search`` calls."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from typing import Any
from xmlrpc.client import Fault

from pypi_site.lib.xmlrpc import BAD_ARGUMENTS
from search import queries
from search.models import SearchDocument

FIELDS = ("name", "summary", "description", "keywords")
LIMIT = 100  # projects of one answer
TEXTS = 10  # that one call looks for


def search(spec: dict[str, Any], operator: str = "and") -> list[dict[str, Any]]:
    """Projects for `{"name": ..., "summary": ...}` by "and" or "or"; values are text or lists.

    Fields are searched together, as on the site's search page.
    """
    if operator not in ("and", "or"):
        raise Fault(BAD_ARGUMENTS, 'The operator is "and" or "or".')
    texts = _texts(spec)
    found = _any(texts) if operator == "or" else islice(queries.find(" ".join(texts)), LIMIT)
    return [_hit(place, document) for place, document in enumerate(found)]


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


def _any(texts: list[str]) -> list[SearchDocument]:
    """The first of each text's projects, then the second of each, and so on."""
    lists = [list(queries.find(text)[:LIMIT]) for text in texts]
    rows = sorted((place, row.name, row) for rows in lists for place, row in enumerate(rows))
    return list({row.pk: row for *_, row in reversed(rows)}.values())[::-1][:LIMIT]


def _hit(place: int, document: SearchDocument) -> dict[str, Any]:
    """`_pypi_ordering` is the score by which pips before 9 sort."""
    return {
        "name": document.name,
        "summary": document.summary,
        "version": document.version,
        "_pypi_ordering": LIMIT - place,
    }
