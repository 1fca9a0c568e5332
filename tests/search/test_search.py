"""Finding projects: documents, queries, jobs, and the page."""

from __future__ import annotations

import pytest
from django.core.management import call_command
from django.utils.html import escape
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from accounts.actors import SYSTEM
from packages import files, projects, releases
from search import documents, queries, tasks
from search.models import SearchDocument
from tests.factories import jobs
from tests.factories.index import held, published, submit
from tests.factories.people import UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def index():
    """Publish projects by name with a summary, and let the jobs run."""
    owner = UserFactory(trusted=True)

    def index(name: str, summary: str = "", version: str = "1.0", **options):
        extra = f"Summary: {summary}\n" if summary else ""
        extra += options.pop("extra_metadata", "")
        outcome = submit(owner, name, version, extra_metadata=extra, **options)
        jobs.run_all()
        return outcome.project

    return index


def found(text: str) -> list[str]:
    return [document.name for document in queries.find(text)]


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
    assert tasks.update(project.pk) is True
    assert tasks.update(project.pk) is True
    assert SearchDocument.objects.count() == 1


def test_a_project_that_is_gone_or_was_never_public_has_no_row():
    stage = held()
    assert tasks.update(stage.project_id) is False
    assert tasks.update(0) is False
    assert not SearchDocument.objects.exists()


def test_a_quarantined_project_is_not_found_until_it_is_cleared(index):
    project = index("demo", "shiny")
    projects.quarantine(project, actor=SYSTEM)
    jobs.run_all()
    assert found("demo") == found("shiny") == found("") == []
    projects.activate(project, actor=SYSTEM)
    jobs.run_all()
    assert found("demo") == found("shiny") == ["demo"]


def test_the_rows_are_rebuilt_from_nothing(index, capsys):
    index("one")
    index("other")
    held("waiting")
    SearchDocument.objects.all().delete()
    call_command("rebuild_search")
    assert "2 projects can be found." in capsys.readouterr().out
    assert found("") == ["one", "other"]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("django-rest_framework", ["django", "rest", "framework"]),
        ("PyQt5.sip", ["Py", "Qt", "5", "sip"]),
        ("XMLParser", ["XML", "Parser"]),
        ("b2", ["b", "2"]),
    ],
)
def test_a_name_is_taken_apart_into_words(name, words):
    assert documents.split_name(name) == words


def test_a_huge_description_is_no_obstacle(index):
    index("demo", description="word " * 100_000 + "x" * 500_000)
    assert found("word") == ["demo"]


# -- queries -------------------------------------------------------------------------------------


def test_the_exact_name_comes_first_then_prefixes_then_text(index):
    index("mentions", "all about widget")
    index("widget-tools")
    index("widget")
    index("unrelated", "nothing of the kind")
    assert found("widget") == ["widget", "widget-tools", "mentions"]


@pytest.mark.parametrize("text", ["Demo.Pkg", "demo_pkg", "DEMO-pkg", "  demo-pkg  "])
def test_a_name_is_found_in_any_spelling(index, text):
    index("Demo.Pkg")
    assert found(text) == ["Demo.Pkg"]


@pytest.mark.parametrize("text", ["interface", "interfaces", "Interfaces"])
def test_words_are_found_in_every_form(index, text):
    index("demo", "Interfaces for Python")
    assert found(text) == ["demo"]


@pytest.mark.parametrize("text", ["camel", "qt", "parser"])
def test_a_part_of_a_name_is_found(index, text):
    index("CamelQtParser")
    assert found(text) == ["CamelQtParser"]


def test_keywords_and_description_are_found(index):
    index("demo", extra_metadata="Keywords: quokka,wombat", description="about a platypus")
    assert found("quokka") == found("wombat") == found("platypus") == ["demo"]


def test_the_summary_weighs_more_than_the_description(index):
    index("aaa", description="something about kangaroos")
    index("bbb", "kangaroos")
    assert found("kangaroos") == ["bbb", "aaa"]


def test_phrases_alternatives_and_exclusions_are_understood(index):
    index("one", "red green blue")
    index("two", "red blue green")
    assert found('"green blue"') == ["one"]
    assert found('red -"green blue"') == ["two"]
    assert sorted(found('"green blue" or "blue green"')) == ["one", "two"]


def test_no_text_finds_everything_by_name(index):
    for name in ("zebra", "apple"):
        index(name)
    assert found("") == found("  ") == found("\0") == ["apple", "zebra"]


def test_line_breaks_part_words(index):
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
        "x" * 10_000,
        "\u202e",
        "😀",
        "ä" * 300,
        "%s %(x)s {}",
        "- - -",
        '"unclosed',
        "a" * 2050,
    ],
)
def test_hostile_text_is_only_text(index, text):
    index("demo")
    assert found(text) in ([], ["demo"])


@hypothesis_settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(text=st.text(max_size=300))
def test_no_text_is_an_error(text):
    assert list(queries.find(text)) == []


def test_a_wildcard_in_the_text_is_no_wildcard(index):
    index("demo")
    assert found("d%") == []
    assert found("d_mo") == []


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
    assert escape("A <b>shiny</b> widget") in text
    assert "1 project" in text


def test_the_page_says_what_to_do_when_nothing_is_found(client):
    text = client.get("/search/?q=<absent>").content.decode()
    assert "No project here matches" in text
    assert "&lt;absent&gt;" in text
    assert "Nothing is published here yet" in client.get("/search/").content.decode()


def test_results_come_in_pages(client, index):
    for number in range(25):
        index(f"widget-{number:02}")
    first = client.get("/search/?q=widget").content.decode()
    second = client.get("/search/?q=widget&page=2").content.decode()
    assert "25 projects, page 1 of 2" in first
    assert "/project/widget-24/" in second
    assert "/project/widget-24/" not in first


@pytest.mark.parametrize("page", ["0", "-1", "x", "999", "9" * 5000, "%00"])
def test_a_page_that_is_not_there_is_answered_by_one_that_is(client, index, page):
    index("demo")
    response = client.get(f"/search/?q=demo&page={page}")
    assert response.status_code == 200
    assert b"/project/demo/" in response.content


@pytest.mark.parametrize("query", ["%00", "%ff%fe", "x" * 10_000, "'", "%22"])
def test_the_page_takes_any_query(client, query):
    assert client.get(f"/search/?q={query}").status_code == 200


def test_the_page_is_only_read(client):
    assert client.post("/search/?q=demo").status_code == 405


def test_a_search_costs_the_same_for_one_result_and_for_many(
    client, index, django_assert_num_queries
):
    index("widget-0")
    with django_assert_num_queries(2):
        client.get("/search/?q=widget")
    for number in range(1, 10):
        index(f"widget-{number}")
    with django_assert_num_queries(2):
        client.get("/search/?q=widget")
