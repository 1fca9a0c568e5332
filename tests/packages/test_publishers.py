"""Trusted publishers: which job may publish what, who says so, and what becomes of it."""

from __future__ import annotations

import base64
import json
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts import tokens
from accounts.actors import SYSTEM, Actor
from accounts.models import ApiToken, AuditEvent, CiIdentity
from moderation import decisions
from packages import access, minting, pending_publishers, provenance, publishers, roles
from packages.models import File, JournalEntry, Project, Publisher, Stage
from packages.uploads.policies import RefusedByPolicy
from pypi_site.lib.problems import NotFound
from tests.factories import index, jobs
from tests.factories.oidc import Issuer
from tests.factories.people import (
    AdministratorFactory,
    ModeratorFactory,
    UserFactory,
    actor,
    token_for,
)
from tests.packages.concurrency import at_once
from tests.packages.oidc_helpers import (
    FACTS,
    issuer,
    mint,
    owner_of,
    post,
    prepare,
    project,
    trust,
    upload,
)

__all__ = ["issuer", "project"]  # fixtures
pytestmark = pytest.mark.django_db
ELSEWHERE = "acme/shared/.github/workflows/publish.yml"
REF = "refs/tags/v1.0"
OURS = f"Ann/demo/.github/workflows/release.yml@{REF}"


def refusal(client: Any, issuer: Issuer, **claims: Any) -> tuple[str, str]:
    """Code and sentence."""
    answer = post(client, {"token": issuer.token(**claims)})
    assert answer.status_code == 422, answer.content
    error = answer.json()["errors"][0]
    return error["code"], error["description"]


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


# -- pending -------------------------------------------------------------------------------------


def test_a_pending_publisher_reserves_nothing(client, issuer, tmp_path):
    ann = UserFactory(trusted=True)
    prepare("thing", ann)
    index.published("thing")
    code, sentence = refusal(client, issuer)
    assert code == "invalid-pending-publisher"
    assert "was taken meanwhile" in sentence
    assert pending_publishers.expire() == 1
    jobs.run_all()
    (letter,) = [each for each in mail.outbox if each.to == [ann.email]]
    assert "somebody else has published a project of that name" in letter.body
    assert not Publisher.objects.exists()


def test_a_pending_publisher_waits_for_a_while(client, issuer):
    publisher = prepare("thing")
    Publisher.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert refusal(client, issuer)[0] == "invalid-publisher"
    assert pending_publishers.expire() == 1
    jobs.run_all()
    assert "nothing was uploaded with it in time" in mail.outbox[0].body
    assert not Publisher.objects.filter(pk=publisher.pk).exists()


def test_two_people_who_wait_for_the_same_get_nothing(client, issuer):
    prepare("thing")
    prepare("thing")
    assert refusal(client, issuer)[0] == "invalid-pending-publisher"


def test_whoever_registers_the_name_himself_has_his_publisher_at_once(client, issuer, tmp_path):
    ann = UserFactory(trusted=True)
    publisher = prepare("thing", ann)
    index.published("thing", uploader=ann)
    publisher.refresh_from_db()
    assert publisher.project.name == "thing"
    assert upload(client, mint(client, issuer), tmp_path, "thing", "2.0").status_code == 200


def test_a_frozen_person_gets_no_project(client, issuer, tmp_path):
    ann = UserFactory(trusted=True)
    prepare("thing", ann)
    token = mint(client, issuer)
    ann.is_active = False
    ann.save()
    assert upload(client, token, tmp_path, "thing").status_code == 403
    assert refusal(client, issuer)[0] == "invalid-publisher"


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("no name!", "invalid-name"),
        ("asyncio", "refused-by-policy"),
        ("demo", "name-taken"),
        ("dem0", "refused-by-policy"),
    ],
)
def test_names_are_judged_when_a_publisher_is_prepared(issuer, project, name, problem):
    with pytest.raises(Exception) as raised:  # noqa: PT011
        prepare(name)
    assert raised.value.code == problem
    assert isinstance(raised.value, RefusedByPolicy) is (problem == "refused-by-policy")


def test_a_person_prepares_only_so_many(issuer, settings):
    settings.PENDING_PUBLISHERS = 2
    ann = UserFactory()
    prepare("one", ann)
    prepare("two", ann)
    with pytest.raises(publishers.TooManyPublishers):
        prepare("three", ann)
    with pytest.raises(publishers.PublisherExists):
        prepare("ONE", ann, repository="Ann/Demo")


