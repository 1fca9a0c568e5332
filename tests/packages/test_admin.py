"""The index in the Django admin: to look at, and to act upon with a reason."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Permission

from accounts.actors import SYSTEM
from accounts.models import AuditEvent
from packages import files, projects, releases
from packages.models import File, JournalEntry, Project, Release
from tests.factories.index import published
from tests.factories.people import AdministratorFactory, UserFactory

pytestmark = pytest.mark.django_db

ACTIONS = [
    ("project", "quarantine", "quarantined"),
    ("project", "archive", "archived"),
    ("project", "deprecate", "deprecated"),
    ("release", "yank", "yanked"),
    ("file", "delete_file", "deleted; it can be restored from the bin"),
]
PERMISSIONS = {"project": "change_project", "release": "change_release", "file": "delete_file"}
MODELS = {"project": Project, "release": Release, "file": File}


@pytest.fixture
def desk(client):
    client.force_login(AdministratorFactory())
    return client


def act(client, model, name, **fields):
    chosen = [item.pk for item in MODELS[model].objects.all()]
    data = {"action": name, "_selected_action": chosen, **fields}
    return client.post(f"/admin/packages/{model}/", data, follow=True)


def told(response) -> list[str]:
    return [str(message) for message in response.context["messages"]]


def is_untouched() -> bool:
    return (
        Project.objects.filter(status="active").exists()
        and Release.objects.filter(yanked_at=None).exists()
        and File.objects.filter(deleted_at=None).exists()
    )


@pytest.mark.parametrize("model", ["project", "release", "file", "journalentry"])
def test_an_administrator_looks_at_everything_and_changes_nothing(desk, model):
    published()
    page = desk.get(f"/admin/packages/{model}/")
    assert page.status_code == 200
    assert b"demo" in page.content
    row = {**MODELS, "journalentry": JournalEntry}[model].objects.first()
    address = f"/admin/packages/{model}/{row.pk}/change/"
    assert desk.get(address).status_code == 200
    desk.post(address, {"name": "other", "reason": "try"})  # of a project, only limits are changed
    assert (is_untouched(), Project.objects.get().name) == (True, "demo")
    assert desk.get(f"/admin/packages/{model}/add/").status_code == 403
    assert (
        desk.post(f"/admin/packages/{model}/{row.pk}/delete/", {"post": "yes"}).status_code == 403
    )
    assert desk.get(f"/admin/packages/{model}/?q=demo").status_code == 200


@pytest.mark.parametrize(("model", "action", "done"), ACTIONS)
def test_an_action_asks_for_a_reason_before_it_acts(desk, model, action, done):
    published()
    asked = act(desk, model, action)
    assert b'<textarea id="reason"' in asked.content
    assert b"demo" in asked.content
    assert is_untouched()


@pytest.mark.parametrize(("model", "action", "done"), ACTIONS)
@pytest.mark.parametrize("reason", ["", "  \n ", "\0"])
def test_an_empty_reason_is_asked_for_again(desk, model, action, done, reason):
    published()
    asked = act(desk, model, action, confirmed="yes", reason=reason)
    assert b'<textarea id="reason"' in asked.content
    assert b"Write the reason first" in asked.content
    assert is_untouched()


@pytest.mark.parametrize(("model", "action", "done"), ACTIONS)
def test_an_action_with_a_reason_is_done_and_recorded(desk, model, action, done):
    published()
    item = MODELS[model].objects.get()
    response = act(desk, model, action, confirmed="yes", reason="because of x")
    assert told(response) == [f"{item}: {done}."]
    assert not is_untouched() or done == "yanked"
    event = AuditEvent.objects.latest("pk")
    assert (event.reason, event.user.is_superuser, event.address) == (
        "because of x",
        True,
        "127.0.0.1",
    )


@pytest.mark.parametrize(("model", "action", "done"), ACTIONS)
def test_a_refusal_becomes_a_message_and_keeps_nobody_else_from_his_fate(desk, model, action, done):
    published("demo")
    act(desk, model, action, confirmed="yes", reason="first")
    published("other")
    response = act(desk, model, action, confirmed="yes", reason="second")
    assert len(told(response)) == 2
    assert sum(message.endswith(f": {done}.") for message in told(response)) == 1


@pytest.mark.parametrize(("model", "action", "done"), ACTIONS)
def test_whoever_may_only_look_does_not_even_see_the_action(client, model, action, done):
    published()
    clerk = UserFactory(is_staff=True)
    clerk.user_permissions.add(Permission.objects.get(codename=f"view_{model}"))
    client.force_login(clerk)
    assert client.get(f"/admin/packages/{model}/").status_code == 200
    page = act(client, model, action, confirmed="yes", reason="because")
    assert f'value="{action}"'.encode() not in page.content
    assert is_untouched()


@pytest.mark.parametrize(("model", "action", "done"), ACTIONS)
def test_the_permission_is_enough_to_act(client, model, action, done):
    published()
    keeper = UserFactory(is_staff=True)
    wanted = [f"view_{model}", PERMISSIONS[model]]
    keeper.user_permissions.set(Permission.objects.filter(codename__in=wanted))
    client.force_login(keeper)
    assert told(act(client, model, action, confirmed="yes", reason="because"))[0].endswith(
        f"{done}."
    )


def test_what_was_done_is_undone_by_the_same_desk(desk):
    release = published()
    projects.quarantine(release.project, actor=SYSTEM, reason="odd")
    releases.yank(release, actor=SYSTEM, reason="odd")
    act(desk, "project", "activate", confirmed="yes", reason="clean")
    act(desk, "release", "unyank", confirmed="yes", reason="works")
    assert is_untouched()


@pytest.mark.parametrize("model", ["project", "release", "file"])
@pytest.mark.parametrize("before", ["", "yanked"])
def test_a_moderator_quarantines_and_clears_at_every_level(client, model, before):
    release = published()
    if before:
        releases.yank(release, actor=SYSTEM, reason="wobbles")
    moderator = UserFactory(is_staff=True)
    wanted = [f"view_{model}", "change_project"]
    moderator.user_permissions.set(Permission.objects.filter(codename__in=wanted))
    client.force_login(moderator)
    act(client, model, "quarantine", confirmed="yes", reason="odd")
    assert not File.objects.offered().exists()
    twice = act(client, model, "quarantine", confirmed="yes", reason="odd")
    assert "already" in told(twice)[0] or "since" in told(twice)[0]
    act(client, model, "clear", confirmed="yes", reason="clean")
    assert bool(File.objects.offered().get().yank) is bool(before)
    assert "not in quarantine" in told(act(client, model, "clear", confirmed="yes", reason="x"))[0]


@pytest.mark.parametrize("model", ["project", "release", "file"])
def test_an_administrator_deletes_and_restores_at_every_level(desk, model):
    published()
    act(desk, model, f"delete_{model}", confirmed="yes", reason="malware")
    assert not File.objects.offered().exists()
    act(desk, model, f"restore_{model}", confirmed="yes", reason="a mistake")
    assert File.objects.offered().exists()


def test_a_yank_reason_that_terminals_would_stumble_over_becomes_a_message(desk):
    published()
    response = act(desk, "release", "yank", confirmed="yes", reason="x" * 1001)
    assert "at most 1000 characters" in told(response)[0]
    assert is_untouched()


def test_a_deleted_file_is_told_apart(desk):
    files.delete(published().files.get(), actor=SYSTEM, reason="malware")
    assert b"0 files" in desk.get("/admin/packages/file/?deleted_at__isempty=1").content
    assert b"1 file" in desk.get("/admin/packages/file/?deleted_at__isempty=0").content


@pytest.mark.parametrize("model", ["project", "release", "file"])
def test_the_lists_cost_the_same_for_one_row_and_for_ten(
    desk, model, django_assert_max_num_queries
):
    published("p0")
    desk.get(f"/admin/packages/{model}/")
    with django_assert_max_num_queries(10) as few:
        desk.get(f"/admin/packages/{model}/")
    for number in range(1, 10):
        published(f"p{number}")
    with django_assert_max_num_queries(len(few)):
        desk.get(f"/admin/packages/{model}/")
