"""``/search/``: a page of results."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from packages import readers
from packages.models import Reader
from pypi_site.lib.problems import Problem
from search import links, queries
from search.links import Asked


@require_safe
def search(request: HttpRequest) -> HttpResponse:
    """Results for ``?q=``, narrowed by each ``c=``, by ``order=``, from ``cursor=`` on."""
    asked = Asked.read(request.GET)
    context: dict[str, Any] = {"query": asked.text, "asked": asked, "orders": links.orders(asked)}
    try:
        context |= _answer(asked, readers.of_request(request))
    except Problem as problem:
        context["problem"] = problem.detail
        return render(request, "search/results.html", context, status=problem.status)
    return render(request, "search/results.html", context)


def _answer(asked: Asked, reader: Reader) -> dict[str, Any]:
    results = queries.search(
        asked.text,
        classifiers=asked.classifiers,
        order=asked.order,
        cursor=asked.cursor,
        with_facets=True,
        reader=reader,
    )
    return {
        "results": results,
        "chosen": links.chosen(asked),
        "groups": links.narrowing(asked, results.facets),
        "next": links.next_page(asked, results.cursor),
        "first": links.first_page(asked),
        "meant": links.meant(asked, results.meant),
    }
