"""Trusted publishers: which job may publish what, once, and what becomes of it."""

from __future__ import annotations

import base64
import json
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts import tokens
from accounts.actors import SYSTEM, Actor
from accounts.models import ApiToken, AuditEvent, CiIdentity
from packages import minting, provenance, publishers
from packages.models import File, JournalEntry, Stage
from tests.factories import index, jobs
from tests.factories.people import (
    UserFactory,
    actor,
    token_for,
)
from tests.packages.concurrency import at_once
from tests.packages.oidc_helpers import (
    issuer,
    mint,
    owner_of,
    post,
    project,
    refusal,
    trust,
    upload,
)

__all__ = ["issuer", "project"]  # fixtures
pytestmark = pytest.mark.django_db
ELSEWHERE = "acme/shared/.github/workflows/publish.yml"
REF = "refs/tags/v1.0"
OURS = f"Ann/demo/.github/workflows/release.yml@{REF}"


# -- which job -----------------------------------------------------------------------------------

OTHERS: dict[str, tuple[dict[str, Any], str]] = {
    "another repository": ({"repository": "mallory/demo"}, "add a trusted publisher"),
    "a repository that ends alike": ({"repository": "ann/demo2"}, "add a trusted publisher"),
    "no repository": ({"repository": ""}, "add a trusted publisher"),
    "another environment": ({"environment": "staging"}, "names another environment"),
    "no environment": ({"environment": None}, "names another environment"),
    "another workflow": (
        {
            "workflow_ref": OURS.replace("release", "test"),
            "job_workflow_ref": OURS.replace("release", "test"),
        },
        "names another workflow",
    ),
    "another workflow of the right title": (
        {
            "workflow": "release.yml",
            "workflow_ref": OURS.replace("release", "test"),
            "job_workflow_ref": OURS.replace("release", "test"),
        },
        "names another workflow",
    ),
    "capitals in the workflow": (
        {"job_workflow_ref": OURS.replace("release", "Release")},
        "names another workflow",
    ),
    "written in another repository": (
        {"job_workflow_ref": f"{ELSEWHERE}@refs/heads/main"},
        "names another reusable_workflow",
    ),
    "written in a repository with the same workflow": (
        {"job_workflow_ref": OURS.replace("Ann/demo", "mallory/demo")},
        "names another reusable_workflow",
    ),
    "written here, at another commit": (
        {"job_workflow_ref": OURS.replace(REF, "refs/heads/old")},
        "names another reusable_workflow",
    ),
    "our workflow called by another repository": (
        {
            "repository": "mallory/demo",
            "workflow_ref": OURS.replace("Ann", "mallory"),
            "job_workflow_ref": OURS,
        },
        "add a trusted publisher",
    ),
    "no workflow": ({"job_workflow_ref": None, "workflow_ref": None}, "names another workflow"),
    "a workflow that hides in a branch": (
        {"job_workflow_ref": f"Ann/demo/.github/workflows/evil.yml@{REF}/release.yml@{REF}"},
        "names another",
    ),
}


@pytest.mark.parametrize(("claims", "sentence"), OTHERS.values(), ids=OTHERS)
def test_another_job_is_refused_and_told_why(client, issuer, project, claims, sentence):
    trust(project)
    code, said = refusal(client, issuer, **claims)
    assert code == "invalid-publisher"
    assert sentence in said
    assert not CiIdentity.objects.exists()


@pytest.mark.parametrize(
    "claims",
    [
        {},
        {"repository": "ANN/DEMO"},
        {"environment": "PyPI"},
        {"ref": "", "job_workflow_ref": OURS.replace(REF, "c0ffee"), "sha": "c0ffee"},
        {
            "workflow_ref": OURS.replace("release", "ci")
        },  # which calls release.yml of its own commit
    ],
    ids=["as named", "capitals", "capitals of the environment", "by commit", "called by ours"],
)
def test_the_job_that_was_named_is_trusted(client, issuer, project, claims):
    trust(project)
    assert mint(client, issuer, **claims)


def test_a_reusable_workflow_is_trusted_if_it_is_named(client, issuer, project):
    trust(project, reusable_workflow=ELSEWHERE)
    assert mint(client, issuer, job_workflow_ref=f"Acme/shared{ELSEWHERE[11:]}@refs/heads/main")
    for other in (OURS, f"acme/other{ELSEWHERE[11:]}@refs/heads/main"):
        assert "reusable_workflow" in refusal(client, issuer, job_workflow_ref=other)[1]
    elsewhere = {"job_workflow_ref": f"{ELSEWHERE}@refs/heads/main"}
    assert (
        "workflow"
        in refusal(client, issuer, workflow_ref=OURS.replace("release", "ci"), **elsewhere)[1]
    )