def test_the_first_release_of_somebody_new_waits_for_a_moderator(client, issuer, tmp_path):
    ann, moderator = UserFactory(), ModeratorFactory()
    prepare("thing", ann)
    answer = upload(client, mint(client, issuer), tmp_path, "thing")
    assert answer.status_code == 202
    stage = Stage.objects.held().get()
    assert stage.uploader.startswith("Forge: Ann/demo")
    assert stage.created_by == ann  # who answers for it
    jobs.run_all()
    assert {each.to[0] for each in mail.outbox} == {ann.email, moderator.email}
    decisions.approve(stage, actor=actor(moderator), reason="fine")
    ann.refresh_from_db()
    assert ann.trusted_at
    file = File.objects.get()
    assert (file.uploaded_by, file.release.published_by) == (None, None)
    assert file.uploaded_by_ci == file.release.published_by_ci == stage.created_by_ci
    assert upload(client, mint(client, issuer), tmp_path, "thing", "2.1").status_code == 200


def test_after_a_rejection_the_publisher_waits_again(client, issuer, tmp_path):
    ann, moderator = UserFactory(), ModeratorFactory()
    publisher = prepare("thing", ann)
    upload(client, mint(client, issuer), tmp_path, "thing")
    decisions.reject(Stage.objects.held().get(), actor=actor(moderator), reason="no")
    publisher.refresh_from_db()
    assert publisher.pending
    assert publisher.waits_for == ann
    assert not Project.objects.get().roles.exists()
    index.published("thing", uploader=UserFactory(trusted=True))
    assert refusal(client, issuer)[0] == "invalid-pending-publisher"  # the name is another's now


def test_everything_of_a_job_can_be_held(client, issuer, project, tmp_path, settings):
    settings.UPLOAD_HOLD = "everybody"
    trust(project)
    assert upload(client, mint(client, issuer), tmp_path).status_code == 202
    stage = Stage.objects.held().get()
    assert (stage.created_by, bool(stage.created_by_ci)) == (None, True)
    jobs.run_all()
    assert owner_of(project).email in {each.to[0] for each in mail.outbox}
    administrator = AdministratorFactory()
    decisions.approve(stage, actor=actor(administrator), reason="fine")
    assert File.objects.get(release__version="2.0").uploaded_by_ci


# -- who says so ---------------------------------------------------------------------------------


def test_only_owners_add_and_remove(issuer, project):
    publisher = trust(project)
    maintainer = UserFactory()
    project.roles.create(user=maintainer, kind="maintainer")
    for person in (maintainer, UserFactory(), ModeratorFactory()):
        with pytest.raises(access.NotYours):
            publishers.add(project, "forge", FACTS | {"ref": "refs/x"}, actor=actor(person))
        with pytest.raises(access.NotYours):
            publishers.remove(publisher, actor=actor(person))
    publishers.remove(publisher, actor=actor(AdministratorFactory()), reason="abuse")
    assert not project.publishers.exists()


def test_the_people_of_a_project_are_told(issuer, project):
    maintainer = UserFactory()
    project.roles.create(user=maintainer, kind="maintainer")
    jobs.forget()
    publisher = trust(project)
    publishers.remove(publisher, actor=actor(owner_of(project)), reason="moved")
    jobs.run_all()
    mine = [each for each in mail.outbox if each.to == [maintainer.email]]
    assert [each.subject.partition("] ")[2] for each in mine] == [
        "demo trusts another CI job",
        "demo trusts a CI job no longer",
    ]
    assert "Forge: ann/demo, release.yml, pypi" in mine[0].body
    assert "moved" in mine[1].body


def test_the_same_publisher_is_added_once(issuer, project):
    trust(project)
    with pytest.raises(publishers.PublisherExists):
        trust(project, repository="ANN/Demo", environment="PYPI")


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"repository": ""}, "Repository is missing"),
        ({"repository": "demo"}, "cannot be right"),
        ({"repository": "ann/demo/more"}, "cannot be right"),
        ({"workflow": "release"}, "cannot be right"),
        ({"workflow": "../release.yml"}, "cannot be right"),
        ({"ref": "main"}, "cannot be right"),
        ({"reusable_workflow": "publish.yml"}, "cannot be right"),
        ({"repository_owner_id": "ann"}, "cannot be right"),
        ({"environment": "x" * 201}, "cannot be right"),
        ({"actor": "ann"}, "not actor"),
    ],
)
def test_what_cannot_be_a_publisher_is_said(issuer, project, changes, sentence):
    with pytest.raises(publishers.InvalidPublisher, match=sentence):
        trust(project, **changes)


def test_an_address_from_the_browser_will_do(issuer, project):
    publisher = trust(project, repository="https://forge.test/Ann/Demo.git")
    assert (publisher.facts["repository"], publisher.key) == ("Ann/Demo", "ann/demo")


def test_an_issuer_that_is_not_there_is_said(issuer, project):
    with pytest.raises(publishers.UnknownIssuer, match="forge"):
        publishers.add(project, "nobody", FACTS, actor=actor(owner_of(project)))


