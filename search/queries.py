"""From what somebody typed to rows."""

from __future__ import annotations

from django.contrib.postgres.search import SearchQuery, SearchRank
from django.db.models import Case, F, FloatField, Q, QuerySet, Value, When

from packages import names
from search.documents import CONFIGURATION
from search.models import SearchDocument

QUERY_LIMIT = 200  # characters; more is no question
EXACT, PREFIX = 100.0, 10.0  # far above any ts_rank, so the name decides first


def find(text: str) -> QuerySet[SearchDocument]:
    """Projects for `text`: the exact name, then names that begin so, then full text by weight.

    All projects by name for no text.  The text is read as web search engines do: "quoted
    phrases", or, -minus.
    """
    text = clean(text)
    if not text:
        return SearchDocument.objects.defer("vector").order_by("normalized_name")
    normalized = names.normalize(text)
    query = SearchQuery(text, config=CONFIGURATION, search_type="websearch")
    by_name = Case(
        When(normalized_name=normalized, then=Value(EXACT)),
        When(normalized_name__startswith=normalized, then=Value(PREFIX)),
        default=Value(0.0),
        output_field=FloatField(),
    )
    matching = Q(vector=query) | Q(normalized_name__startswith=normalized)
    score = by_name + SearchRank(F("vector"), query, normalization=Value(1))
    found = SearchDocument.objects.filter(matching).annotate(score=score).defer("vector")
    return found.order_by("-score", "normalized_name")


def clean(text: str) -> str:
    """What PostgreSQL can read and people can have meant."""
    printable = filter(str.isprintable, " ".join(text.split()))
    return "".join(printable)[:QUERY_LIMIT].strip()
