"""Finding projects: documents, queries, jobs, and the page."""

from __future__ import annotations

import re

import pytest
from django.core.management import call_command
from django.db import connection
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from accounts.actors import SYSTEM
from packages import files, projects, releases
from search import documents, tasks
from search.models import SearchDocument
from tests.factories import jobs
from tests.factories.index import held, published

pytestmark = pytest.mark.django_db


# -- documents -----------------------------------------------------------------------------------


def test_a_published_project_is_found_with_what_it_says_of_itself(index):
    index("Demo.Pkg", "A shiny widget")
    document = SearchDocument.objects.get()
    assert str(document) == "Demo.Pkg"
    assert (document.normalized_name, document.version) == ("demo-pkg", "1.0")
    assert document.summary == "A shiny widget"


def test_the_release_that_an_installer_would_take_stands_for_the_project(index):
    for version in ("1.0", "2.0", "3.0rc1"):
        project = index("demo", f"number {version}", version)
    assert SearchDocument.objects.get().summary == "number 2.0"
    releases.yank(project.releases.get(version="2.0"), actor=SYSTEM)
    jobs.run_all()
    assert SearchDocument.objects.get().version == "1.0"
    releases.unyank(project.releases.get(version="2.0"), actor=SYSTEM)
    jobs.run_all()
    assert SearchDocument.objects.get().version == "2.0"


def test_updating_twice_makes_one_row(index):
    project = index("demo")
    assert tasks.update(project.pk) == 1
    assert tasks.update(project.pk) == 1
    assert SearchDocument.objects.count() == 1


def test_a_project_that_is_gone_or_was_never_public_has_no_row():
    stage = held()
    assert tasks.update(stage.project_id) == 0
    assert tasks.update(0) == 0
    assert not SearchDocument.objects.exists()


def test_one_project_that_fails_keeps_no_other_from_being_updated(index, monkeypatch):
    good, bad = index("good"), index("bad")
    SearchDocument.objects.all().delete()
    update = documents.update

    def failing(key):
        if key == bad.pk:
            raise ValueError(key)
        return update(key)

    monkeypatch.setattr(documents, "update", failing)
    with pytest.raises(ExceptionGroup):
        tasks.update(bad.pk, good.pk)
    assert SearchDocument.objects.filter(pk=good.pk).exists()


def test_a_quarantined_project_is_not_found_until_it_is_cleared(index, found):
    project = index("demo", "shiny")
    projects.quarantine(project, actor=SYSTEM)
    jobs.run_all()
    assert found("demo") == found("shiny") == found("") == []
    projects.activate(project, actor=SYSTEM)
    jobs.run_all()
    assert found("demo") == found("shiny") == ["demo"]


def test_the_rows_are_rebuilt_from_nothing(index, capsys, found):
    index("one")
    index("other")
    held("waiting")
    SearchDocument.objects.all().delete()
    call_command("rebuild_search")
    assert "2 projects can be found;" in capsys.readouterr().out
    assert found("", order="name") == ["one", "other"]


def test_a_huge_description_is_no_obstacle(index, found):
    index("demo", description="word " * 100_000 + "x" * 500_000)
    assert found("word") == ["demo"]


# -- queries -------------------------------------------------------------------------------------


def test_the_exact_name_comes_first_then_prefixes_then_text(index, found):
    index("mentions", "all about widget")
    index("widget-tools")
    index("widget")
    index("unrelated", "nothing of the kind")
    assert found("widget") == ["widget", "widget-tools", "mentions"]


@pytest.mark.parametrize("text", ["Demo.Pkg", "demo_pkg", "DEMO-pkg", "  demo-pkg  "])
def test_a_name_is_found_in_any_spelling(index, text, found):
    index("Demo.Pkg")
    assert found(text) == ["Demo.Pkg"]


@pytest.mark.parametrize("text", ["interface", "interfaces", "Interfaces"])
def test_words_are_found_in_every_form(index, text, found):
    index("demo", "Interfaces for Python")
    assert found(text) == ["demo"]


