"""Filters, facets and orders, by what projects say of themselves."""

from __future__ import annotations

import pytest

from accounts.actors import SYSTEM
from packages import projects, releases
from packages.models import Role
from search import importable, queries
from search.language import InvalidQuery
from search.models import Label, SearchDocument
from tests.factories import crews, jobs
from tests.factories.people import UserFactory

pytestmark = pytest.mark.django_db

CLASSIFIED = """Classifier: Framework :: Django :: 5.2
Classifier: License :: OSI Approved :: MIT License
Classifier: Programming Language :: Python :: 3.12
"""


@pytest.fixture
def pair(index):
    """One project with much to filter by, and another with nothing."""
    one = (
        "Author: Ada Lovelace\nMaintainer-email: Grace Hopper <grace@example.org>\n"
        "License: BSD-3-Clause\nKeywords: machine learning,numbers\nRequires-Python: >=3.12\n"
    )
    index("one", "A widget", extra_metadata=one + CLASSIFIED)
    index("other", "A widget", uploader=UserFactory(trusted=True, username="Stranger"))


@pytest.mark.parametrize(
    "text",
    [
        "author:ada",
        'author:"Ada Lovelace"',
        "author:grace@example.org",
        "AUTHOR:Lovelace",
        "owner:keeper",
        "license:bsd",
        "license:BSD-3-Clause",
        "license:mit",
        "keyword:numbers",
        'keyword:"machine learning"',
        'classifier:"Framework :: Django"',
        'classifier:"framework :: django :: 5.2"',
        'classifier:"MIT License"',
        "classifier:Django",
        "python:3.12 widget -owner:stranger",
        "widget license:bsd",
        "-owner:stranger",
    ],
)
def test_a_filter_finds_what_it_names(pair, found, text):
    assert found(text) == ["one"]


@pytest.mark.parametrize(
    "text",
    ["-author:ada", "owner:Stranger", "widget -license:bsd", "python:3.10", "-license:mit widget"],
)
def test_a_filter_leaves_out_what_it_does_not_name(pair, found, text):
    assert found(text) == ["other"]


@pytest.mark.parametrize(
    "text", ["author:a'b", "author:a\\b", "owner:a%", "keyword:a&b", "import:a|!*", "import:'a'"]
)
def test_hostile_values_of_filters_are_only_text(pair, found, text):
    assert found(text) == []


def test_unknown_values_of_closed_lists_are_explained(pair, found):
    with pytest.raises(InvalidQuery, match="No project here has the classifier"):
        found("classifier:absent")
    with pytest.raises(InvalidQuery, match="no Python version"):
        found("python:two")


def test_what_says_nothing_of_its_licence_makes_no_label(index):
    index("demo", extra_metadata=CLASSIFIED)
    assert set(Label.objects.values_list("field", flat=True)) == {"classifier"}
    index("other", extra_metadata="License-Expression: MIT\n", metadata_version="2.4")
    assert list(Label.objects.filter(field="license").values_list("value", flat=True)) == ["MIT"]


def test_projects_are_found_by_what_they_import(index, found):
    index("opencv-python", files={"cv2/__init__.py": b"", "cv2/data/x.bin": b"", "tests/a.py": b""})
    assert found("import:cv2") == ["opencv-python"]
    assert found("cv2") == ["opencv-python"]
    assert found("import:tests") == []


@pytest.mark.parametrize(
    ("members", "names"),
    [
        (["six.py"], ["six"]),
        (["yaml/__init__.py", "_yaml/__init__.py"], ["yaml", "_yaml"]),
        (["fast.cpython-312-x86_64-linux-gnu.so"], ["fast"]),
        (["google/cloud/storage.py"], ["google"]),
        (["x-1.0.data/purelib/late/__init__.py"], ["late"]),
        (["x-1.0.dist-info/METADATA", "x-1.0.dist-info/licenses/a.py"], []),
        (["data/readme.txt", "tests/test_a.py"], []),
    ],
)
def test_the_names_to_import_are_read_off_the_members_of_a_wheel(members, names):
    assert importable.top_level(members) == names


def test_declared_import_names_count_before_those_in_the_wheel(index, found):
    extra = "Import-Name: given.name\nImport-Name: hidden; private\n"
    index("demo", extra_metadata=extra, metadata_version="2.5")
    assert found("import:given.name") == found("import:hidden") == ["demo"]
    assert found("import:demo") == []


