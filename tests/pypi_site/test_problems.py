"""Refusals: one sentence, in the form that each client shows."""

from __future__ import annotations

import json

import pytest
from django.test import RequestFactory
from hypothesis import given
from hypothesis import strategies as st

from pypi_site.lib import problems
from pypi_site.lib.problems import Conflict, Problem, Refused, respond


class Full(Problem):
    status, code, title = 507, "full", "No room"


def asking(accept: str | None = None):
    return RequestFactory().get("/", headers={} if accept is None else {"accept": accept})


def test_a_refusal_has_status_code_and_sentence():
    assert Full("Come back later.").as_dict() == {
        "type": "http://127.0.0.1:8000/help/problems/#full",
        "title": "No room",
        "status": 507,
        "detail": "Come back later.",
        "code": "full",
    }


def test_a_refusal_for_several_things_lists_them_all():
    errors = [{"code": "a", "message": "First."}, {"code": "b", "message": "Second."}]
    problem = Full("First.", errors=errors)
    assert problem.as_dict()["errors"] == errors
    assert problem.text == "First.\nSecond.\n"


def test_where_the_type_leads_follows_the_address_of_the_site(settings):
    settings.SITE_URL = "https://index.example.org"
    assert Full("x").as_dict()["type"] == "https://index.example.org/help/problems/#full"


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        (Problem, 400),
        (Refused, 403),
        (problems.NotFound, 404),
        (Conflict, 409),
        (problems.TooLarge, 413),
    ],
)
def test_each_kind_has_its_status(kind, status):
    assert respond(asking(), kind("No.")).status_code == status


# -- the reason phrase ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("detail", "phrase"),
    [
        ("Plain.", "Plain."),
        ("Two\r\nlines.", "Two lines."),
        ("  wide   space ", "wide space"),
        ("naïve", "naïve"),
        ("“quoted” 😀", "?quoted? ?"),
        ("a\x00b\x1bc", "a?b?c"),
        ("", ""),
        ("x" * 200, "x" * 200),
        ("x" * 201, "x" * 197 + "..."),
    ],
)
def test_the_reason_phrase_is_one_short_line_of_latin_1(detail, phrase):
    assert Problem(detail).reason == phrase


@given(st.text())
def test_any_sentence_makes_a_phrase_that_can_be_sent(detail):
    phrase = Problem(detail).reason
    assert phrase.encode("latin-1").decode("latin-1") == phrase
    assert len(phrase) <= 200
    assert phrase.isprintable()


# -- the body ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "accept",
    [
        "application/json",
        "application/problem+json",
        "text/html, application/json;q=0.5",
        "application/json; q=x",
    ],
)
def test_whoever_names_json_gets_problem_json(accept):
    response = respond(asking(accept), Full("Come back later."))
    assert response["Content-Type"] == "application/problem+json"
    assert json.loads(response.content)["detail"] == "Come back later."


@pytest.mark.parametrize(
    "accept",
    [None, "", "*/*", "text/html", "application/*", "application/json;q=0", "nonsense", ";;,,q"],
)
def test_everybody_else_gets_plain_text_and_never_html(accept):
    response = respond(asking(accept), Full("Come <b>back</b> later."))
    assert response["Content-Type"] == "text/plain; charset=utf-8"
    assert response.content == b"Come <b>back</b> later.\n"


def test_a_refusal_is_never_cached_and_varies_by_accept():
    response = respond(asking(), Full("No."))
    assert (response["Cache-Control"], response["Vary"]) == ("no-store", "Accept")
    assert response.reason_phrase == "No."


def test_a_refusal_brings_its_headers():
    response = respond(asking(), Full("No.", headers={"Retry-After": "60"}))
    assert response["Retry-After"] == "60"


# -- the middleware ------------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_refusal_of_any_view_is_answered(client):
    response = client.get("/legacy/")
    assert (response.status_code, response["Allow"]) == (405, "POST")
    assert response["Content-Type"] == "text/plain; charset=utf-8"
    response = client.get("/simple/absent/", headers={"accept": "application/problem+json"})
    assert response.status_code in (404, 406)
    assert response["Content-Type"] == "application/problem+json"


@pytest.mark.django_db
def test_every_kind_of_refusal_is_explained_where_its_type_leads(client):
    page = client.get("/help/problems/").content.decode()
    kinds = [Problem]
    for kind in kinds:
        kinds += kind.__subclasses__()
    ours = {kind.code for kind in kinds if kind.__module__.split(".")[0] != "tests"}
    assert len(ours) > 20
    assert [code for code in ours if f'id="{code}"' not in page] == []


def test_an_error_that_is_no_refusal_is_left_to_django():
    middleware = problems.ProblemMiddleware(lambda request: None)
    assert middleware.process_exception(asking(), ValueError("x")) is None
    assert middleware(asking()) is None
