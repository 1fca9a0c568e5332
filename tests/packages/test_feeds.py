"""Feeds in RSS and Atom: what they tell, to whom they say 304, and what they leave out."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from xml.etree import ElementTree

import pytest
from django.utils import timezone

from accounts.actors import SYSTEM
from packages import projects, releases, renames
from packages.models import JournalEntry, Project, Release, Role
from tests.factories import crews
from tests.factories.index import held, published
from tests.factories.people import UserFactory, actor

pytestmark = pytest.mark.django_db

ATOM = "{http://www.w3.org/2005/Atom}"
CREATOR = "{http://purl.org/dc/elements/1.1/}creator"
EVERY = [
    *("/feeds/releases.atom", "/feeds/projects.atom", "/feeds/project/demo/releases.atom"),
    *("/feeds/user/ann/releases.atom", "/feeds/user/ann/projects.atom"),
    *("/feeds/releases.rss", "/feeds/projects.rss", "/feeds/project/demo/releases.rss"),
    *("/feeds/user/ann/releases.rss", "/feeds/user/ann/projects.rss"),
    *("/rss/updates.xml", "/rss/packages.xml", "/rss/project/demo/releases.xml"),
]


@pytest.fixture
def ann():
    return UserFactory(username="ann", trusted=True)


def feed(client, path: str) -> ElementTree.Element:
    response = client.get(path)
    assert response.status_code == 200, response.content
    return ElementTree.fromstring(response.content)


def titles(client, path: str) -> list[str]:
    root = feed(client, path)
    entries = [*root.iter("item"), *root.iter(f"{ATOM}entry")]
    return [entry.findtext("title") or entry.findtext(f"{ATOM}title") or "" for entry in entries]


def text(entry: ElementTree.Element, name: str) -> str:
    return entry.findtext(name) or ""


# -- what they tell ------------------------------------------------------------------------------


def test_releases_come_newest_first_with_all_that_a_reader_shows(client, ann):
    published("Gate.Keeper", uploader=ann, extra_metadata="Summary: Watches doors")
    release = published("Gate.Keeper", "2.0rc1", uploader=ann)
    releases.yank(release, actor=SYSTEM)
    [new, old] = feed(client, "/feeds/releases.rss").iter("item")
    assert (text(new, "title"), text(old, "title")) == ("Gate.Keeper 2.0rc1", "Gate.Keeper 1.0")
    assert text(old, "link") == "http://testserver/project/gate-keeper/1.0/"
    assert (text(old, "description"), text(old, CREATOR)) == ("Watches doors", "ann")
    assert [category.text for category in new.iter("category")] == ["pre-release", "yanked"]
    assert old.find("guid").get("isPermaLink") == "false"


def test_atom_tells_the_same(client, ann):
    release = published("demo", uploader=ann, extra_metadata="Summary: Watches doors")
    root = feed(client, "/feeds/releases.atom")
    entry = root.find(f"{ATOM}entry")
    assert text(root, f"{ATOM}updated") == text(entry, f"{ATOM}updated")
    assert datetime.fromisoformat(text(entry, f"{ATOM}updated")) == release.published_at
    assert text(entry, f"{ATOM}summary") == "Watches doors"
    links = {link.get("rel"): link.get("href") for link in root.findall(f"{ATOM}link")}
    assert links["self"] == "http://testserver/feeds/releases.atom"
    assert text(root, f"{ATOM}author/{ATOM}name") == "Gatehouse"


def test_a_feed_names_itself_with_its_filters(client):
    path = "/feeds/releases.rss?prereleases=no&keyword=a"
    link = feed(client, path).find(f"channel/{ATOM}link")
    assert (link.get("rel"), link.get("href")) == ("self", f"http://testserver{path}")


def test_ids_stay_when_a_project_is_called_otherwise(client, ann):
    published("demo", uploader=ann)
    ids = [text(item, "guid") for item in feed(client, "/feeds/releases.rss").iter("item")]
    Project.objects.update(name="other", normalized_name="other")
    after = [text(item, "guid") for item in feed(client, "/feeds/releases.rss").iter("item")]
    assert after == ids
    assert ids[0].startswith("tag:")


def test_projects_come_newest_first_with_the_summary_of_their_newest_release(client, ann):
    published("alpha", uploader=ann, extra_metadata="Summary: old")
    published("beta", uploader=ann)
    published("alpha", "2.0", uploader=ann, extra_metadata="Summary: new")
    [beta, alpha] = feed(client, "/feeds/projects.rss").iter("item")
    assert (text(beta, "title"), text(alpha, "title")) == ("beta", "alpha")
    assert text(alpha, "description") == "new"


def test_feeds_of_a_project_and_of_a_person_are_about_them_alone(client, ann):
    published("demo", uploader=ann)
    published("theirs", uploader=UserFactory(username="bob", trusted=True))
    joined = published("joined", uploader=UserFactory(trusted=True)).project
    Role.objects.create(project=joined, user=ann, kind="maintainer")
    assert titles(client, "/feeds/project/Demo/releases.atom") == ["demo 1.0"]
    assert titles(client, "/feeds/user/ann/releases.atom") == ["joined 1.0", "demo 1.0"]
    assert titles(client, "/feeds/user/bob/projects.rss") == ["theirs"]


def test_what_a_team_keeps_is_in_the_feeds_of_its_members(client, ann):
    crew = crews.team(owner=ann)
    crews.role(crew, published("ours", uploader=UserFactory(trusted=True)).project, "maintainer")
    crews.role(crew, published("seen", uploader=UserFactory(trusted=True)).project, "reader")
    assert titles(client, "/feeds/user/ann/projects.rss") == ["ours"]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("prereleases=no", ["web 1.0", "safe 1.0"]),
        ("prereleases=yes", ["safe 2.0rc1", "web 1.0", "safe 1.0"]),
        ("classifier=Topic+::+Security", ["safe 1.0"]),
        ("classifier=Framework+::+Django&classifier=Topic+::+Security", []),
        ("keyword=http", ["web 1.0"]),
        ("keyword=http&keyword=door", []),
        ("classifier=Framework+::+Django&keyword=http&prereleases=no", ["web 1.0"]),
    ],
)
def test_filters_leave_out_what_does_not_match(client, ann, query, expected):
    published("safe", uploader=ann, extra_metadata="Classifier: Topic :: Security")
    published("web", uploader=ann, extra_metadata="Classifier: Framework :: Django\nKeywords: http")
    published("safe", "2.0rc1", uploader=ann)
    for path in ("/feeds/releases.rss", "/feeds/user/ann/releases.atom"):
        assert titles(client, f"{path}?{query}") == expected


@pytest.mark.parametrize(
    "query", ["prereleases=maybe", "classifier=x&" * 11, "keyword=x&" * 11, "keyword=a%00b"]
)
def test_a_filter_that_makes_no_sense_is_refused(client, query):
    response = client.get(f"/feeds/releases.rss?{query}")
    assert response.status_code == 400
    assert response["Content-Type"].startswith("text/plain")


def test_control_characters_and_markup_in_a_summary_break_nothing(client, ann):
    published("demo", uploader=ann)
    Release.objects.update(summary="a\x0b\x1b<b>&amp;\ufffe]]>")
    for path in ("/feeds/releases.rss", "/feeds/projects.rss"):
        [item] = feed(client, path).iter("item")
        assert text(item, "description") == "a<b>&amp;]]>"


# -- HTTP ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", EVERY)
def test_every_feed_is_answered_with_its_type_and_for_caches(client, ann, path):
    published("demo", uploader=ann)
    response = client.get(path)
    kind = "atom" if path.endswith("atom") else "rss"
    assert response["Content-Type"] == f"application/{kind}+xml; charset=utf-8"
    assert response["Cache-Control"].startswith("public, max-age=")
    assert len(titles(client, path)) == 1
    assert client.head(path).content == b""
    assert client.post(path).status_code == 405


@pytest.mark.parametrize("path", EVERY)
def test_who_has_the_feed_gets_304_for_next_to_nothing(
    client, ann, path, django_assert_max_num_queries
):
    published("demo", uploader=ann)
    JournalEntry.objects.update(at=timezone.now() - timedelta(hours=1))
    first = client.get(path)
    for condition in (
        {"if-none-match": first["ETag"]},
        {"if-modified-since": first["Last-Modified"]},
    ):
        with django_assert_max_num_queries(2):
            response = client.get(path, headers=condition)
        assert (response.status_code, response.content) == (304, b"")
        assert response["ETag"] == first["ETag"]
    published("demo", "2.0", uploader=ann)
    assert client.get(path, headers={"if-none-match": first["ETag"]}).status_code == 200


def test_a_feed_that_may_change_within_the_second_has_no_last_modified(client, ann):
    published("demo", uploader=ann)
    JournalEntry.objects.update(at=timezone.now())
    assert "Last-Modified" not in client.get("/feeds/releases.rss")
    JournalEntry.objects.update(at=datetime(2026, 5, 1, tzinfo=UTC))
    response = client.get("/feeds/releases.rss")
    assert response["Last-Modified"] == "Fri, 01 May 2026 00:00:00 GMT"


@pytest.mark.parametrize("path", [*EVERY, "/feeds/releases.rss?prereleases=no&keyword=x"])
def test_a_feed_costs_the_same_however_many_entries(
    client, ann, path, django_assert_max_num_queries
):
    for number in range(8):
        published("demo", f"{number}", uploader=ann)
        published(f"demo-{number}", uploader=ann)
    with django_assert_max_num_queries(4):
        client.get(path)


# -- what may not be seen ------------------------------------------------------------------------


def test_what_is_held_quarantined_or_unknown_is_in_no_feed(client, ann):
    published("open", uploader=ann)
    held("held", uploader=UserFactory(username="bob"))
    odd = published("odd", uploader=UserFactory(username="eve", trusted=True))
    projects.quarantine(odd.project, actor=SYSTEM, reason="Odd.")
    assert titles(client, "/feeds/releases.rss") == ["open 1.0"]
    assert titles(client, "/feeds/projects.rss") == ["open"]
    assert titles(client, "/feeds/project/odd/releases.rss") == []
    for path in ("project/held", "user/bob", "user/eve", "user/nobody"):
        response = client.get(f"/feeds/{path}/releases.rss")
        assert response.status_code == 404, path
        assert response["Content-Type"].startswith("text/plain")


def test_a_former_name_leads_to_the_new_feed(client, ann):
    release = published("demo", uploader=ann)
    renames.rename(release.project, "other", actor=actor(ann))
    response = client.get("/feeds/project/demo/releases.atom?prereleases=no")
    target = "/feeds/project/other/releases.atom?prereleases=no"
    assert (response.status_code, response["Location"]) == (301, target)


# -- finding them --------------------------------------------------------------------------------


def test_pages_tell_readers_and_people_where_the_feeds_are(client, ann):
    published("demo", uploader=ann)
    home, project = client.get("/").content.decode(), client.get("/project/demo/").content.decode()
    for path in ("/feeds/releases.atom", "/feeds/projects.atom"):
        assert f'type="application/atom+xml" href="{path}"' in home
    path = "/feeds/project/demo/releases.atom"
    assert f'type="application/atom+xml" href="{path}"' in project
    assert f'<a href="{path}">Feed of releases</a>' in project
    assert 'href="/help/apis/"' in home


def test_the_help_page_names_addresses_that_answer(client, ann):
    published("demo", uploader=ann)
    page = client.get("/help/apis/").content.decode()
    for path in (*EVERY[:5], "/pypi/demo/json", "/pypi/demo/1.0/json", "/simple/demo/", "/pypi"):
        shown = path.replace("demo", "NAME").replace("1.0", "VERSION").replace("ann", "USER")
        assert f"http://testserver{shown}</code>" in page
        if path != "/pypi":
            assert client.get(path).status_code == 200
