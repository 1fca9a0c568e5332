"""Whose releases came one way until now: by a stand-in issuer's identity tokens, or by people."""

from __future__ import annotations

import pytest
from django.utils import timezone

from moderation import rehearsals
from moderation.models import Case
from moderation.policies import registry
from packages import publishers
from packages.models import File, Stage
from packages.uploads import stages
from tests.factories import index
from tests.factories.people import (
    AdministratorFactory,
    ModeratorFactory,
    UserFactory,
    actor,
    token_for,
)
from tests.moderation.policies.helpers import set_policy
from tests.packages import oidc_helpers as oidc

pytestmark = pytest.mark.django_db
issuer = oidc.issuer  # a fixture
EVIL = {"repository": "mallory/demo", "repository_id": "666", "repository_owner_id": "667"}


@pytest.fixture
def send(issuer, client, tmp_path):
    """Send a version by a CI job, or with somebody's token; the status of the answer."""

    def sent(version, person=None, **claims):
        token = token_for(person) if person else oidc.mint(client, issuer, **claims)
        return oidc.upload(client, token, tmp_path / version, version=version).status_code

    return sent


@pytest.fixture
def owner():
    return UserFactory(trusted=True)


@pytest.fixture
def by_jobs(send, owner):
    """A name that a CI job registered, and that only its jobs published to."""
    oidc.prepare("demo", owner)
    assert [send(version) for version in ("1.0", "1.1", "1.2")] == [200, 200, 200]
    sent = File.objects.values_list("uploaded_by", "uploaded_by_ci__key")
    assert set(sent) == {(None, "ann/demo")}
    return File.objects.first().project


@pytest.fixture
def by_people(issuer, owner):
    for version in ("1.0", "1.1"):
        project = index.published("demo", version, uploader=owner).project
    return project


def trust(project, owner, **changes):
    return publishers.add(project, "forge", oidc.FACTS | changes, actor=actor(owner))


def why_held() -> dict:
    stage = Stage.objects.held().get()
    (hold,) = stage.holds
    assert hold["code"] == "publisher-discontinuity"
    assert Case.objects.live().get().subject == stage
    return hold


def approve() -> None:
    stage = Stage.objects.held().get()
    stages.approve(stage, actor=actor(ModeratorFactory()), reason="Asked the owner by telephone.")


def test_nobody_passes_by_the_trusted_publisher_of_a_project(by_jobs, send, owner):
    """Another job of the same publisher has another token, and is no news."""
    assert send("1.3", owner) == 202
    assert "by a trusted publisher, and this one is by a person's token" in why_held()["reason"]
    assert send("1.4") == 200
    offered = File.objects.offered().values_list("release__version", flat=True)
    assert sorted(offered) == ["1.0", "1.1", "1.2", "1.4"]


def test_another_repository_waits_though_an_owners_session_trusts_it(by_jobs, send, owner):
    trust(by_jobs, owner, repository="mallory/demo")
    assert send("1.3", **EVIL) == 202
    hold = why_held()
    assert "this one is by mallory/demo of " in hold["reason"]
    assert (hold["before"][:8], hold["now"][:15]) == ("ann/demo", "by mallory/demo")


def test_the_first_publisher_after_people_waits_once(by_people, send, owner):
    trust(by_people, owner)
    assert send("1.2") == 202
    assert "uploaded by people, and this one is by a trusted publisher" in why_held()["reason"]
    approve()
    assert send("1.3") == 200
    assert send("1.4", owner) == 200  # who uploaded before is no news, either


def test_a_site_lets_first_publishers_pass_but_not_second_ones(by_people, send, owner):
    set_policy("publisher-discontinuity", numbers={"first_publisher": 0})
    trust(by_people, owner)
    trust(by_people, owner, repository="mallory/demo")
    assert send("1.2") == 200
    assert send("1.3", **EVIL) == 202


def test_a_renamed_workflow_of_the_same_repository_is_the_same_publisher(by_jobs, send, owner):
    trust(by_jobs, owner, workflow="publish.yml")
    reference = "Ann/demo/.github/workflows/publish.yml@refs/tags/v1.0"
    assert send("1.3", workflow_ref=reference, job_workflow_ref=reference) == 200


def test_a_project_with_one_release_may_still_find_its_way(send, owner):
    trust(index.published("demo", uploader=owner).project, owner)
    assert send("1.1") == 200


def test_what_is_in_quarantine_makes_no_way_a_known_one(by_people, send, owner):
    trust(by_people, owner)
    assert send("1.2") == 202
    approve()
    File.objects.filter(release__version="1.2").update(
        quarantined_at=timezone.now(), quarantined_reason="Malware after all."
    )
    assert send("1.3") == 202


def test_a_dry_run_knows_the_way_of_each_upload_and_who_answers_for_a_new_name(
    by_jobs, send, owner
):
    """Not so the first release: who prepared the publisher of the name was trusted."""
    trust(by_jobs, owner, repository="mallory/demo")
    assert (send("1.3", **EVIL), send("1.4", owner)) == (202, 202)
    told = {}
    for code in ("publisher-discontinuity", "first-release"):
        chief = actor(AdministratorFactory())
        run = rehearsals.start(registry.find(code), {}, actor=chief)
        rehearsals.rehearse(run.pk)
        run.refresh_from_db()
        told[code] = [(hit["filename"].split("-")[1], hit["became"]) for hit in run.hits]
    assert told == {
        "publisher-discontinuity": [("1.4", "waits"), ("1.3", "waits")],
        "first-release": [],
    }
