"""The wire of trusted publishing: the assertions OID-1 to OID-13, by HTTP."""

# ruff: noqa: N802 - names end with the assertions that they show

from __future__ import annotations

import base64
import json
import time
from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.utils import timezone

from accounts import issuers
from accounts.models import ApiToken, AuditEvent, CiIdentity
from packages import minting, oidc_views
from packages.models import File, Project, Publisher
from pypi_site.lib.problems import PROBLEM_JSON
from tests.factories import index
from tests.factories.oidc import AUDIENCE
from tests.factories.people import UserFactory, token_for
from tests.packages.oidc_helpers import MINT, issuer, mint, post, prepare, project, trust, upload

__all__ = ["issuer", "project"]  # fixtures
pytestmark = pytest.mark.django_db


def refused(answer: Any, code: str, status: int = 422) -> str:
    """The sentence of a refusal, which has both forms (OID-3)."""
    assert answer.status_code == status, answer.content
    assert answer["Content-Type"] == PROBLEM_JSON
    body = answer.json()
    assert {"type", "title", "status", "detail", "code"} <= set(body)
    assert body["message"] == "Token request failed"
    assert body["errors"][0]["code"] == code
    return str(body["errors"][0]["description"])


# -- the assertions ------------------------------------------------------------------------------


def test_the_audience_is_at_the_root_of_the_host_OID_1(client, issuer):
    answer = client.get("/_/oidc/audience", HTTP_ACCEPT="*/*")
    assert (answer.status_code, answer.json()) == (200, {"audience": AUDIENCE})
    assert client.post("/_/oidc/audience").status_code == 405


def test_without_issuers_it_is_off(client, settings):
    settings.OIDC_PROVIDERS, settings.OIDC_ISSUERS = [], []
    refused(client.get("/_/oidc/audience"), "not-enabled", 403)
    refused(post(client, {"token": "x"}), "not-enabled", 403)
    assert client.get("/.well-known/pytp?discover=/legacy/").status_code == 404


@pytest.mark.parametrize("path", [MINT, "/_/oidc/github/mint-token"])
def test_a_minted_token_uploads_OID_2(client, issuer, project, tmp_path, path):
    trust(project)
    answer = post(client, {"token": issuer.token()}, path)
    body = answer.json()
    assert answer.status_code == 200
    assert body["success"] is True
    assert isinstance(body["expires"], int)
    assert upload(client, body["token"], tmp_path).status_code == 200
    file = File.objects.get(release__version="2.0")
    assert file.uploaded_by is None
    assert file.uploaded_by_ci.label == "Forge: Ann/demo, release.yml, pypi (run 123456)"
    assert file.release.published_by_ci == file.uploaded_by_ci


def test_a_refusal_has_both_forms_OID_3(client, issuer):
    refused(post(client, {"token": issuer.token()}), "invalid-publisher")
    refused(post(client, {"token": "nonsense"}), "invalid-token")


def test_a_minted_token_lives_for_a_quarter_of_an_hour_OID_4(client, issuer, project):
    trust(project)
    before = time.time()
    body = post(client, {"token": issuer.token()}).json()
    assert 900 <= body["expires"] - before <= 1000
    token = ApiToken.objects.get(ci__isnull=False)
    assert int(token.expires_at.timestamp()) == body["expires"]


def test_an_identity_token_is_exchanged_once_OID_5(client, issuer, project):
    trust(project)
    token = issuer.token()
    assert post(client, {"token": token}).status_code == 200
    refused(post(client, {"token": token}), "invalid-reuse-token")
    refused(post(client, {"token": issuer.token(jti=_jti(token))}), "invalid-reuse-token")
    assert ApiToken.objects.filter(ci__isnull=False).count() == 1


def _jti(token: str) -> str:
    body = token.split(".")[1]
    return str(json.loads(base64.urlsafe_b64decode(body + "=="))["jti"])