@pytest.mark.parametrize("text", ["camel", "qt", "parser"])
def test_a_part_of_a_name_is_found(index, text, found):
    index("CamelQtParser")
    assert found(text) == ["CamelQtParser"]


def test_keywords_and_description_are_found(index, found):
    index("demo", extra_metadata="Keywords: quokka,wombat", description="about a platypus")
    assert found("quokka") == found("wombat") == found("platypus") == ["demo"]


def test_people_are_found_by_their_names_but_not_by_the_host_of_their_addresses(index, found):
    index("demo", extra_metadata="Author-email: Ada Lovelace <countess@example.org>\n")
    assert found("lovelace") == found("keeper") == ["demo"]  # the author; the owner's account
    assert found("example") == found("countess") == []
    assert found("author:countess@example.org") == ["demo"]


def test_the_summary_weighs_more_than_the_description(index, found):
    index("aaa", description="something about kangaroos")
    index("bbb", "kangaroos")
    assert found("kangaroos") == ["bbb", "aaa"]


def test_phrases_alternatives_and_exclusions_are_understood(index, found):
    index("one", "red green blue")
    index("two", "red blue green")
    assert found('"green blue"') == ["one"]
    assert found('red -"green blue"') == ["two"]
    assert sorted(found('"green blue" or "blue green"')) == ["one", "two"]


def test_a_phrase_does_not_go_on_from_one_text_to_the_next(index, found):
    index("alpha", "beta gamma", extra_metadata="Keywords: delta\n", description="epsilon")
    for text in ("alpha beta", "gamma beta", "delta beta", "keeper epsilon", "gamma epsilon"):
        assert found(f'"{text}"', strictly=True) == []
    assert found('"beta gamma"') == ["alpha"]


def test_no_text_finds_everything(index, found):
    for name in ("zebra", "apple"):
        index(name)
    assert found("", order="name") == ["apple", "zebra"]
    assert sorted(found("")) == sorted(found("  ")) == sorted(found("\0")) == ["apple", "zebra"]


def test_line_breaks_part_words(index, found):
    index("demo", "green blue")
    assert found("green\nblue") == ["demo"]


@pytest.mark.parametrize(
    "text",
    [
        "&",
        "|",
        "!",
        "()",
        "<->",
        ":*",
        "a:*",
        "'",
        "''",
        '"',
        "\\",
        "%",
        "_",
        "a & | b",
        "-",
        "or",
        "((((",
        "foo <-> bar",
        "'; drop table search_searchdocument; --",
        "\0",
        "a\0b",
        "\ud800",
        "x" * 300,
        "\u202e",
        "😀",
        "ä" * 300,
        "%s %(x)s {}",
        "- - -",
        '"unclosed',
        "a" * 64 + " " + "b" * 65,
    ],
)
def test_hostile_text_is_only_text(index, text, found):
    index("demo")
    assert found(text) in ([], ["demo"])


@hypothesis_settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(text=st.text(max_size=300))
def test_no_text_is_an_error(text, found):
    assert found(text) == []


def test_a_wildcard_in_the_text_is_no_wildcard(index, found):
    index("demo")
    index("xylophone")
    assert found("d%") == ["demo"]  # the letter, and names that begin with it
    assert sorted(found("%")) == ["demo", "xylophone"]
    assert found("x_l%e") == []


# -- receivers -----------------------------------------------------------------------------------


def test_every_public_change_asks_for_one_job():
    release = published()
    project, file = release.project, release.files.get()
    changes = [
        lambda: releases.yank(release, actor=SYSTEM),
        lambda: releases.unyank(release, actor=SYSTEM),
        lambda: projects.deprecate(project, actor=SYSTEM),
        lambda: files.delete(file, actor=SYSTEM, reason="bad"),
    ]
    assert jobs.waiting() == [("search.tasks.update", (project.pk,))]
    for change in changes:
        jobs.forget()
        change()
        updates = [job for job in jobs.waiting() if job[0].startswith("search.")]
        assert updates == [("search.tasks.update", (project.pk,))]


# -- the page ------------------------------------------------------------------------------------


