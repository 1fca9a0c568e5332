"""``/api/v1/search/`` and ``/api/v1/suggest/``."""

from __future__ import annotations

import pytest

from accounts.actors import SYSTEM
from packages import files, projects, releases, renames
from tests.factories import jobs

pytestmark = pytest.mark.django_db


def test_results_come_with_highlights_facets_and_addresses(client, index):
    index("demo", "A <b>shiny</b> widget", extra_metadata="Classifier: Framework :: Django\n")
    body = client.get("/api/v1/search/?q=shiny").json()
    (result,) = body["results"]
    assert result["name"] == "demo"
    assert result["url"] == "http://testserver/project/demo/"
    assert result["highlights"]["summary"] == ("A &lt;b&gt;<mark>shiny</mark>&lt;/b&gt; widget")
    assert (body["count"], body["more"], body["next"], body["did_you_mean"]) == (
        1,
        False,
        None,
        None,
    )
    assert body["facets"] == [{"classifier": "Framework :: Django", "count": 1}]


def test_pages_follow_each_other_by_cursor(client, index):
    for number in range(5):
        index(f"widget-{number}", extra_metadata="Classifier: Framework :: Django\n")
    query = "q=widget&page_size=2&order=name&classifier=Framework+::+Django"
    seen, address = [], f"/api/v1/search/?{query}"
    while address:
        body = client.get(address).json()
        seen += [result["name"] for result in body["results"]]
        address = body["next"]
    assert seen == [f"widget-{number}" for number in range(5)]


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("order=size", "invalid-parameter"),
        ("page_size=0", "invalid-parameter"),
        ("page_size=1000", "invalid-parameter"),
        ("cursor=x", "invalid-cursor"),
        ("q=licence:mit", "invalid-query"),
        ("q=" + "x" * 10_000, "invalid-query"),
        ("classifier=No+::+Such", "invalid-query"),
    ],
)
def test_what_cannot_be_read_is_refused_as_a_problem(client, index, query, code):
    response = client.get(f"/api/v1/search/?{query}")
    assert response.status_code == 400
    assert response["Content-Type"] == "application/problem+json"
    assert response.json()["code"] == code


@pytest.mark.parametrize(
    "text", ["%00", "'", "a%26!b", "%22", "(((", "a:*", "%25", "';select%201--", "(a+)+$", "%ff"]
)
def test_hostile_text_gets_an_answer(client, text):
    for address in ("search", "suggest"):
        assert client.get(f"/api/v1/{address}/?q={text}").status_code in (200, 400)


def test_many_words_that_are_no_name_get_an_answer(client, index):
    index("abcdefgh")
    for address in ("search", "suggest"):
        assert client.get(f"/api/v1/{address}/?q={'abcdefgh+' * 29}").status_code == 200


def test_suggestions_have_addresses(client, index):
    index("Demo.Pkg", "A widget")
    (suggestion,) = client.get("/api/v1/suggest/?q=dem").json()["suggestions"]
    assert suggestion == {
        "text": "Demo.Pkg",
        "kind": "project",
        "note": "A widget",
        "url": "http://testserver/project/demo-pkg/",
    }


def seen(client) -> list[bool]:
    """Whether search, suggestions and the page show the project."""
    return [
        bool(client.get("/api/v1/search/?q=widget").json()["results"]),
        bool(client.get("/api/v1/suggest/?q=widg").json()["suggestions"]),
        b"/project/widget/" in client.get("/search/?q=widget").content,
    ]


def test_every_change_is_seen_once_its_job_ran(client, index):
    assert not any(seen(client))
    project = index("widget")
    release, file = project.releases.get(), project.releases.get().files.get()
    changes = [
        (lambda: None, True),
        (lambda: releases.yank(release, actor=SYSTEM), True),
        (lambda: projects.quarantine(project, actor=SYSTEM), False),
        (lambda: projects.activate(project, actor=SYSTEM), True),
        (lambda: files.delete(file, actor=SYSTEM, reason="bad"), False),
        (lambda: files.restore(file, actor=SYSTEM), True),
    ]
    for change, expected in changes:
        change()
        jobs.run_all()
        assert seen(client) == [expected] * 3


def test_suggestions_cost_the_same_for_one_name_and_for_many(
    client, index, django_assert_num_queries
):
    index("widget-0")
    with django_assert_num_queries(8):
        client.get("/api/v1/suggest/?q=widg")
    for number in range(1, 6):
        index(f"widget-{number}")
    with django_assert_num_queries(6):
        client.get("/api/v1/suggest/?q=widg")


def test_a_renamed_project_is_found_by_its_new_name_only(client, index):
    project = index("widget")
    renames.rename(project, "gadget-box", actor=SYSTEM)
    jobs.run_all()
    results = client.get("/api/v1/search/?q=gadget-box").json()["results"]
    assert [result["name"] for result in results] == ["gadget-box"]
    suggestions = client.get("/api/v1/suggest/?q=gadg").json()["suggestions"]
    assert [item["text"] for item in suggestions] == ["gadget-box"]
    assert client.get("/api/v1/suggest/?q=widget").json() == {"suggestions": []}
