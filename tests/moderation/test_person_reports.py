"""Reports about a person, by page and by API; whoever is not named here seems not to be there."""

from __future__ import annotations

import pytest

from accounts.models import User
from moderation import decisions
from moderation.models import Case, Observation
from moderation.models.observations import ObservationKind
from packages import projects
from packages.models import Project, Role, TeamRole
from tests.factories import crews
from tests.factories.index import held, published
from tests.factories.people import KeeperFactory, ScannerFactory, UserFactory, actor, token_for

pytestmark = pytest.mark.django_db
TEXT = "He writes to everybody with offers of stolen tokens."


@pytest.fixture
def person() -> User:
    """Somebody who keeps a project."""
    user: User = UserFactory(username="olga", trusted=True)
    published("demo", uploader=user)
    return user


def send(client, username="olga", **changes):
    fields = {"kind": "abuse", "text": TEXT, "email": "", "website": "", **changes}
    return client.post(f"/user/{username}/report/", fields)


@pytest.mark.parametrize("kind", ObservationKind.values)
def test_a_visitor_reports_a_person_and_a_case_about_him_lies_on_the_desk(client, person, kind):
    assert send(client, kind=kind, email="eve@example.org").status_code == 302
    case = Case.objects.get()
    assert (case.subject, case.kind, case.title) == (person, kind, "olga")
    assert case.concerned.get().part == "subject"
    report = Observation.objects.get()
    assert (report.source, report.network, report.email) == (
        "visitor",
        "127.0.0.1",
        "eve@example.org",
    )


def test_the_page_of_the_report_about_a_project_leads_there(client, person):
    page = client.get("/project/demo/report/").content.decode()
    assert 'href="/user/olga/report/"' in page
    assert "Report olga" in client.get("/user/olga/report/").content.decode()


def test_who_keeps_a_project_by_a_team_is_reported_like_others(client, person):
    member = crews.join(crew := crews.team(), UserFactory(username="mia")).user
    project = Project.objects.get()
    role = crews.role(crew, project, "reader")
    assert send(client, "mia").status_code == 404
    TeamRole.objects.filter(pk=role.pk).update(kind="maintainer")
    assert 'href="/user/mia/report/"' in client.get("/project/demo/report/").content.decode()
    assert send(client, "mia").status_code == 302
    assert Case.objects.get().subject == member
    Project.objects.update(private=True)
    assert send(client, "mia").status_code == 404


def test_a_moderator_freezes_whom_a_case_is_about(client, person):
    send(client)
    keeper = actor(KeeperFactory())
    decision = decisions.freeze(Case.objects.get(), person, actor=keeper, reason="So he did.")
    person.refresh_from_db()
    assert not person.is_active
    decisions.undo(decision, actor=keeper, reason="It was another.")
    person.refresh_from_db()
    assert person.is_active


def test_too_many_reports_from_one_address_are_refused(client, person, settings):
    settings.REPORTS_PER_HOUR = 2
    for number in range(2):
        assert send(client, text=f"{TEXT} {number}").status_code == 302
    page = send(client, text=f"{TEXT} once more")
    assert page.status_code == 200
    assert b"within an hour" in page.content
    assert Observation.objects.count() == 2


def nobody_here(who: str) -> str:
    """The name of somebody who keeps nothing that a stranger sees."""
    if who == "absent":
        return "nobody"
    user = UserFactory(username="ivan", trusted=who != "waiting")
    if who == "waiting":
        held("second", uploader=user)
    if who == "private":
        project = published("second", uploader=user).project
        projects.make_private(project, actor=actor(user))
    if who == "reader":
        Role.objects.create(project=published("second").project, user=user, kind="reader")
    if who == "deleted":
        project = published("second", uploader=user).project
        projects.delete(project, actor=actor(user), reason="old")
    return str(user.username)


@pytest.mark.parametrize("who", ["absent", "idle", "waiting", "private", "reader", "deleted"])
def test_who_keeps_nothing_in_public_cannot_be_told_from_nobody(client, person, who):
    username = nobody_here(who)
    scanner = {"Authorization": f"Bearer {token_for(ScannerFactory())}"}
    answers = [
        client.get(f"/user/{username}/report/"),
        send(client, username),
        client.get(f"/api/v1/people/{username}/observations/", headers=scanner),
        client.post(
            f"/api/v1/people/{username}/observations/",
            {"kind": "abuse", "text": TEXT},
            content_type="application/json",
            headers=scanner,
        ),
    ]
    assert [answer.status_code for answer in answers] == [404] * 4
    same = client.get("/user/really-nobody/report/").content.decode()
    told = answers[0].content.decode().replace(username, "really-nobody")
    assert told == same
    assert not Observation.objects.exists()


def test_a_program_that_fills_in_everything_learns_nothing(client, person):
    assert send(client, website="https://example.org").status_code == 302
    assert not Observation.objects.exists()


def test_a_trusted_scanner_reports_a_person_and_lists_its_reports(client, person):
    scanner = {"Authorization": f"Bearer {token_for(ScannerFactory())}"}
    address = "/api/v1/people/olga/observations/"
    body = {"kind": "malware", "text": TEXT, "severity": "critical"}
    made = client.post(address, body, content_type="application/json", headers=scanner)
    assert made.status_code == 201, made.content
    assert (made.json()["about"], Case.objects.get().severity) == ("olga", 4)
    again = client.post(address, body, content_type="application/json", headers=scanner)
    assert again.json()["id"] == made.json()["id"]
    listed = client.get(address, headers=scanner).json()["observations"]
    assert [row["id"] for row in listed] == [made.json()["id"]]
    wrong = client.post(address, {"kind": "x"}, content_type="application/json", headers=scanner)
    assert wrong.status_code == 400
    client.force_login(UserFactory())
    assert client.get(address).status_code == 403
