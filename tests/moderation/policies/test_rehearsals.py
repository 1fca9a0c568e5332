"""Dry runs, and the pages where policies are set."""

from __future__ import annotations

import re
from unittest.mock import Mock

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.urls import reverse
from django_q.exceptions import TimeoutException
from django_q.timeout import TimeoutHandler

from accounts.actors import Actor
from accounts.models import AuditEvent
from moderation import cases, decisions, protected, rehearsals
from moderation.lookalikes.weights import learned
from moderation.models import DryRun, PolicySetting, ReservedPrefix
from moderation.policies import LOOKALIKE, registry
from moderation.scanning import scan
from packages import storage
from packages.models import Role
from tests.factories import index, jobs
from tests.factories.people import UserFactory
from tests.moderation.policies.helpers import set_policy

pytestmark = pytest.mark.django_db


@pytest.fixture
def chief():
    user = UserFactory(is_staff=True, is_superuser=True)
    user.user_permissions.add(Permission.objects.get(codename="change_policysetting"))
    return user


def rehearsed(chief, code: str, numbers: dict | None = None, **proposed) -> DryRun:
    """A dry run that its job has ended."""
    known = registry.find(code)
    numbers = known.defaults if numbers is None else numbers
    run = rehearsals.start(known, numbers, actor=Actor(user=chief), **proposed)
    jobs.run_all()
    run.refresh_from_db()
    return run


def hits(run: DryRun) -> list[tuple[str, str, str]]:
    """Of each: project and version, code, what became of it."""
    return [
        ("-".join(hit["filename"].split("-")[:2]), hit["code"], hit["became"]) for hit in run.hits
    ]


def test_a_dry_run_tells_what_would_have_been_hit(chief):
    person = UserFactory(trusted=True)
    set_policy("startup-hooks", enabled=False)
    index.published("quiet", uploader=person)
    index.published("loud", uploader=person, files={"evil.pth": "import os\n"})
    run = rehearsed(chief, "startup-hooks", {"gravity": 3})
    assert (run.state, run.total, run.seen, run.count) == (DryRun.State.DONE, 2, 2, 1)
    assert run.hits[0]["signals"][0]["member"] == "evil.pth"
    assert hits(run) == [("loud-1.0", "startup-hooks", "published")]
    assert rehearsals.rehearse(run.pk) == 1  # may run twice


# -- as it was then --------------------------------------------------------------------------------


def decide(stage, kind, moderator):
    decisions.decide(
        cases.live(stage), kind, stage, actor=moderator, reason="I looked at it closely."
    )


@pytest.fixture
def approved(chief):
    """Somebody new whose first release was held and approved, so that he is trusted since."""
    person = UserFactory()
    decide(index.held("first", uploader=person), "approve", Actor(user=chief))
    person.refresh_from_db()
    assert person.trusted_at is not None
    return person


def test_whom_a_moderator_trusts_since_was_new_when_he_was_held(chief, approved):
    index.published("second", uploader=approved)
    run = rehearsed(chief, "first-release")
    assert hits(run) == [("first-1.0", "first-release-by-new-uploader", "published")]
    assert hits(rehearsed(chief, "new-account")) == [("first-1.0", "new-account", "published")]


def test_who_joined_a_project_and_was_approved_is_found_by_discontinuity(chief):
    owner, joined = UserFactory(trusted=True), UserFactory()
    for version in ("1.0", "1.1"):
        project = index.published("demo", version, uploader=owner).project
    Role.objects.create(project=project, user=joined, kind=Role.Kind.MAINTAINER)
    decide(index.held("demo", "1.2", uploader=joined), "approve", Actor(user=chief))
    run = rehearsed(chief, "publisher-discontinuity")
    assert hits(run) == [("demo-1.2", "publisher-discontinuity", "published")]


def test_history_is_asked_as_it_was(chief):
    """The second release was none of a new project, though the first is here as well now."""
    person = UserFactory()
    decide(index.held("demo", "1.0", uploader=person), "approve", Actor(user=chief))
    index.published("demo", "1.1", uploader=person)
    assert [first for first, _, _ in hits(rehearsed(chief, "first-release"))] == ["demo-1.0"]


def test_what_waits_and_what_was_rejected_is_looked_at_too(chief):
    index.held("waiting", uploader=UserFactory())
    decide(index.held("turned-away", uploader=UserFactory()), "reject", Actor(user=chief))
    index.published("fine")
    run = rehearsed(chief, "first-release")
    assert (run.total, run.seen, run.count) == (3, 3, 2)
    code = "first-release-by-new-uploader"
    assert hits(run) == [("turned_away-1.0", code, "rejected"), ("waiting-1.0", code, "waits")]


def test_what_came_earlier_is_not_asked(chief, monkeypatch):
    index.published("old")
    monkeypatch.setattr(rehearsals, "DAYS", 0)
    assert rehearsed(chief, "first-release").total == 0


@pytest.fixture
def names_are_free():
    """Look-alikes are published, as they were before somebody thought of the policy."""
    set_policy(LOOKALIKE, enabled=False)
    set_policy("confusable-name", enabled=False)
    protected._built.clear()


def look_alikes(run: DryRun) -> list[tuple[str, ...]]:
    """Names and what they are like, by the sentence."""
    return [tuple(re.findall("`([a-z-]+)`", hit["reason"])[:2]) for hit in run.hits]