def test_a_reusable_workflow_may_be_pinned_to_a_version(client, issuer, project):
    trust(project, reusable_workflow=f"{ELSEWHERE}@refs/tags/v1")
    assert mint(client, issuer, job_workflow_ref=f"{ELSEWHERE}@refs/tags/v1")
    assert refusal(client, issuer, job_workflow_ref=f"{ELSEWHERE}@refs/tags/v2")


def test_a_branch_or_tag_may_be_demanded(client, issuer, project):
    trust(project, ref="refs/tags/v*")
    assert mint(client, issuer)
    main = {"ref": "refs/heads/main", "job_workflow_ref": OURS.replace(REF, "refs/heads/main")}
    assert "names another ref" in refusal(client, issuer, **main)[1]


def test_without_an_environment_any_will_do(client, issuer, project):
    trust(project, environment="")
    assert mint(client, issuer, environment="staging")
    assert mint(client, issuer, environment=None)


def test_one_job_may_publish_several_projects(client, issuer, project, tmp_path):
    other = index.project("other")
    trust(project)
    trust(other, environment="")
    token = mint(client, issuer)
    assert upload(client, token, tmp_path, "demo").status_code == 200
    assert upload(client, token, tmp_path, "other").status_code == 200
    token = mint(client, issuer, environment=None)
    assert upload(client, token, tmp_path, "demo", "3.0").status_code == 403
    assert upload(client, token, tmp_path, "other", "3.0").status_code == 200


# -- resurrection --------------------------------------------------------------------------------


@pytest.mark.parametrize("claim", ["repository_id", "repository_owner_id"])
def test_a_repository_that_was_made_anew_is_another(client, issuer, project, claim):
    publisher = trust(project)
    mint(client, issuer)
    publisher.refresh_from_db()
    assert publisher.pins == {"repository_id": "4711", "repository_owner_id": "42"}
    for value in ("666", None):
        code, sentence = refusal(client, issuer, **{claim: value})
        assert code == "invalid-publisher"
        assert f"{claim} changed" in sentence
    event = AuditEvent.objects.filter(action="publisher.refuse").latest("pk")
    assert (event.subject, event.after["code"]) == ("demo", "invalid-publisher")
    owner = owner_of(project)
    publishers.remove(publisher, actor=actor(owner))
    trust(project)
    assert mint(client, issuer, **{claim: "666"})


def test_the_owners_id_can_be_named_before_the_first_upload(client, issuer, project):
    trust(project, repository_owner_id="42")
    assert "repository_owner_id" in refusal(client, issuer, repository_owner_id="666")[1]
    assert mint(client, issuer)


# -- once ----------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_of_several_exchanges_at_once_one_succeeds(issuer, project):
    """TOB-PYPI26-2."""
    trust(project)
    token = issuer.token()
    results = at_once(*[lambda: minting.mint(token, actor=Actor())] * 4)
    failures = [each for each in results if isinstance(each, Exception)]
    assert len(failures) == 3
    assert {type(each) for each in failures} == {minting.TakenAlready}
    assert ApiToken.objects.filter(ci__isnull=False).count() == 1


def test_the_database_takes_an_identity_once(issuer):
    facts = {"issuer": "i", "identifier": "x", "key": "k", "label": "l"}
    CiIdentity.objects.create(**facts, expires_at=timezone.now())
    with pytest.raises(IntegrityError), transaction.atomic():
        CiIdentity.objects.create(**facts, expires_at=timezone.now())


def test_a_replay_is_in_the_trail_of_the_project(client, issuer, project):
    trust(project)
    token = issuer.token()
    post(client, {"token": token})
    post(client, {"token": token})
    actions = AuditEvent.objects.filter(subject="demo", action__startswith="publisher.")
    assert [each.action for each in actions.order_by("pk")] == [
        "publisher.add",
        "publisher.mint",
        "publisher.refuse",
    ]
    assert actions.get(action="publisher.mint").after["run_id"] == "123456"


def test_identities_that_left_nothing_are_forgotten(client, issuer, project, tmp_path):
    trust(project)
    upload(client, mint(client, issuer), tmp_path)
    mint(client, issuer)
    CiIdentity.objects.update(expires_at=timezone.now() - timedelta(days=8))
    assert minting.forget_identities() > 0
    assert CiIdentity.objects.get() == File.objects.get(release__version="2.0").uploaded_by_ci


# -- what a minted token may do ------------------------------------------------------------------


