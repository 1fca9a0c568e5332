"""Refusals and pages of the DRF API."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from django.http import Http404, HttpRequest
from rest_framework.pagination import CursorPagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import exception_handler

from pypi_site.lib.problems import PROBLEM_JSON, NotFound, Problem, headers_for, status_for

_TITLES = {status.value: status.phrase for status in HTTPStatus}


class NamePagination(CursorPagination):
    """Pages in order of name by cursor: the cost of a page does not grow with its number."""

    ordering = "normalized_name"
    page_size_query_param = "page_size"
    max_page_size = 500

    def decode_cursor(self, request: Request) -> Any:
        """A cursor is a name from our own pages; PostgreSQL would stumble over a NUL in another."""
        cursor = super().decode_cursor(request)
        if cursor and "\0" in str(cursor.position or ""):
            raise NotFound(str(self.invalid_cursor_message))
        return cursor


class EventPagination(CursorPagination):
    """Pages of things that are only ever added, the newest first."""

    ordering = "-id"
    page_size_query_param = "page_size"
    max_page_size = 500


def handle_exception(exception: Exception, context: dict[str, Any]) -> Response | None:
    """Every refusal of the API is problem+json (RFC 9457), DRF's own included."""
    if isinstance(exception, Problem):
        response = _answer(context["request"]._request, exception)
    else:
        response = exception_handler(exception, context)  # type: ignore[assignment]
        if response is None:
            return None
        response.data = _as_problem(exception, response).as_dict() | {
            "status": response.status_code
        }
    response.content_type = PROBLEM_JSON
    return response


def _answer(request: HttpRequest, problem: Problem) -> Response:
    headers = headers_for(request, problem)
    return Response(problem.as_dict(), status_for(request, problem), headers=headers)


def _as_problem(exception: Exception, response: Response) -> Problem:
    if isinstance(exception, Http404):
        return NotFound("There is nothing at this address; check its spelling.")
    problem = Problem(str(getattr(exception, "detail", exception)))
    code = getattr(exception, "default_code", Problem.code).replace("_", "-")
    problem.__dict__.update(code=code, title=_TITLES.get(response.status_code, Problem.title))
    return problem
