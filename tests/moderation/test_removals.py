"""The public log of removals: what stands there, what never does, and how mirrors follow it."""

from __future__ import annotations

import pytest

from moderation import cases, decisions, observations, removal_views
from moderation.models import Removal
from moderation.observations import Report
from packages import files, projects, releases
from packages.models import Team, TeamMember, TeamRole
from tests.factories.index import published
from tests.factories.people import AdministratorFactory, UserFactory, actor

pytestmark = pytest.mark.django_db
API = "/api/v1/removals/"


def moderator():
    return actor(AdministratorFactory())


def case_about(subject, kind="malware"):
    report = Report(kind, "It reads the keys of whoever installs it.")
    return observations.report(subject, report, actor=actor(UserFactory())).case


def told(client, **query):
    response = client.get(API, query)
    assert response.status_code == 200
    return response.json()


def actions(client):
    return [(row["action"], row["scope"], row["version"]) for row in told(client)["removals"]]


def test_a_decision_stands_in_the_log_with_hashes_reason_and_kind(client):
    release = published("demo", "1.0")
    case = case_about(release)
    decisions.quarantine(case, release, actor=moderator(), reason="It steals keys.")
    [row] = told(client)["removals"]
    file = release.files.get()
    release.project.refresh_from_db()
    assert row["serial"] == release.project.serial
    assert (row["action"], row["scope"]) == ("quarantined", "release")
    assert (row["name"], row["version"], row["filename"]) == ("demo", "1.0", None)
    assert (row["category"], row["reason"]) == ("malware", "It steals keys.")
    assert row["files"] == [
        {
            "filename": file.filename,
            "version": "1.0",
            "size": file.size,
            "hashes": {"sha256": file.sha256, "blake2b_256": file.blake2b_256},
        }
    ]


def test_what_is_undone_comes_back_as_an_entry_that_names_the_first(client):
    release = published("demo", "1.0")
    case = case_about(release)
    done = decisions.remove(case, release, actor=moderator(), reason="It steals keys.")
    decisions.undo(done, actor=moderator(), reason="It was another project.")
    removed, restored = told(client)["removals"]
    assert (removed["action"], restored["action"]) == ("removed", "restored")
    assert restored["takes_back"] == removed["serial"]
    assert restored["category"] == "malware"
    assert [file["filename"] for file in restored["files"]] == [release.files.get().filename]


@pytest.mark.parametrize("scope", ["file", "release", "project"])
def test_every_kind_of_thing_is_hidden_and_comes_back(client, scope):
    release = published("demo", "1.0")
    verbs = {"file": files, "release": releases, "project": projects}[scope]
    thing = {"file": release.files.get(), "release": release, "project": release.project}[scope]
    verbs.quarantine(thing, actor=moderator(), reason="Looked at.")
    verbs.clear(thing, actor=moderator(), reason="Fine.")
    verbs.delete(thing, actor=moderator(), reason="Not fine.")
    verbs.restore(thing, actor=moderator(), reason="Fine after all.")
    rows = told(client)["removals"]
    assert [row["action"] for row in rows] == ["quarantined", "cleared", "removed", "restored"]
    assert {row["scope"] for row in rows} == {scope}
    assert all(len(row["files"]) == 1 for row in rows)
    assert [row["takes_back"] for row in rows] == [None, rows[0]["serial"], None, rows[2]["serial"]]


def test_a_moderator_who_chooses_a_status_ends_a_quarantine_in_the_log_too(client):
    project = published("demo").project
    projects.quarantine(project, actor=moderator(), reason="Looked at.")
    projects.archive(project, actor=moderator(), reason="Its owner is gone.")
    assert [action for action, _, _ in actions(client)] == ["quarantined", "cleared"]


def test_what_owners_do_with_what_is_theirs_is_not_there(client):
    owner = UserFactory(trusted=True)
    release = published("demo", uploader=owner)
    releases.yank(release, actor=actor(owner), reason="Broken.")
    releases.delete(release, actor=actor(owner), reason="A private matter.")
    releases.restore(release, actor=actor(owner))
    projects.archive(release.project, actor=actor(owner))
    projects.activate(release.project, actor=actor(owner))
    assert told(client)["removals"] == []


def test_what_a_moderator_removes_of_his_own_by_a_decision_is_there(client):
    person = AdministratorFactory()
    release = published("demo", uploader=person)
    decisions.remove(case_about(release, "spam"), release, actor=actor(person), reason="Spam.")
    [row] = told(client)["removals"]
    assert (row["action"], row["category"], len(row["files"])) == ("removed", "spam", 1)