def test_look_alikes_that_are_published_by_now_are_told(chief, names_are_free):
    """Every name of a small index is a target by now; so is what imitates one."""
    for name in ("cheese_counter", "requests", "reqeusts", "chesee_counter", "counter_cheese"):
        index.published(name)
    run = rehearsed(chief, LOOKALIKE, action="hold")
    told = [("counter-cheese", "cheese-counter"), ("chesee-counter", "cheese-counter")]
    assert look_alikes(run) == [*told, ("reqeusts", "requests")]


def test_who_was_first_is_no_look_alike_of_those_that_came_later(chief, names_are_free):
    for name in ("bread_counter", "braed_counter", "bread_cuonter"):
        index.published(name)
    run = rehearsed(chief, LOOKALIKE)
    assert {name for name, _ in look_alikes(run)} == {"braed-counter", "bread-cuonter"}


def test_of_twins_the_second_is_told(chief, names_are_free):
    for name in ("cheese_counter", "cheesecounter"):
        index.published(name)
    run = rehearsed(chief, "confusable-name")
    assert hits(run) == [("cheesecounter-1.0", "confusable-name", "published")]


def test_a_rejected_look_alike_is_told_as_well(chief):
    stage = index.held("functools-jaraco", uploader=UserFactory(trusted=True))
    decide(stage, "reject", Actor(user=chief))
    run = rehearsed(chief, LOOKALIKE)
    assert [(hit["target"], hit["became"]) for hit in run.hits] == [
        ("jaraco-functools", "rejected")
    ]


# -- what is not seen ------------------------------------------------------------------------------


def test_bytes_that_are_gone_are_not_taken_for_clean(client, chief):
    index.published("kept")
    gone = index.published_file("gone", files={"evil.txt": "import os\n"})
    storage.delete(gone.sha256)
    run = rehearsed(chief, "startup-hooks")
    assert (run.seen, run.count, run.unseen) == (2, 0, 1)
    client.force_login(chief)
    page = reverse("admin:moderation_policysetting_set", args=["startup-hooks"])
    assert "1 of them could not be looked at" in client.get(page).content.decode()
    assert rehearsed(chief, "first-release").unseen == 0  # it looks at no bytes


def test_what_is_too_large_to_be_seen_whole_is_not_taken_for_clean(chief, monkeypatch):
    index.published("large")
    monkeypatch.setattr(scan, "SOURCE", 1)
    assert rehearsed(chief, "obfuscated-code").unseen == 1


def test_a_dry_run_ends_before_its_job_does_and_says_what_it_did_not_reach(
    client, chief, monkeypatch, settings
):
    assert settings.Q_CLUSTER["timeout"] >= rehearsals.SECONDS + 60
    for name in ("one", "two"):
        index.published(name)
    monkeypatch.setattr(rehearsals, "SECONDS", -1)
    run = rehearsed(chief, "first-release")
    assert (run.state, run.seen, run.unreached) == (DryRun.State.DONE, 0, 2)
    client.force_login(chief)
    page = reverse("admin:moderation_policysetting_set", args=["first-release"])
    assert "2 older ones were not reached" in client.get(page).content.decode()


def test_a_dry_run_that_is_stopped_is_over_and_says_so(client, chief, monkeypatch):
    """django-q ends a job by an exception that is no Exception."""
    index.published("slow")
    known = registry.find("first-release")
    run = rehearsals.start(known, {}, actor=Actor(user=chief))
    with monkeypatch.context() as patched:
        patched.setattr(rehearsals, "_look_at", Mock(side_effect=TimeoutException))
        with pytest.raises(TimeoutException):
            rehearsals.rehearse(run.pk)
    run.refresh_from_db()
    assert (run.state, run.seen) == (DryRun.State.FAILED, 0)
    rehearsals.rehearse(run.pk)
    run.refresh_from_db()
    assert run.state == DryRun.State.FAILED
    client.force_login(chief)
    page = reverse("admin:moderation_policysetting_set", args=["first-release"])
    assert "it broke off" in client.get(page).content.decode()


@pytest.mark.django_db(transaction=True)
def test_a_dry_run_that_an_alarm_cuts_off_in_the_middle_of_a_statement_is_over(chief, monkeypatch):
    def wait(*facts):
        with connection.cursor() as cursor:
            cursor.execute("select pg_sleep(60)")

    index.published("slow")
    run = rehearsals.start(registry.find("first-release"), {}, actor=Actor(user=chief))
    monkeypatch.setattr(rehearsals, "_look_at", wait)
    with pytest.raises(TimeoutException), TimeoutHandler(1):
        rehearsals.rehearse(run.pk)
    run.refresh_from_db()
    assert run.state == DryRun.State.FAILED


def test_a_dry_run_whose_job_was_killed_is_not_begun_anew(chief):
    index.published("demo")
    run = rehearsals.start(registry.find("first-release"), {}, actor=Actor(user=chief))
    DryRun.objects.update(state=DryRun.State.RUNNING)
    jobs.run_all()
    run.refresh_from_db()
    assert (run.state, run.seen) == (DryRun.State.FAILED, 0)
    assert "died in the middle" in run.remark


# -- pages -----------------------------------------------------------------------------------------


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
        {"prefix": "Acme", "people": chief.username, "reason": "Acme's own."},
    )
    assert list(ReservedPrefix.objects.get(prefix="acme").people.all()) == [chief]


def test_strangers_see_no_policies(client):
    client.force_login(UserFactory(is_staff=True))
    assert client.get(reverse("admin:moderation_policysetting_changelist")).status_code == 403
