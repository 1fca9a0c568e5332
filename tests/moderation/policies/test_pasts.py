"""What a project never did before, whose prefix it is, and how policies are set."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.utils import timezone

from accounts.actors import Actor
from accounts.models import AuditEvent, User
from moderation import tuning
from moderation.models import PolicySetting, ReservedPrefix
from moderation.policies import registry, settings
from packages.models import Project, Role
from packages.uploads import stages
from packages.uploads.policies import Submission
from packages.uploads.stages import Result
from pypi_site.lib.problems import ReasonNeeded, Refused
from tests.factories import index
from tests.factories.people import UserFactory
from tests.moderation.policies.helpers import set_policy

pytestmark = pytest.mark.django_db
LARGE = {"demo/data.bin": bytes(range(256)) * 4}


@pytest.fixture
def person():
    return UserFactory(trusted=True)


@pytest.fixture
def chief():
    """May set policies and keep prefixes."""
    user = UserFactory(is_staff=True)
    wanted = ["change_policysetting", "add_reservedprefix", "delete_reservedprefix"]
    user.user_permissions.add(*Permission.objects.filter(codename__in=wanted))
    return Actor(user=user)


def codes(outcome):
    return [hold["code"] for hold in outcome.holds]


def somebody() -> User:
    user: Any = UserFactory(trusted=True)
    return user


def joined(project, **facts):
    """Somebody who has just become a maintainer."""
    user = UserFactory(**facts)
    Role.objects.create(project=project, user=user, kind=Role.Kind.MAINTAINER)
    return user


def test_a_file_many_times_as_large_waits(person, tmp_path):
    set_policy("size-jump", numbers={"mebibytes": 0})
    index.published(uploader=person)
    fits = index.submit(person, version="1.1", files={"demo.py": "x = 1\n" * 100})
    assert fits.result is Result.PUBLISHED
    noise = {
        f"demo/{n}.txt": "".join(chr(33 + (n * k) % 90) for k in range(900)) for n in range(60)
    }
    assert codes(index.submit(person, version="1.2", files=noise)) == ["size-jump"]


def test_a_small_file_may_grow_as_it_likes(person):
    index.published(uploader=person)
    noise = {f"demo/{n}.txt": f"{n}" * 500 for n in range(60)}
    assert index.submit(person, version="1.1", files=noise).result is Result.PUBLISHED


def test_a_project_that_slept_for_years_is_looked_at_when_it_wakes(person):
    file = index.published_file(uploader=person)
    known, project = registry.find("dormant-project"), file.project

    def asked(days, numbers):
        later = timezone.now() + timedelta(days=days)
        later_upload = Submission(Actor(user=person), project, False, "2.0", file, at=later)
        return known.ask(later_upload, {"days": numbers}).code

    assert asked(800, 730) == "dormant-project"
    assert asked(800, 900) == ""
    assert asked(3, 730) == ""


def test_somebody_new_on_an_old_project_waits(person):
    for version in ("1.0", "1.1"):
        project = index.published("demo", version, uploader=person).project
    outcome = index.submit(joined(project), version="1.2")
    assert codes(outcome) == ["publisher-discontinuity"]
    assert "never uploaded" in outcome.holds[0]["reason"]


def test_whom_a_moderator_trusts_may_join_a_project(person):
    for version in ("1.0", "1.1"):
        project = index.published("demo", version, uploader=person).project
    assert index.submit(joined(project, trusted=True), version="1.2").result is Result.PUBLISHED


def test_a_new_account_waits_where_the_site_wants_that(person):
    user = UserFactory()
    index.published("known", uploader=person)
    Role.objects.create(project=Project.objects.get(), user=user, kind=Role.Kind.MAINTAINER)
    assert index.submit(user, "known", "1.1").result is Result.PUBLISHED
    set_policy("new-account", enabled=True)
    assert codes(index.submit(user, "known", "1.2")) == ["new-account"]
    user.date_joined = timezone.now() - timedelta(days=4)
    user.save()
    assert index.submit(user, "known", "1.3").result is Result.PUBLISHED


# -- prefixes --------------------------------------------------------------------------------------


def test_names_with_a_reserved_prefix_are_registered_by_some_people_only(person, chief):
    ours = somebody()
    tuning.keep_prefix("Acme", [ours], actor=chief, reason="They are Acme's own.")
    for name in ("acme", "acme-billing", "Acme.Tools"):
        with pytest.raises(stages.RefusedByPolicy, match="kept for others"):
            index.submit(person, name)
    assert index.submit(person, "acmelike").result is Result.PUBLISHED
    assert index.submit(ours, "acme-billing").result is Result.PUBLISHED


def test_the_longest_prefix_counts_and_a_freed_one_does_not(person, chief):
    ours = somebody()
    tuning.keep_prefix("acme", [], actor=chief, reason="Nobody's.")
    row = tuning.keep_prefix("acme-lab", [ours], actor=chief, reason="The lab's.")
    assert index.submit(ours, "acme-lab-tool").result is Result.PUBLISHED
    tuning.free_prefix(row, actor=chief, reason="The lab is closed.")
    with pytest.raises(stages.RefusedByPolicy):
        index.submit(ours, "acme-lab-other")
    assert ReservedPrefix.objects.count() == 1
    actions = AuditEvent.objects.filter(action__startswith="prefix.").values_list(
        "action", flat=True
    )
    assert list(actions.order_by("pk")) == ["prefix.keep", "prefix.keep", "prefix.free"]


# -- settings --------------------------------------------------------------------------------------


def test_a_change_counts_at_once_and_is_recorded_with_before_and_after(person, chief):
    """TOB-PYPI26-14."""
    known = registry.find("size-jump")
    numbers = {"factor": 3, "mebibytes": 1}
    tuning.change(
        known, enabled=True, action="refuse", numbers=numbers, actor=chief, reason="Disks."
    )
    assert known.setting() == settings.Setting(True, "refuse", numbers)
    event = AuditEvent.objects.get(action="policy.change")
    assert event.before == {"enabled": True, "action": "", "numbers": known.defaults}
    assert event.after == {"enabled": True, "action": "refuse", "numbers": numbers}
    assert (event.reason, event.user) == ("Disks.", chief.user)


def test_a_policy_that_is_off_holds_nothing(person):
    set_policy("startup-hooks", enabled=False)
    index.published(uploader=person)
    outcome = index.submit(person, version="1.1", files={"evil.pth": "import os\n"})
    assert outcome.result is Result.PUBLISHED


@pytest.mark.parametrize("numbers", [{"factor": 1}, {"other": 3}])
def test_numbers_stay_within_their_bounds(chief, numbers):
    known = registry.find("size-jump")
    with pytest.raises(tuning.NotAThreshold):
        tuning.change(known, enabled=True, action="", numbers=numbers, actor=chief, reason="Why?")
    assert not PolicySetting.objects.exists()


def test_only_who_may_changes_policies_and_says_why(chief):
    known = registry.find("size-jump")
    with pytest.raises(Refused):
        tuning.change(
            known, enabled=False, action="", numbers={}, actor=Actor(user=UserFactory()), reason="x"
        )
    with pytest.raises(ReasonNeeded):
        tuning.change(known, enabled=False, action="", numbers={}, actor=chief, reason=" ")


def test_settings_are_read_once_for_many_uploads(django_assert_num_queries):
    settings.forget()
    with django_assert_num_queries(1):
        for known in registry.installed():
            known.setting()
