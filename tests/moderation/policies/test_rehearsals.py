"""Dry runs, and the pages where policies are set."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Permission
from django.urls import reverse

from accounts.actors import Actor
from accounts.models import AuditEvent
from moderation import rehearsals
from moderation.lookalikes.weights import learned
from moderation.models import DryRun, PolicySetting, ReservedPrefix
from moderation.policies import registry
from tests.factories import index, jobs
from tests.factories.people import UserFactory
from tests.moderation.policies.helpers import set_policy

pytestmark = pytest.mark.django_db


@pytest.fixture
def chief():
    user = UserFactory(is_staff=True, is_superuser=True)
    user.user_permissions.add(Permission.objects.get(codename="change_policysetting"))
    return user


def test_a_dry_run_tells_what_would_have_been_hit(chief):
    person = UserFactory(trusted=True)
    set_policy("startup-hooks", enabled=False)
    index.published("quiet", uploader=person)
    index.published("loud", uploader=person, files={"evil.pth": "import os\n"})
    run = rehearsals.start(registry.find("startup-hooks"), {"gravity": 3}, actor=Actor(user=chief))
    jobs.run_all()
    run.refresh_from_db()
    assert (run.state, run.total, run.seen, run.count) == (DryRun.State.DONE, 2, 2, 1)
    assert run.hits[0]["filename"] == "loud-1.0-py3-none-any.whl"
    assert run.hits[0]["signals"][0]["member"] == "evil.pth"
    assert rehearsals.rehearse(run.pk) == 1  # may run twice


def test_history_is_asked_as_it_was(chief):
    person = UserFactory(trusted=True)
    for version in ("1.0", "1.1"):
        index.published("demo", version, uploader=person)
    known = registry.find("first-release")
    run = rehearsals.start(known, {}, actor=Actor(user=chief))
    assert rehearsals.rehearse(run.pk) == 0


def test_a_policy_is_set_and_rehearsed_on_its_page(client, chief):
    client.force_login(chief)
    listed = client.get(reverse("admin:moderation_policysetting_changelist")).content.decode()
    assert "Size jump" in listed
    page = reverse("admin:moderation_policysetting_set", args=["size-jump"])
    assert "times the largest" in client.get(page).content.decode()
    values = {"enabled": "on", "action": "observe", "factor": "4", "mebibytes": "2"}
    assert "Write why" in client.post(page, values).content.decode()
    client.post(page, {**values, "reason": "Disks are full."})
    assert PolicySetting.objects.get().numbers == {"factor": 4, "mebibytes": 2}
    assert AuditEvent.objects.get(action="policy.change").user == chief
    client.post(page, {**values, "rehearse": "1"})
    assert DryRun.objects.get().numbers == {"factor": 4, "mebibytes": 2}


def test_the_page_shows_the_likeness_that_was_learned_and_follows_it(client, chief, settings):
    client.force_login(chief)
    usual = learned()
    listed = client.get(reverse("admin:moderation_policysetting_changelist")).content.decode()
    assert f"block {usual.block:.2f}, review {usual.review:.2f}" in listed
    page = reverse("admin:moderation_policysetting_set", args=["look-alike-name"])
    assert f'value="{usual.block}"' in client.get(page).content.decode()
    values = {"enabled": "on", "reason": "Fewer holds.", "block": str(usual.block), "review": "0.5"}
    client.post(page, values)
    assert PolicySetting.objects.get().numbers == {"review": 0.5}
    settings.LOOKALIKE_BLOCK = 0.9
    known = registry.find("look-alike-name")
    assert known.setting().numbers == {"block": 0.9, "review": 0.5}


def test_zero_stands_for_the_likeness_that_was_learned(chief):
    set_policy("look-alike-name", numbers={"block": 0.0, "review": 0.4})
    known = registry.find("look-alike-name")
    assert known.setting().numbers == {"block": learned().block, "review": 0.4}


def test_a_prefix_is_kept_on_a_page(client, chief):
    client.force_login(chief)
    client.post(
        reverse("admin:moderation_reservedprefix_add"),
        {"prefix": "Acme", "people": str(chief.pk), "reason": "Acme's own."},
    )
    assert list(ReservedPrefix.objects.get(prefix="acme").people.all()) == [chief]


def test_strangers_see_no_policies(client):
    client.force_login(UserFactory(is_staff=True))
    assert client.get(reverse("admin:moderation_policysetting_changelist")).status_code == 403