def test_a_token_for_one_project_opens_no_other_OID_6(client, issuer, project, tmp_path):
    index.project("other")
    trust(project)
    answer = upload(client, mint(client, issuer), tmp_path, name="other")
    assert answer.status_code == 403
    assert "trusted with demo and not with other" in answer.reason_phrase
    assert upload(client, mint(client, issuer), tmp_path, name="brandnew").status_code == 403
    assert not Project.objects.filter(normalized_name="brandnew").exists()


def test_a_token_for_one_use_is_used_once_OID_7(client, issuer, project, tmp_path):
    trust(project)
    body = {"token": issuer.token(), "features": ["single-use-token"]}
    token = post(client, body).json()["token"]
    assert upload(client, token, tmp_path).status_code == 200
    assert upload(client, token, tmp_path, version="3.0").status_code == 403


@pytest.mark.parametrize(
    "features", [["teleport"], ["single-use-token", "multi-use-token"], "single-use-token", [1], {}]
)
def test_a_feature_that_is_not_there_is_refused_OID_7(client, issuer, project, features):
    trust(project)
    body = {"token": issuer.token(), "features": features}
    refused(post(client, body), "unknown-feature")
    assert not CiIdentity.objects.exists()


def test_without_a_feature_a_token_is_good_for_several_uses_OID_7(
    client, issuer, project, tmp_path
):
    trust(project)
    for features in (None, [], ["multi-use-token"]):
        body = {"token": issuer.token()} | ({} if features is None else {"features": features})
        token = post(client, body).json()["token"]
        assert not ApiToken.objects.latest("pk").single_use
        assert upload(client, token, tmp_path).status_code == 200


def test_burning_ends_a_token_and_says_nothing_OID_8(client, issuer, project, tmp_path):
    trust(project)
    token = mint(client, issuer)
    for text in (token, token, "gate-unknown", "nonsense"):
        assert post(client, {"token": text}, "/_/oidc/burn-token").status_code == 202
    assert upload(client, token, tmp_path).status_code == 403
    event = AuditEvent.objects.get(action="token.revoke")
    assert event.actor.startswith("Forge: Ann/demo")


def test_a_token_of_a_person_is_not_burnt(client, issuer):
    text = token_for(UserFactory())
    assert post(client, {"token": text}, "/_/oidc/burn-token").status_code == 202
    assert ApiToken.objects.get().revoked_at is None


@pytest.mark.parametrize("path", ["%2Flegacy%2F", "/legacy/", "%2Flegacy", "%2Fupload%2F2.0%2F"])
def test_discovery_knows_our_upload_addresses_OID_9(client, issuer, path):
    answer = client.get(f"/.well-known/pytp?discover={path}")
    assert answer.status_code == 200
    body = answer.json()
    assert body["audience-endpoint"] == "http://testserver/_/oidc/audience"
    assert body["token-mint-endpoint"] == "http://testserver/_/oidc/mint-token"
    assert body["default-features"] == ["multi-use-token"]


@pytest.mark.parametrize(
    "query",
    ["", "?discover=", "?discover=%2Fnope%2F", "?discover=%252Flegacy%252F", "?discover=legacy",
     "?discover=/legacy/&discover=/legacy/", "?discover=https://evil.test/legacy/"],
)  # fmt: skip
def test_discovery_knows_nothing_else_OID_9(client, issuer, query):
    answer = client.get(f"/.well-known/pytp{query}")
    assert answer.status_code == 404
    assert answer["Content-Type"] == PROBLEM_JSON


def test_discovery_speaks_its_own_type_OID_10(client, issuer):
    address = "/.well-known/pytp?discover=%2Flegacy%2F"
    html = client.get(address, HTTP_ACCEPT="text/html")
    assert (html.status_code, html["Content-Type"]) == (406, PROBLEM_JSON)
    for accept in ({}, {"HTTP_ACCEPT": oidc_views.PYTP}, {"HTTP_ACCEPT": "*/*"}):
        answer = client.get(address, **accept)
        assert (answer.status_code, answer["Content-Type"]) == (200, oidc_views.PYTP)


