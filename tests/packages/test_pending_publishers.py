"""Pending publishers: they reserve nothing, and the first upload makes them real."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core import mail
from django.utils import timezone

from moderation import decisions
from packages import pending_publishers, publishers
from packages.models import File, Project, Publisher, Stage
from packages.uploads.policies import RefusedByPolicy
from tests.factories import index, jobs
from tests.factories.people import (
    AdministratorFactory,
    ModeratorFactory,
    UserFactory,
    actor,
)
from tests.packages.oidc_helpers import (
    issuer,
    mint,
    owner_of,
    prepare,
    project,
    refusal,
    trust,
    upload,
)

__all__ = ["issuer", "project"]  # fixtures
pytestmark = pytest.mark.django_db


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
