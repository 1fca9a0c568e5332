"""Reports: by people, visitors and trusted scanners; not too many, and no secrets told."""

from __future__ import annotations

import pytest

from accounts import tokens
from accounts.actors import SYSTEM, Actor
from accounts.models import AuditEvent
from moderation import decisions, observations
from moderation.models import Case, Observation, Source
from moderation.observations import InvalidReport, Report
from packages import projects, reach
from pypi_site.lib.problems import Refused
from pypi_site.lib.ratelimit import TooManyRequests
from tests.factories import jobs
from tests.factories.index import held, published
from tests.factories.people import (
    KeeperFactory,
    ModeratorFactory,
    ScannerFactory,
    UserFactory,
    actor,
    token_for,
)

pytestmark = pytest.mark.django_db
PAGE = "/project/demo/report/"
API = "/api/v1/projects/demo/observations/"
GIVEN = {"kind": "malware", "text": "It sends my keys to a server."}


def visitor(address="203.0.113.7") -> Actor:
    return Actor(address=address)


# -- the page ------------------------------------------------------------------------------------


def test_the_pages_of_project_and_release_lead_to_the_report(client):
    published()
    assert b'href="/project/demo/report/"' in client.get("/project/demo/").content
    release = client.get("/project/demo/1.0/").content
    assert b'href="/project/demo/report/?version=1.0"' in release
    form = client.get(f"{PAGE}?version=1.0")
    assert b'<option value="1.0" selected>' in form.content
    assert "no-store" in form["Cache-Control"]


def test_somebody_with_an_account_reports_a_release(client):
    release = published()
    reporter = UserFactory()
    client.force_login(reporter)
    assert b'name="email"' not in client.get(PAGE).content
    sent = {**GIVEN, "version": "1.0", "place": "demo/__init__.py:12"}
    answer = client.post(PAGE, sent, follow=True)
    assert answer.redirect_chain == [("/project/demo/", 302)]
    assert b"The moderators look at it" in answer.content
    observation = Observation.objects.get()
    assert observation.case.subject == release
    assert (observation.case.kind, observation.case.severity) == ("malware", 3)
    assert observation.lines == [{"member": "demo/__init__.py", "line": 12, "excerpt": ""}]
    assert (observation.reporter, observation.source) == (reporter, "person")
    assert observation.network == ""
    assert observation.case.concerned.filter(user=reporter, part="reporter").exists()
    event = AuditEvent.objects.get(action="observation.report")
    assert event.after == {"kind": "malware", "source": "person", "case": observation.case_id}


def test_a_visitor_reports_the_project_and_may_leave_an_address(client):
    project = published().project
    assert client.post(PAGE, {**GIVEN, "email": "someone@example.org"}).status_code == 302
    observation = Observation.objects.get()
    assert observation.case.subject == project
    assert (observation.source, observation.email) == ("visitor", "someone@example.org")
    assert observation.network == "127.0.0.1"


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": ""},
        {"kind": "boring"},
        {"text": ""},
        {"text": "short"},
        {"text": "x" * 5001},
        {"version": "9.9"},
        {"email": "nonsense"},
    ],
)
def test_a_report_that_says_too_little_is_asked_for_again(client, wrong):
    published()
    answer = client.post(PAGE, {**GIVEN, **wrong})
    assert answer.status_code == 200
    assert not Observation.objects.exists()


def test_what_no_stranger_may_know_cannot_be_reported(client):
    held("secret")
    projects.delete(published("gone").project, actor=SYSTEM, reason="old")
    missing = client.get("/project/nobody/report/")
    for name in ("secret", "gone"):
        page = client.get(f"/project/{name}/report/")
        assert page.status_code == missing.status_code == 404
        assert client.post(f"/project/{name}/report/", GIVEN).status_code == 404
    assert Case.objects.count() == 1


def test_a_quarantined_project_can_be_reported_still(client):
    projects.quarantine(published().project, actor=SYSTEM, reason="odd")
    assert client.post(PAGE, GIVEN).status_code == 302