def test_a_wheel_is_opened_once(index, monkeypatch):
    project = index("demo")
    before = SearchDocument.objects.get().imports
    assert before
    monkeypatch.setattr(importable, "found_in", lambda sha256: pytest.fail("read twice"))
    projects.deprecate(project, actor=SYSTEM)
    jobs.run_all()
    assert SearchDocument.objects.get().imports == before


def test_owners_are_searched_as_they_change(index, found):
    project = index("demo")
    other = UserFactory(username="newcomer")
    role = Role.objects.create(project=project, user=other, kind=Role.Kind.OWNER)
    jobs.run_all()
    assert found("owner:newcomer") == found("owner:Newcomer") == ["demo"]
    role.delete()
    jobs.run_all()
    assert found("owner:newcomer") == []


def test_members_of_a_team_are_found_as_owners_while_they_belong_to_it(index, found):
    project = index("demo")
    crew = crews.team(owner=UserFactory(username="captain"))
    role = crews.role(crew, project, "maintainer")
    jobs.run_all()
    assert found("owner:captain") == ["demo"]
    member = crews.join(crew, UserFactory(username="newcomer"))
    jobs.run_all()
    assert found("owner:newcomer") == ["demo"]
    member.delete()
    jobs.run_all()
    assert found("owner:newcomer") == []
    role.delete()
    jobs.run_all()
    assert found("owner:captain") == []


def test_dates_are_those_of_the_release_shown(index, found):
    index("demo")
    assert found("updated:1d") == found("updated:>2020") == ["demo"]
    assert found("updated:<2020") == found("demo updated:<2020") == []


def test_facets_count_the_results_with_parents(pair, index):
    index("third", "A widget", extra_metadata="Classifier: Framework :: Django\n")
    facets = queries.search("widget", with_facets=True).facets
    counts = {facet.classifier: facet.count for facet in facets}
    assert counts["Framework :: Django"] == 2
    assert counts["Framework :: Django :: 5.2"] == 1
    assert counts["License :: OSI Approved"] == 1


def test_classifiers_narrow_a_search_together(pair, index, found):
    index("third", "A widget", extra_metadata="Classifier: Framework :: Django\n")
    assert sorted(found("widget", classifiers=["Framework :: Django"])) == ["one", "third"]
    both = ["Framework :: Django", "License :: OSI Approved :: MIT License"]
    assert found("widget", classifiers=both) == ["one"]
    assert found("", classifiers=both) == ["one"]


def test_results_are_ordered_as_asked(index, found):
    for name in ("widget-b", "widget-c", "widget-a"):
        index(name)
    SearchDocument.objects.filter(name="widget-b").update(downloads=5)
    assert found("widget", order="name") == ["widget-a", "widget-b", "widget-c"]
    assert found("widget", order="updated") == ["widget-a", "widget-c", "widget-b"]
    assert found("widget", order="downloads")[0] == "widget-b"


@pytest.mark.parametrize("order", ["relevance", "updated", "name", "downloads"])
def test_pages_show_everything_once_though_something_is_published_between(index, order):
    for number in range(7):
        index(f"widget-{number}")
    seen, cursor = [], ""
    for turn in range(3):
        page = queries.search("widget", order=order, cursor=cursor, size=3)
        seen += [item.name for item in page.found]
        cursor = page.cursor
        if turn == 0:
            index("widget-0-late")
    assert len(seen) == len(set(seen))
    assert {f"widget-{number}" for number in range(7)} <= set(seen)
    assert cursor == ""


def test_what_is_no_longer_kept_up_sinks(index, found):
    for name in ("gizmo-one", "gizmo-two", "gizmo-three"):
        project = index(name, "A gizmo")
        if name == "gizmo-three":
            projects.archive(project, actor=SYSTEM)
        if name == "gizmo-two":
            releases.yank(project.releases.get(), actor=SYSTEM)
    jobs.run_all()
    assert found("gizmo") == ["gizmo-one", "gizmo-three", "gizmo-two"]
    assert [item.status for item in queries.search("gizmo").found] == [
        "active",
        "archived",
        "yanked",
    ]