def test_one_file_that_comes_back_out_of_a_removed_release_is_told_of(client):
    release = published("demo", "1.0")
    published("demo", "1.0", sdist=True, uploader=release.published_by)
    releases.delete(release, actor=moderator(), reason="Both are bad.")
    first = release.files.in_bin().order_by("filename").first()
    files.restore(first, actor=moderator(), reason="This one is not.")
    assert [action for action, _, _ in actions(client)] == ["removed", "restored"]


def test_notes_reports_and_names_of_people_never_stand_there(client):
    release = published("demo", "1.0")
    reporter = UserFactory(username="whistle")
    report = Report("malware", "I am its victim, keep this secret.")
    case = observations.report(release, report, actor=actor(reporter)).case
    person = AdministratorFactory(username="keeper")
    cases.note(case, actor=actor(person), text="Known to the police.")
    decisions.quarantine(case, release, actor=actor(person), reason="Malware.")
    for address in (API, "/removals/", "/feeds/removals.atom"):
        text = client.get(address).content.decode()
        assert "demo" in text
        for secret in ("whistle", "keeper", "victim", "police"):
            assert secret not in text


def test_a_mirror_follows_by_serial_and_misses_nothing(client, django_assert_num_queries):
    release = published("demo", "1.0")
    for _ in range(3):
        releases.quarantine(release, actor=moderator(), reason="Bad.")
        releases.clear(release, actor=moderator(), reason="Good.")
    with django_assert_num_queries(1):
        page = told(client, page_size=4)
    seen = page["removals"]
    while page["next"]:
        page = client.get(page["next"]).json()
        seen += page["removals"]
    assert len(seen) == 6
    assert [row["serial"] for row in seen] == sorted(row["serial"] for row in seen)
    assert told(client, since=page["serial"]) == {
        "removals": [],
        "serial": page["serial"],
        "next": None,
    }


def test_one_project_can_be_asked_for_in_any_spelling(client):
    for name in ("demo-one", "second"):
        releases.quarantine(published(name), actor=moderator(), reason="Bad.")
    assert {row["name"] for row in told(client, project="Demo.One")["removals"]} == {"demo-one"}
    assert "second" not in client.get("/removals/?project=demo_one").content.decode()


@pytest.mark.parametrize("query", ["since=x", "since=-1", "since=9" + "9" * 30, "page_size=many"])
def test_a_serial_that_is_none_is_refused(client, query):
    response = client.get(f"{API}?{query}")
    assert (response.status_code, response.json()["code"]) == (400, "invalid-serial")


def test_the_page_shows_the_newest_first_and_goes_on(client, monkeypatch):
    monkeypatch.setattr(removal_views, "PAGE", 2)
    owner = UserFactory(trusted=True)
    for version in ("1.0", "2.0", "3.0"):
        release = published("demo", version, uploader=owner)
        releases.quarantine(release, actor=moderator(), reason=f"Bad {version}.")
    first = client.get("/removals/").content.decode()
    assert first.index("demo 3.0") < first.index("demo 2.0")
    assert "demo 1.0" not in first
    before = Removal.objects.newest_first()[1].serial
    assert f"?before={before}" in first
    assert "demo 1.0" in client.get(f"/removals/?before={before}").content.decode()


def test_owners_do_not_bring_back_what_moderators_removed():
    owner = UserFactory(trusted=True)
    release = published("demo", uploader=owner)
    file = release.files.get()
    files.delete(file, actor=moderator(), reason="Malware.")
    with pytest.raises(files.RemovedByModerators, match="appeal"):
        files.restore(file, actor=actor(owner))
    with pytest.raises(files.RemovedByModerators):
        releases.restore(release, actor=actor(owner))
    projects.delete(release.project, actor=moderator(), reason="All of it.")
    with pytest.raises(files.RemovedByModerators):
        projects.restore(release.project, actor=actor(owner))
    projects.restore(release.project, actor=moderator())
    files.restore(file, actor=moderator())


def test_what_a_team_of_the_owners_deletes_is_theirs():
    member, release = UserFactory(), published("demo", uploader=UserFactory(trusted=True))
    team = Team.objects.create(name="keepers")
    TeamMember.objects.create(team=team, user=member, kind="member")
    TeamRole.objects.create(team=team, project=release.project, kind="owner")
    file = release.files.get()
    files.delete(file, actor=actor(member), reason="Mine.")

    assert not Removal.objects.exists()
    assert files.restore(file, actor=actor(member)).deleted_at is None