def test_the_page_shows_what_is_found(client, index):
    index("demo", "A <b>shiny</b> widget")
    page = client.get("/search/?q=shiny")
    assert page.status_code == 200
    text = page.content.decode()
    assert "/project/demo/" in text
    assert "A &lt;b&gt;<mark>shiny</mark>&lt;/b&gt; widget" in text
    assert "1 project" in text


def test_the_page_says_what_to_do_when_nothing_is_found(client):
    text = client.get("/search/?q=<absent>").content.decode()
    assert "No project here matches" in text
    assert "&lt;absent&gt;" in text
    assert "Nothing is published here yet" in client.get("/search/").content.decode()


def test_results_come_in_pages(client, index):
    for number in range(25):
        index(f"widget-{number:02}")
    first = client.get("/search/?q=widget&order=name").content.decode()
    assert "25 projects" in first
    assert "/project/widget-00/" in first
    assert "/project/widget-24/" not in first
    address = re.search(r'rel="next" href="([^"]+)"', first)[1].replace("&amp;", "&")
    second = client.get(address).content.decode()
    assert "/project/widget-24/" in second
    assert "/project/widget-00/" not in second
    assert 'rel="next"' not in second
    assert 'rel="first" href="/search/?q=widget&amp;order=name"' in second


@pytest.mark.parametrize("cursor", ["0", "x", "9" * 5000, "%00", "W10=", "WzEsIDJd", "WyIxIl0="])
def test_a_cursor_that_is_not_ours_is_refused_clearly_or_leads_to_results(client, index, cursor):
    index("demo")
    for order in ("relevance", "updated", "name", "downloads", "absent"):
        response = client.get(f"/search/?q=demo&cursor={cursor}&order={order}")
        if response.status_code != 200:
            assert response.status_code == 400
            assert b"no page of that search" in response.content


@pytest.mark.parametrize("query", ["%00", "%ff%fe", "'", "%22", "a%20%26%20!b", "(a%7Cb)*"])
def test_the_page_takes_any_query(client, query):
    assert client.get(f"/search/?q={query}").status_code == 200


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("x" * 10_000, "Shorten the search"),
        ("licence:mit", "license:"),
        ("python:9", "python:3.12"),
    ],
)
def test_the_page_says_what_is_wrong_with_a_query(client, query, words):
    response = client.get("/search/", {"q": query})
    assert response.status_code == 400
    assert words in response.content.decode()


def test_the_page_is_only_read(client):
    assert client.post("/search/?q=demo").status_code == 405


def test_a_search_costs_the_same_for_one_result_and_for_many(
    client, index, django_assert_num_queries
):
    metadata = "Classifier: Framework :: Django\n"
    index("widget-0", extra_metadata=metadata)
    # Savepoint and timeout twice, stems, scale, candidates, counts and names of facets, results.
    with django_assert_num_queries(11):
        client.get("/search/?q=widget")
    for number in range(1, 10):
        index(f"widget-{number}", extra_metadata=metadata)
    with django_assert_num_queries(11):
        client.get("/search/?q=widget")


def test_a_search_that_takes_too_long_is_given_up_with_a_clear_answer(
    client, settings, monkeypatch
):
    settings.SEARCH_TIMEOUT = 20
    monkeypatch.setattr("search.statements.ANYTHING", "select 1, pg_sleep(5)::text::float8")
    page = client.get("/search/")
    assert page.status_code == 503
    assert "takes too long" in page.content.decode()
    answer = client.get("/api/v1/search/")
    assert (answer.status_code, answer.json()["code"]) == (503, "search-took-too-long")


@pytest.mark.parametrize(
    "setting",
    ["statement_timeout", "enable_seqscan", "max_parallel_workers_per_gather", "jit"],
)
def test_the_limits_of_a_search_end_with_it(client, index, setting):
    index("demo")
    with connection.cursor() as cursor:
        cursor.execute(f"show {setting}")
        before = cursor.fetchone()
        client.get("/search/?q=demo")
        cursor.execute(f"show {setting}")
        assert cursor.fetchone() == before