def test_the_last_owners_removal_leaves_no_token_behind(client, issuer, project, tmp_path):
    """Publishers are the project's and not a person's: who leaves takes none along."""
    trust(project)
    first = owner_of(project)
    second = UserFactory()
    project.roles.create(user=second, kind="owner")
    roles.remove(project.roles.get(user=first), actor=actor(second))
    assert project.publishers.get().added_by == first
    with pytest.raises(access.NotYours):
        publishers.add(project, "forge", FACTS | {"ref": "refs/x"}, actor=actor(first))


# -- pages ---------------------------------------------------------------------------------------


PASSWORD = "a-long-password-1"


def sign_in(client: Any, user: Any) -> None:
    """As somebody who has typed his password this moment."""
    user.set_password(PASSWORD)
    user.save()
    client.force_login(user)
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})


def test_adding_a_publisher_asks_for_the_password_of_an_old_session(client, issuer, project):
    owner = owner_of(project)
    owner.set_password(PASSWORD)
    owner.save()
    client.force_login(owner)
    answer = client.post("/project/demo/publishers/add/forge/", FACTS)
    assert answer["Location"].startswith("/accounts/reauthenticate/")
    assert not project.publishers.exists()


def test_an_owner_adds_and_removes_on_the_page(client, issuer, project):
    sign_in(client, owner_of(project))
    page = client.get("/project/demo/publishers/").content.decode()
    assert "No CI job is trusted yet" in page
    assert "Add Forge" in page
    added = client.post("/project/demo/publishers/add/forge/", FACTS, follow=True).content.decode()
    assert "demo trusts Forge: ann/demo, release.yml, pypi now." in added
    publisher = project.publishers.get()
    path = f"/project/demo/publishers/{publisher.identifier}/remove/"
    removed = client.post(path, {"reason": "moved"}, follow=True).content.decode()
    assert "trusts Forge: ann/demo, release.yml, pypi no longer." in removed


def test_a_form_that_is_refused_keeps_what_was_written(client, issuer, project):
    sign_in(client, owner_of(project))
    answer = client.post("/project/demo/publishers/add/forge/", FACTS | {"repository": "oops"})
    page = answer.content.decode()
    assert answer.status_code == 400
    assert "cannot be right" in page
    assert 'value="oops"' in page
    assert 'class="choice" open' in page


def test_owners_see_the_tokens_that_ci_jobs_hold_now(client, issuer, project):
    publisher = trust(project)
    mint(client, issuer)
    foreign = index.project("other")
    trust(foreign)
    mint(client, issuer)  # for both
    client.force_login(owner_of(project))
    page = client.get("/project/demo/people/").content.decode()
    for token in ApiToken.objects.filter(ci__isnull=False):
        assert f"gate-{token.identifier}" in page
        assert token.ci.label in page
    client.force_login(owner_of(foreign))
    elsewhere = client.get("/project/other/people/").content.decode()
    assert elsewhere.count("gate-") == 1
    maintainer = UserFactory()
    project.roles.create(user=maintainer, kind="maintainer")
    client.force_login(maintainer)
    assert "gate-" not in client.get("/project/demo/people/").content.decode()
    publishers.remove(publisher, actor=actor(owner_of(project)))
    client.force_login(owner_of(project))
    assert "gate-" not in client.get("/project/demo/people/").content.decode()


def test_a_maintainer_sees_and_changes_nothing(client, issuer, project):
    trust(project)
    maintainer = UserFactory()
    project.roles.create(user=maintainer, kind="maintainer")
    sign_in(client, maintainer)
    page = client.get("/project/demo/publishers/").content.decode()
    assert "ann/demo" in page
    assert "Add Forge" not in page
    assert client.post("/project/demo/publishers/add/forge/", FACTS).status_code == 404


def test_strangers_find_no_such_page(client, issuer, project):
    publisher = trust(project)
    sign_in(client, UserFactory())
    assert client.get("/project/demo/publishers/").status_code == 404
    path = f"/project/demo/publishers/{publisher.identifier}/remove/"
    assert client.post(path).status_code == 404
    assert project.publishers.exists()


def test_the_page_asks_the_database_as_often_for_many(
    client, issuer, project, django_assert_max_num_queries
):
    for number in range(6):
        trust(project, environment=f"env-{number}")
    sign_in(client, owner_of(project))
    client.get("/project/demo/publishers/")
    with django_assert_max_num_queries(14):
        client.get("/project/demo/publishers/")


