"""Stages by JSON: the same verbs, the same refusals."""

from __future__ import annotations

import pytest
from django.test import Client

from accounts import tokens
from accounts.actors import SYSTEM
from accounts.models import AuditEvent
from packages import access, reach
from packages.models import File, Role, StageStatus
from tests.factories.index import published
from tests.factories.people import UserFactory, actor, token_for
from tests.packages.test_stage_views import staged

pytestmark = pytest.mark.django_db

LIST = "/api/v1/projects/gate-keeper/stages/"


@pytest.fixture
def ada():
    return UserFactory(username="ada", trusted=True)


@pytest.fixture
def stage(ada, tmp_path):
    return staged(ada, tmp_path)


def bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


def of(user) -> dict[str, str]:
    return bearer(token_for(user))


def address(stage) -> str:
    return f"{LIST}{stage.identifier}/"


def publish(client, stage, **options):
    return client.post(f"{address(stage)}publish/", content_type="application/json", **options)


def problem_of(response) -> dict:
    assert response["Content-Type"] == "application/problem+json"
    assert response.json()["status"] == response.status_code
    return response.json()


def test_a_token_lists_what_is_staged(client, ada, stage):
    response = client.get(LIST, headers=of(ada))
    assert response.status_code == 200
    assert "no-store" in response["Cache-Control"]
    body = response.json()
    assert body["stages_uploads"] is False
    [shown] = body["stages"]
    assert shown["id"] == str(stage.identifier)
    assert (shown["project"], shown["version"], shown["status"]) == ("Gate.Keeper", "1.0", "open")
    assert shown["preview_url"] == f"http://testserver/stages/{stage.session_token}/"
    assert shown["url"] == f"http://testserver{address(stage)}"
    [file] = shown["files"]
    expected = stage.files.get()
    assert file == {
        "filename": expected.filename,
        "status": "completed",
        "notices": [],
        "size": expected.size,
        "sha256": expected.sha256,
    }


def test_a_session_reads_too(client, ada, stage):
    client.force_login(ada)
    assert client.get(address(stage)).json()["version"] == "1.0"


def test_the_newest_version_comes_first(client, ada, stage, tmp_path):
    staged(ada, tmp_path, "1.10")
    staged(ada, tmp_path, "1.9")
    stages = client.get(LIST, headers=of(ada)).json()["stages"]
    assert [each["version"] for each in stages] == ["1.10", "1.9", "1.0"]


@pytest.mark.parametrize("name", ["gate-keeper", "nothing"])
def test_nobody_learns_nothing(client, stage, name):
    for method, path in [("get", ""), ("get", f"{stage.identifier}/")]:
        response = getattr(client, method)(f"/api/v1/projects/{name}/stages/{path}")
        assert response.status_code == 401
        assert problem_of(response)["code"] == "not-authenticated"


def test_without_a_role_there_is_nothing_to_find(client, stage):
    published("public")
    headers = of(UserFactory(trusted=True))
    refusals = [
        client.get(LIST, headers=headers),
        client.get("/api/v1/projects/public/stages/", headers=headers),
        client.get("/api/v1/projects/nothing/stages/", headers=headers),
        client.get(address(stage), headers=headers),
        client.delete(address(stage), headers=headers),
        publish(client, stage, headers=headers),
    ]
    assert {response.status_code for response in refusals} == {404}
    assert len({problem_of(response)["detail"] for response in refusals}) == 1
    stage.refresh_from_db()
    assert stage.status == StageStatus.OPEN


def test_a_limited_token_reaches_its_own_projects(client, ada, stage):
    token, text = tokens.mint(ada, actor=SYSTEM, name="narrow", limited=True)
    for response in (
        client.get(LIST, headers=bearer(text)),
        publish(client, stage, headers=bearer(text)),
        client.delete(address(stage), headers=bearer(text)),
    ):
        assert response.status_code == 403
        assert problem_of(response)["code"] == "token-too-narrow"
    reach.limit_token(token, [stage.project])
    assert client.get(LIST, headers=bearer(text)).status_code == 200
    assert publish(client, stage, headers=bearer(text)).status_code == 200


def test_a_useless_token_is_refused(client, stage):
    response = client.get(LIST, headers=bearer("gate-nonsense"))
    assert response.status_code == 403
    assert problem_of(response)["code"] == "invalid-token"


def test_publishing(client, ada, stage):
    response = client.post(
        f"{address(stage)}publish/",
        {"reason": "Tested."},
        content_type="application/json",
        headers=of(ada),
    )
    assert response.status_code == 200
    assert (response.json()["status"], response.json()["preview_url"]) == ("published", None)
    assert File.objects.offered().count() == 1
    assert AuditEvent.objects.get(action="stage.publish").reason == "Tested."
    assert client.get(address(stage), headers=of(ada)).json()["status"] == "published"
    assert client.get(LIST, headers=of(ada)).json()["stages"] == []


def test_publishing_twice_is_a_conflict(client, ada, stage):
    publish(client, stage, headers=of(ada))
    response = publish(client, stage, headers=of(ada))
    assert response.status_code == 409
    assert problem_of(response)["code"] == "session-closed"


def test_a_newcomer_s_stage_is_accepted_and_waits(client, tmp_path):
    newcomer = UserFactory()
    stage = staged(newcomer, tmp_path)
    response = publish(client, stage, headers=of(newcomer))
    assert response.status_code == 202
    assert response.json()["status"] == "processing"
    assert response.json()["notices"][0].startswith("Held for review: ")
    refused = client.delete(address(stage), headers=of(newcomer))
    assert refused.status_code == 409


def test_discarding(client, ada, stage):
    published("Gate.Keeper", "0.9", uploader=ada)
    response = client.delete(
        address(stage), {"reason": "Oops."}, content_type="application/json", headers=of(ada)
    )
    assert response.status_code == 204
    assert not response.content
    assert AuditEvent.objects.get(action="stage.cancel").reason == "Oops."
    assert client.get(address(stage), headers=of(ada)).json()["status"] == "canceled"


@pytest.mark.parametrize("reason", ["x" * 501, "a\0b", ["why"], {"a": 1}])
def test_a_reason_that_cannot_be_kept_is_refused(client, ada, stage, reason):
    response = client.delete(
        address(stage), {"reason": reason}, content_type="application/json", headers=of(ada)
    )
    assert response.status_code == 400
    problem_of(response)
    stage.refresh_from_db()
    assert stage.status == StageStatus.OPEN


def test_an_unverified_address_publishes_nothing(client, ada, stage):
    ada.emailaddress_set.update(verified=False)
    response = publish(client, stage, headers=of(ada))
    assert response.status_code == 403
    assert problem_of(response)["code"] == "email-not-verified"


def test_a_stage_of_another_project_is_not_found(client, ada, stage, tmp_path):
    other = staged(ada, tmp_path, name="other")
    assert client.get(address(other), headers=of(ada)).status_code == 404
    assert publish(client, other, headers=of(ada)).status_code == 404


def test_a_session_needs_the_csrf_token(stage, ada):
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(ada)
    response = strict.post(f"{address(stage)}publish/")
    assert response.status_code == 403
    assert "CSRF" in problem_of(response)["detail"]


def test_whoever_loses_the_role_loses_the_stage(client, ada, stage):
    headers = of(ada)
    Role.objects.all().delete()
    assert client.get(address(stage), headers=headers).status_code == 404
    access.role_on(actor(staged_owner(stage)), "Gate_Keeper")


def staged_owner(stage):
    user = UserFactory()
    Role.objects.create(project=stage.project, user=user, kind=Role.Kind.OWNER)
    return user
