"""The trail is shown to whom it concerns, and no more of it than that."""

from __future__ import annotations

import json

import pytest
from django.urls import reverse

from accounts import audit, tokens
from accounts.actors import Actor
from accounts.models import AuditEvent
from packages import reach, releases
from packages.models import Role
from tests.factories.index import published
from tests.factories.people import AdministratorFactory, UserFactory, actor, token_for

pytestmark = pytest.mark.django_db


@pytest.fixture
def ann():
    return UserFactory(username="ann", trusted=True)


@pytest.fixture
def project(ann):
    return published("demo", uploader=ann).project


def away(user, address="203.0.113.9"):
    return Actor(user=user, address=address, client="curl/8")


def test_somebody_sees_what_he_did_and_what_was_done_to_him(client, ann):
    other, boss = UserFactory(username="other"), AdministratorFactory(username="boss")
    audit.record(away(ann), "password.change", ann)
    audit.record(away(boss, "198.51.100.7"), "user.trust", ann, reason="good work")
    audit.record(away(other), "password.set", other)
    client.force_login(ann)
    page = client.get(reverse("history")).content.decode()
    assert "The password was changed" in page
    assert "from 203.0.113.9" in page
    assert "by a moderator" in page
    assert "good work" in page
    for secret in ("boss", "198.51.100.7", "A password was set"):
        assert secret not in page


def test_the_page_is_filtered_and_goes_on_where_it_ended(client, ann):
    client.force_login(ann)
    for number in range(60):
        audit.record(away(ann), "session.begin", ann, after={"how": f"way{number:02}"})
    audit.record(away(ann), "password.change", ann)
    first = client.get(reverse("history"), {"show": "sign-in"})
    assert "The password was changed" not in first.content.decode().split("<ol")[1]
    assert "way59" in first.content.decode()
    older = first.context["older"]
    second = client.get(reverse("history"), {"show": "sign-in", "before": older}).content.decode()
    assert "way09" in second
    assert "way10" not in second
    for odd in ("x", "9" * 40, "-1", "\u0663"):
        assert client.get(reverse("history"), {"before": odd, "show": "odd"}).status_code == 200


def test_a_long_history_costs_as_many_queries_as_a_short_one(
    client, ann, django_assert_max_num_queries
):
    client.force_login(ann)
    boss = AdministratorFactory()
    for _ in range(70):
        audit.record(actor(boss), "user.trust", ann)
    with django_assert_max_num_queries(5):
        client.get(reverse("history"))


def test_the_trail_is_taken_along_as_json(client, ann):
    client.force_login(ann)
    empty = b"".join(client.get(reverse("history-json")).streaming_content)
    assert json.loads(empty) == []
    audit.record(away(ann), "password.change", ann)
    answer = client.get(reverse("history-json"))
    (event,) = json.loads(b"".join(answer.streaming_content))
    assert event["action"] == "password.change"
    assert event["address"] == "203.0.113.9"
    assert answer["Content-Disposition"].startswith("attachment")
    client.logout()
    assert client.get(reverse("history-json")).status_code == 302


def api(client, path, text):
    return client.get(path, headers={"authorization": f"Bearer {text}"})


def test_programs_read_the_events_of_the_account_by_cursor(client, ann):
    text = token_for(ann)
    for _ in range(3):
        audit.record(away(ann), "password.change", ann)
    path = reverse("api-account-events")
    first = api(client, f"{path}?page_size=2", text).json()
    assert len(first["results"]) == 2
    second = api(client, first["next"], text).json()
    ids = [event["id"] for event in first["results"] + second["results"]]
    assert ids == sorted(ids, reverse=True)
    assert client.get(path).status_code == 401


@pytest.mark.parametrize("scope", [{"actions": ["upload"]}, {"limited": True}])
def test_a_narrow_token_does_not_read_the_events_of_the_account(client, ann, scope):
    assert api(client, reverse("api-account-events"), token_for(ann, **scope)).status_code == 403