def test_somebody_prepares_and_withdraws_on_his_page(client, issuer):
    ann = UserFactory()
    sign_in(client, ann)
    assert "Add Forge" in client.get("/accounts/publishers/").content.decode()
    fields = FACTS | {"name": "New.Thing"}
    page = client.post("/accounts/publishers/prepare/forge/", fields, follow=True).content.decode()
    assert "registers New.Thing." in page
    publisher = Publisher.objects.get()
    path = f"/accounts/publishers/{publisher.identifier}/withdraw/"
    other = UserFactory()
    sign_in(client, other)
    assert client.post(path).status_code == 404
    sign_in(client, ann)
    assert "Nothing waits for New.Thing" in client.post(path, follow=True).content.decode()
    assert not Publisher.objects.exists()


def test_an_unverified_person_prepares_nothing(client, issuer):
    person = UserFactory(verified=False)
    sign_in(client, person)
    page = client.get("/accounts/publishers/").content.decode()
    assert "Add Forge" not in page
    with pytest.raises(access.EmailNotVerified):
        prepare("thing", person)


# -- programs ------------------------------------------------------------------------------------


def ask(client: Any, token: str, method: str, path: str, body: Any = None) -> Any:
    data = json.dumps(body) if body is not None else None
    headers = {"HTTP_AUTHORIZATION": f"Bearer {token}"}
    return getattr(client, method)(path, data, content_type="application/json", **headers)


def test_programs_manage_publishers(client, issuer, project):
    token = token_for(owner_of(project))
    path = "/api/v1/projects/demo/publishers/"
    made = ask(client, token, "post", path, {"issuer": "forge", "claims": FACTS})
    assert made.status_code == 201
    assert made.json()["claims"]["repository"] == "ann/demo"
    again = ask(client, token, "post", path, {"issuer": "forge", "claims": FACTS})
    assert (again.status_code, again.json()["code"]) == (409, "publisher-exists")
    headers = {"HTTP_AUTHORIZATION": f"Bearer {token}"}
    listed = client.get(path, **headers).json()["publishers"]
    assert [each["issuer"] for each in listed] == ["forge"]
    assert ask(client, token, "delete", f"{path}{listed[0]['id']}/").status_code == 204
    assert client.get(path, **headers).json()["publishers"] == []


@pytest.mark.parametrize("body", [[], {}, {"issuer": "forge"}, {"issuer": "forge", "claims": []}])
def test_a_body_that_names_no_publisher_is_refused(client, issuer, project, body):
    token = token_for(owner_of(project))
    answer = ask(client, token, "post", "/api/v1/projects/demo/publishers/", body)
    assert answer.status_code == 400


def test_a_token_that_may_only_upload_manages_no_publishers(client, issuer, project):
    token = token_for(owner_of(project), actions=["upload"])
    body = {"issuer": "forge", "claims": FACTS}
    assert ask(client, token, "post", "/api/v1/projects/demo/publishers/", body).status_code == 403
    body |= {"name": "thing"}
    assert ask(client, token, "post", "/api/v1/publishers/pending/", body).status_code == 403
    assert not Publisher.objects.exists()


def test_a_stranger_learns_nothing_of_publishers(client, issuer, project):
    trust(project)
    token = token_for(UserFactory())
    headers = {"HTTP_AUTHORIZATION": f"Bearer {token}"}
    for name in ("demo", "nowhere"):
        assert client.get(f"/api/v1/projects/{name}/publishers/", **headers).status_code == 404


def test_programs_prepare_publishers(client, issuer):
    ann = UserFactory()
    token = token_for(ann)
    path = "/api/v1/publishers/pending/"
    body = {"issuer": "forge", "claims": FACTS, "name": "thing"}
    made = ask(client, token, "post", path, body)
    assert (made.status_code, made.json()["project"]) == (201, "thing")
    other = ask(client, token_for(UserFactory()), "delete", f"{path}{made.json()['id']}/")
    assert other.status_code == 404
    assert ask(client, token, "delete", f"{path}{made.json()['id']}/").status_code == 204


def test_the_admin_lists_and_ends_publishers(client, issuer, project):
    trust(project)
    pending = prepare("thing")
    client.force_login(AdministratorFactory())
    page = client.get("/admin/packages/publisher/").content.decode()
    assert "Forge: ann/demo, release.yml, pypi" in page
    chosen = {
        "action": "remove",
        "_selected_action": [str(pending.pk), str(project.publishers.get().pk)],
    }
    chosen |= {"confirmed": "yes", "reason": "abuse"}
    client.post("/admin/packages/publisher/", chosen)
    assert not Publisher.objects.exists()
    assert AuditEvent.objects.filter(action="publisher.end", reason="abuse").exists()
    assert AuditEvent.objects.filter(action="publisher.remove").exists()


def test_nobody_else_withdraws_a_pending_publisher(issuer):
    pending = prepare("thing")
    for each in (actor(UserFactory()), SYSTEM):
        with pytest.raises(NotFound):
            publishers.withdraw(pending, actor=each)