def test_a_program_that_fills_in_everything_learns_nothing(client):
    published()
    answer = client.post(PAGE, {**GIVEN, "website": "https://spam.example"})
    assert answer.status_code == 302
    assert not Observation.objects.exists()


def test_a_report_needs_the_csrf_token():
    from django.test import Client

    published()
    assert Client(enforce_csrf_checks=True).post(PAGE, GIVEN).status_code == 403


def test_too_many_reports_from_one_address_are_refused(client, settings):
    settings.REPORTS_PER_HOUR = 2
    for name in ("demo", "other", "third"):
        published(name)
    for name in ("demo", "other"):
        assert client.post(f"/project/{name}/report/", GIVEN).status_code == 302
    answer = client.post("/project/third/report/", GIVEN)
    assert answer.status_code == 200
    assert b"within an hour" in answer.content
    assert Observation.objects.count() == 2
    client.force_login(UserFactory())
    assert client.post("/project/third/report/", GIVEN).status_code == 302


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("203.0.113.7", "203.0.113.7", True),
        ("203.0.113.7", "203.0.113.8", False),
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
    ],
)
def test_an_ipv6_network_counts_as_one_address(settings, one, other, same):
    settings.REPORTS_PER_HOUR = 1
    project, release = published().project, published("other")
    observations.report(project, Report(**GIVEN), actor=visitor(one))
    again = pytest.raises(TooManyRequests) if same else pytest.MonkeyPatch.context()
    with again:
        observations.report(release, Report(**GIVEN), actor=visitor(other))


def test_reports_of_one_thing_share_a_case_and_the_gravest_counts():
    project = published().project
    case = observations.report(project, Report("spam", "It is an ad."), actor=visitor()).case
    assert (case.kind, case.severity) == ("spam", 1)
    observations.report(project, Report(**GIVEN), actor=actor(UserFactory()))
    observations.report(project, Report("other", "It is ugly, too."), actor=visitor("203.0.113.9"))
    case.refresh_from_db()
    assert (case.kind, case.severity, case.observations.count()) == ("malware", 3, 3)


def test_the_same_report_is_filed_once():
    project, reporter = published().project, actor(UserFactory())
    first = observations.report(project, Report(**GIVEN), actor=reporter)
    assert observations.report(project, Report(**GIVEN), actor=reporter) == first
    assert Observation.objects.count() == 1


def test_a_report_after_the_decision_is_a_new_case():
    project = published().project
    case = observations.report(project, Report(**GIVEN), actor=visitor()).case
    decisions.dismiss(case, actor=actor(KeeperFactory()), reason="nothing")
    again = observations.report(project, Report(**GIVEN), actor=visitor("203.0.113.9")).case
    assert again != case
    assert again.is_live


def test_a_rule_of_the_index_reports_as_much_as_it_likes(settings):
    settings.REPORTS_PER_HOUR = 1
    for name in ("one", "other"):
        given = Report("malware", "The rule no-such-rule fired.", severity=4)
        made = observations.report(
            published(name).project, given, actor=SYSTEM, source=Source.SIGNAL
        )
        assert (made.source, made.case.severity) == ("signal", 4)


@pytest.mark.parametrize("given", [Report("x", "y" * 20), Report("spam", "y", lines=[{}] * 201)])
def test_the_verb_refuses_what_no_page_would_send(given):
    with pytest.raises(InvalidReport):
        observations.report(published().project, given, actor=visitor())


def test_moderators_are_told_of_the_first_report(mailoutbox):
    moderator, project = ModeratorFactory(), published().project
    jobs.forget()
    observations.report(project, Report(**GIVEN), actor=visitor())
    observations.report(project, Report("spam", "It is an ad."), actor=visitor())
    jobs.run_all()
    (mail,) = mailoutbox
    assert mail.to == [moderator.email]
    assert "It sends my keys" in mail.body
    assert Case.objects.get().get_absolute_url() in mail.body