def test_owners_see_what_was_done_to_their_project_but_not_where_others_were(client, ann, project):
    bob = UserFactory(username="bob")
    Role.objects.create(project=project, user=bob, kind=Role.Kind.OWNER)
    releases.yank(project.releases.get(), actor=away(bob), reason="wobbles")
    releases.unyank(project.releases.get(), actor=away(ann, "198.51.100.1"))
    client.force_login(ann)
    page = client.get(reverse("project-history", args=["demo"])).content.decode()
    assert "by bob" in page
    assert "wobbles" in page
    assert "198.51.100.1" in page
    assert "203.0.113.9" not in page
    assert "curl" not in page.replace("curl on", "").split("by bob")[1].split("</li>")[0]


def test_tokens_made_for_the_project_are_part_of_its_history_others_are_not(client, ann, project):
    mine, _ = tokens.mint(ann, actor=away(ann), name="for demo", limited=True)
    reach.limit_token(mine, [project])
    tokens.mint(ann, actor=away(ann), name="for anything")
    tokens.revoke(mine, actor=away(ann))
    client.force_login(ann)
    page = client.get(reverse("project-history", args=["demo"]), {"show": "token"}).content.decode()
    assert page.count("for demo") == 2
    assert "for anything" not in page


def test_who_reported_a_project_is_not_told_to_its_owners(client, ann, project):
    reporter = UserFactory(username="whistler")
    audit.record(away(reporter), "observation.report", project, reason="malware")
    client.force_login(ann)
    for page in (
        client.get(reverse("project-history", args=["demo"])).content.decode(),
        client.get(reverse("api-project-events", args=["demo"])).content.decode(),
    ):
        assert "whistler" not in page
        assert "observation" not in page


def test_only_owners_see_the_history_of_a_project(client, project):
    maintainer, stranger = UserFactory(), UserFactory()
    Role.objects.create(project=project, user=maintainer, kind=Role.Kind.MAINTAINER)
    path = reverse("project-history", args=["demo"])
    client.force_login(stranger)
    assert client.get(path).status_code == 404
    client.force_login(maintainer)
    page = client.get(path).content.decode()
    assert "ask one of them" in page
    assert 'class="trail"' not in page
    path = reverse("api-project-events", args=["demo"])
    assert api(client, path, token_for(maintainer)).status_code == 404
    assert api(client, path, token_for(stranger)).status_code == 404


def test_a_token_must_manage_to_read_the_events_of_a_project(client, ann, project):
    path = reverse("api-project-events", args=["demo"])
    assert api(client, path, token_for(ann)).status_code == 200
    assert api(client, path, token_for(ann, actions=["upload"])).status_code == 403
    assert client.get(path).status_code == 401


def test_a_long_history_of_a_project_costs_as_many_queries_as_a_short_one(
    client, ann, project, django_assert_max_num_queries
):
    client.force_login(ann)
    for _ in range(70):
        audit.record(away(UserFactory()), "project.archived", project)
    with django_assert_max_num_queries(10):
        page = client.get(reverse("project-history", args=["demo"]))
    assert page.context["older"]


def test_events_from_before_the_columns_are_found_by_what_they_concern():
    import importlib

    from django.db import connection

    migration = importlib.import_module("accounts.migrations.0008_whom_events_concern")
    user = UserFactory()
    event = audit.record(actor(user), "user.greet", user)
    with connection.cursor() as cursor:
        cursor.execute("set constraints all immediate")
        cursor.execute("alter table accounts_auditevent disable trigger the_trail_only_grows")
        cursor.execute("update accounts_auditevent set person_id = null, user_id = null")
        cursor.execute("alter table accounts_auditevent enable trigger the_trail_only_grows")
        cursor.execute(migration.FILL)
    assert AuditEvent.objects.of_person(user).get() == event
