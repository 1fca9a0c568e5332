"""``/search/``: a page of results."""

from __future__ import annotations

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from search import queries

PAGE_SIZE = 20


@require_safe
def search(request: HttpRequest) -> HttpResponse:
    """Results for ``?q=``, page ``?page=``."""
    query = queries.clean(request.GET.get("q", ""))
    paginator = Paginator(queries.find(query), PAGE_SIZE)
    page = paginator.get_page(request.GET.get("page"))
    context = {"query": query, "page_obj": page, "count": paginator.count}
    return render(request, "search/results.html", context)
