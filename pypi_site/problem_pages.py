"""``/help/problems/``: where the ``type`` of every refusal leads (RFC 9457, 3.1.1)."""

from __future__ import annotations

import inspect
from collections.abc import Iterator

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from pypi_site.lib.problems import Problem


@require_safe
def problems(request: HttpRequest) -> HttpResponse:
    """Every refusal that this site knows: code, status, and what it means."""
    kinds = sorted(_kinds(Problem), key=lambda kind: kind.code)
    rows = [
        {
            "code": kind.code,
            "status": kind.status,
            "title": kind.title,
            "text": inspect.cleandoc(kind.__doc__ or "").replace("``", ""),
        }
        for kind in kinds
    ]
    return render(request, "help/problems.html", {"problems": rows})


def _kinds(kind: type[Problem]) -> Iterator[type[Problem]]:
    """One class for each code; a subclass that keeps its parent's code is no kind of its own."""
    if "code" in vars(kind):
        yield kind
    for child in kind.__subclasses__():
        yield from _kinds(child)