def test_an_upload_shows_the_job_everywhere(client, issuer, project, tmp_path):
    trust(project)
    upload(client, mint(client, issuer), tmp_path)
    label = "Forge: Ann/demo, release.yml, pypi (run 123456)"
    assert {each.actor for each in JournalEntry.objects.filter(version="2.0")} == {label}
    event = AuditEvent.objects.get(action="file.publish", subject__contains="2.0")
    assert (event.user, event.actor) == (None, label)
    page = client.get("/project/demo/2.0/").content.decode()
    for part in (label, "https://forge.test/Ann/demo/commit/c0ffee", "/actions/runs/123456"):
        assert part in page
    body = client.get("/api/v1/projects/demo/").json()
    job = body["releases"][0]["files"][0]["published_by"]
    assert (job["repository_url"], job["run"]) == ("https://forge.test/Ann/demo", "123456")
    assert body["releases"][1]["files"][0]["published_by"] is None
    assert label in client.get("/feeds/releases.atom").content.decode()


def test_links_of_a_job_are_made_of_what_the_issuer_said(client, issuer, project):
    """TOB-PYPI26-3."""
    trust(project)
    mint(client, issuer)
    ci = CiIdentity.objects.get()
    ci.claims["sha"] = 'x"/../?<script>'
    found = provenance.of(ci)
    assert found.commit_url == "https://forge.test/Ann/demo/commit/x%22/../%3F%3Cscript%3E"
    ci.issuer = "https://forgotten.test"
    assert provenance.of(ci).commit_url == ""


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("post", "/api/v1/projects/demo/releases/1.0/yank/"),
        ("delete", "/api/v1/projects/demo/"),
        ("get", "/api/v1/projects/demo/publishers/"),
        ("get", "/api/v1/projects/demo/stages/"),
    ],
)
def test_a_minted_token_uploads_and_does_nothing_else(client, issuer, project, method, path):
    trust(project)
    headers = {"HTTP_AUTHORIZATION": f"Bearer {mint(client, issuer)}"}
    answer = getattr(client, method)(path, content_type="application/json", **headers)
    assert answer.status_code == 403
    assert "uploads files and does nothing else" in answer.json()["detail"]


def test_removing_a_publisher_ends_its_tokens(client, issuer, project, tmp_path):
    publisher = trust(project)
    token = mint(client, issuer)
    publishers.remove(publisher, actor=actor(owner_of(project)))
    answer = upload(client, token, tmp_path)
    assert answer.status_code == 403
    assert "trusted with no project any more" in answer.reason_phrase


def test_an_archived_project_takes_nothing_from_ci_either(client, issuer, project, tmp_path):
    from packages import projects

    trust(project)
    token = mint(client, issuer)
    projects.quarantine(project, actor=SYSTEM)
    assert upload(client, token, tmp_path).status_code == 403


def test_a_token_ends_after_its_time(client, issuer, project, tmp_path):
    trust(project)
    token = mint(client, issuer)
    past = timezone.now() - timedelta(minutes=16)
    ApiToken.objects.filter(ci__isnull=False).update(
        created_at=past, expires_at=past + timedelta(minutes=15)
    )
    assert upload(client, token, tmp_path).status_code == 403


def test_the_database_wants_a_holder_and_an_end(issuer, project, client):
    trust(project)
    mint(client, issuer)
    minted = ApiToken.objects.filter(ci__isnull=False)
    for change in ({"expires_at": None}, {"ci": None}, {"user": owner_of(project)}):
        with pytest.raises(IntegrityError), transaction.atomic():
            minted.update(**change)


def test_a_leaked_minted_token_is_revoked(client, issuer, project):
    trust(project)
    text = mint(client, issuer)
    answer = post(client, [{"token": text}], "/_/leaked-tokens/")
    assert answer.json()[0]["label"] == "true_positive"
    jobs.run_all()
    assert tokens.verify(text) is None


def test_a_minted_token_prepares_a_release_by_pep_694(client, issuer, project, tmp_path):
    trust(project)
    credentials = base64.b64encode(f"__token__:{mint(client, issuer)}".encode()).decode()
    kind = "application/vnd.pypi.upload.v2+json"
    headers = {"HTTP_AUTHORIZATION": f"Basic {credentials}", "HTTP_ACCEPT": kind}
    body = json.dumps({"meta": {"api-version": "2.0"}, "name": "demo", "version": "5.0"})
    made = client.post("/upload/2.0/", body, content_type=kind, **headers)
    assert made.status_code == 201, made.content
    stage = Stage.objects.get()
    assert (stage.created_by, stage.created_by_ci) == (None, CiIdentity.objects.get())
    address = made.json()["links"]["session"]
    assert client.get(address, **headers).status_code == 200
    other = base64.b64encode(f"__token__:{token_for(UserFactory())}".encode()).decode()
    headers["HTTP_AUTHORIZATION"] = f"Basic {other}"
    assert client.get(address, **headers).status_code == 403
