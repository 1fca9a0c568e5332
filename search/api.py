"""The JSON API of search: ``/api/v1/search/`` and ``/api/v1/suggest/``."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from packages import readers
from pypi_site.lib.problems import Problem
from search import cursors, highlights, queries, suggestions
from search.queries import Found, Results

MOST = 100


class InvalidParameter(Problem):
    """A parameter of the address that cannot be read."""

    code, title = "invalid-parameter", "Parameter not understood"


class Parameters(serializers.Serializer[dict[str, Any]]):
    """What ``/api/v1/search/`` takes."""

    q = serializers.CharField(default="", allow_blank=True, trim_whitespace=False)
    order = serializers.ChoiceField(choices=cursors.ORDERS, default=cursors.RELEVANCE)
    cursor = serializers.CharField(default="", allow_blank=True, max_length=1000)
    page_size = serializers.IntegerField(default=queries.PAGE, min_value=1, max_value=MOST)
    facets = serializers.BooleanField(default=True)


class SearchView(APIView):
    """Projects for ``?q=``, with highlights, facets and the address of the next page.

    ``classifier`` may be given several times; ``order`` is relevance, updated, name or downloads.
    """

    permission_classes = [AllowAny]

    def get(self, request: Request) -> Response:
        asked = _parameters(request)
        results = queries.search(
            asked["q"],
            classifiers=request.query_params.getlist("classifier")[:10],
            order=asked["order"],
            cursor=asked["cursor"],
            size=asked["page_size"],
            with_facets=asked["facets"],
            reader=readers.of_request(request._request),
        )
        return Response(_body(request, results))


class SuggestView(APIView):
    """Names that begin with ``?q=``, or nearly, and how a filter goes on."""

    permission_classes = [AllowAny]

    def get(self, request: Request) -> Response:
        found = suggestions.suggest(
            request.query_params.get("q", ""), reader=readers.of_request(request._request)
        )
        return Response({"suggestions": [_suggestion(request, item) for item in found]})


def _parameters(request: Request) -> dict[str, Any]:
    """Raises `InvalidParameter` with all that is wrong."""
    parameters = Parameters(data=request.query_params.dict())
    if not parameters.is_valid():
        errors = [
            {"field": name, "message": f"{name}: {' '.join(map(str, messages))}"}
            for name, messages in parameters.errors.items()
        ]
        raise InvalidParameter(errors[0]["message"], errors=errors)
    return dict(parameters.validated_data)


def _body(request: Request, results: Results) -> dict[str, Any]:
    return {
        "count": results.count,
        "more": results.more,
        "did_you_mean": results.meant or None,
        "next": _next(request, results.cursor),
        "results": [_result(request, found) for found in results.found],
        "facets": [
            {"classifier": facet.classifier, "count": facet.count} for facet in results.facets
        ],
    }


def _next(request: Request, cursor: str) -> str | None:
    if not cursor:
        return None
    pairs = [(k, v) for k, vs in request.query_params.lists() for v in vs if k != "cursor"]
    return request.build_absolute_uri(f"{request.path}?{urlencode([*pairs, ('cursor', cursor)])}")


def _result(request: Request, found: Found) -> dict[str, Any]:
    return {
        "name": found.name,
        "normalized_name": found.normalized_name,
        "version": found.version,
        "summary": found.summary,
        "highlights": {"summary": highlights.as_html(found.highlighted)},
        "status": found.status,
        "updated_at": found.updated_at,
        "downloads": found.downloads,
        "url": _address(request, found.normalized_name),
    }


def _suggestion(request: Request, item: suggestions.Suggestion) -> dict[str, Any]:
    url = _address(request, item.normalized_name) if item.normalized_name else None
    return {"text": item.text, "kind": item.kind, "note": item.note, "url": url}


def _address(request: Request, normalized_name: str) -> str:
    return request.build_absolute_uri(reverse("project", args=[normalized_name]))