def test_issuers_are_those_of_the_settings_OID_11(client, issuer, project, settings):
    trust(project)
    token = issuer.token()
    settings.OIDC_ISSUERS = []
    refused(post(client, {"token": token}), "invalid-token")
    settings.OIDC_ISSUERS = issuer.settings
    assert [each.url for each in issuers.configured()][-1] == issuer.url
    assert post(client, {"token": token}).status_code == 200


def test_an_issuer_is_asked_only_if_somebody_trusts_it_OID_11(client, issuer):
    refused(post(client, {"token": issuer.token()}), "invalid-publisher")
    assert issuer.requests == []


def test_the_first_upload_registers_a_pending_name_OID_12(client, issuer, tmp_path):
    ann = UserFactory(trusted=True)
    publisher = prepare("New.Thing", ann)
    token = mint(client, issuer)
    assert not Project.objects.exists()  # a pending publisher reserves nothing
    assert upload(client, token, tmp_path, name="new-thing").status_code == 200
    project = Project.objects.get()
    assert project.published_at
    assert [(role.user, role.kind) for role in project.roles.all()] == [(ann, "owner")]
    publisher.refresh_from_db()
    assert (publisher.project, publisher.pending) == (project, False)
    assert upload(client, token, tmp_path, name="new-thing", version="3.0").status_code == 200


def test_another_name_than_the_pending_one_is_refused_and_told_OID_12(client, issuer, tmp_path):
    prepare("new-thing")
    answer = upload(client, mint(client, issuer), tmp_path, name="new-thnig")
    assert answer.status_code == 400
    assert "publishes new-thing, and the file says new-thnig" in answer.reason_phrase
    assert not Project.objects.exists()


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"{}", b"null", b'"text"', b"\xff", b'{"token": 7}', b'{"token": ""}',
     b'{"token": null}', b'{"token": ["a"]}', b'{"token": "a", "token": "b"}', b"{",
     b'{"token": "' + b"x" * 70_000 + b'"}'],
)  # fmt: skip
def test_a_body_that_is_no_request_is_refused_OID_13(client, issuer, body):
    for path in (MINT, "/_/oidc/burn-token"):
        refused(post(client, body, path), "invalid-payload")


def test_a_refused_token_is_never_repeated_OID_13(client, issuer, project):
    trust(project)
    token = issuer.token(aud="pypi")
    answer = post(client, {"token": token})
    refused(answer, "invalid-token")
    assert token.encode() not in answer.content
    assert token not in str(AuditEvent.objects.values_list())


# -- what auditors found elsewhere (docs/audits.md) ----------------------------------------------


def test_a_replay_is_refused_for_as_long_as_clocks_may_differ_tob_pypi26_1(client, issuer, project):
    trust(project)
    token = issuer.token(exp=int(time.time()) - 20)  # over, but a clock may be wrong
    assert post(client, {"token": token}).status_code == 200
    minting.forget_identities()
    refused(post(client, {"token": token}), "invalid-reuse-token")


def test_what_keeps_an_identity_token_from_being_taken_again_outlives_it_tob_pypi26_1(
    client, issuer, project
):
    trust(project)
    token = issuer.token()
    post(client, {"token": token})
    cache.clear()  # it is a row, and no cache forgets it
    CiIdentity.objects.update(expires_at=timezone.now() - timedelta(days=6))
    minting.forget_identities()
    refused(post(client, {"token": token}), "invalid-reuse-token")


def test_a_job_of_another_issuer_is_another_job_tob_pypi26_12(client, issuer, project):
    publisher = trust(project)
    other = "https://ghes.acme.example"
    Publisher.objects.filter(pk=publisher.pk).update(issuer=other)
    decoy = trust(index.project("decoy"), repository="ann/elsewhere")
    assert decoy.issuer != other
    refused(post(client, {"token": issuer.token()}), "invalid-publisher")
    assert not ApiToken.objects.exists()