def test_a_reporter_sees_what_became_of_his_reports(client):
    project, reporter = published().project, UserFactory()
    case = observations.report(project, Report(**GIVEN), actor=actor(reporter)).case
    assert client.get("/accounts/reports/").status_code == 302
    client.force_login(reporter)
    page = client.get("/accounts/reports/").content.decode()
    assert "It sends my keys" in page
    assert ">open<" in page
    decisions.quarantine(case, project, actor=actor(KeeperFactory()), reason="true")
    assert ">confirmed<" in client.get("/accounts/reports/").content.decode()
    client.force_login(UserFactory())
    assert "It sends my keys" not in client.get("/accounts/reports/").content.decode()


# -- the API of trusted scanners -----------------------------------------------------------------


@pytest.fixture
def scanner():
    return ScannerFactory()


def ask(client, user, method="post", address=API, **body):
    headers = {"Authorization": f"Bearer {token_for(user)}"} if user else {}
    options = {"content_type": "application/json"} if method == "post" else {}
    return getattr(client, method)(address, body or None, headers=headers, **options)


def test_a_trusted_scanner_reports_a_file_with_places(client, scanner):
    file = published().files.get()
    place = {"member": "demo/__init__.py", "line": 3, "excerpt": "exec(x)"}
    answer = ask(
        client, scanner, **GIVEN, severity="critical", filename=file.filename, lines=[place]
    )
    assert answer.status_code == 201
    body = answer.json()
    assert body["about"] == file.filename
    assert body["lines"] == [place]
    assert body["state"] == "open"
    case = Case.objects.get()
    assert (case.subject, case.severity) == (file, 4)
    assert ask(client, scanner, **GIVEN, filename=file.filename).json()["id"] == body["id"]


def test_a_scanner_lists_its_own_reports_and_their_state(client, scanner, settings):
    settings.REPORTS_PER_HOUR = 1
    release = published()
    for place in ({}, {"version": "1.0"}, {"filename": release.files.get().filename}):
        assert ask(client, scanner, **GIVEN, **place).status_code == 201
    observations.report(release.project, Report(**GIVEN), actor=actor(UserFactory()))
    keeper = actor(KeeperFactory())
    decisions.dismiss(Case.objects.get(release=release), actor=keeper, reason="no")
    listed = ask(client, scanner, "get").json()["observations"]
    assert [each["state"] for each in listed] == ["open", "unfounded", "open"]
    assert ask(client, ScannerFactory(), "get").json() == {"observations": []}


def test_only_trusted_scanners_report_by_api(client):
    published()
    for method in ("post", "get"):
        assert ask(client, None, method, **GIVEN).status_code in (401, 403)
        refused = ask(client, UserFactory(), method, **GIVEN)
        assert refused.status_code == 403
        assert "trusted scanners" in refused.json()["detail"]
    assert not Observation.objects.exists()


def test_a_token_for_some_projects_reports_nothing(scanner):
    project = published().project
    token, _ = tokens.mint(scanner, actor=SYSTEM, name="narrow", limited=True)
    reach.limit_token(token, [project])
    with pytest.raises(Refused):
        observations.report(
            project,
            Report(**GIVEN),
            actor=Actor(user=scanner, token=token),
            source=Source.SCANNER,
        )


@pytest.mark.parametrize(
    ("wrong", "status"),
    [
        ({"kind": "boring"}, 400),
        ({"text": "short"}, 400),
        ({"severity": "terrible"}, 400),
        ({"version": "9.9"}, 404),
        ({"filename": "other.whl"}, 404),
        ({"lines": [{"line": 1}]}, 400),
        ({"lines": [{"member": "x", "line": 0}]}, 400),
        ({"lines": "x"}, 400),
    ],
)
def test_a_wrong_report_is_refused_with_a_problem(client, scanner, wrong, status):
    published()
    answer = ask(client, scanner, **{**GIVEN, **wrong})
    assert answer.status_code == status
    assert answer["Content-Type"] == "application/problem+json"


def test_a_scanner_learns_nothing_of_what_waits(client, scanner):
    held("secret")
    address = "/api/v1/projects/secret/observations/"
    assert ask(client, scanner, address=address, **GIVEN).status_code == 404
    assert ask(client, scanner, "get", address=address).status_code == 404
