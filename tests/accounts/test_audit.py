"""The trail only grows, whoever asks."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, connection

from accounts import audit
from accounts.actors import SYSTEM, Actor
from accounts.models import AuditEvent
from tests.factories.people import AdministratorFactory, UserFactory, actor

pytestmark = pytest.mark.django_db


@pytest.fixture
def event():
    user = UserFactory()
    return audit.record(actor(user), "user.greet", user, reason="politeness", after={"said": "hi"})


def test_an_event_keeps_who_what_why_from_where_and_what_came_of_it(event):
    kept = AuditEvent.objects.get()
    assert kept.actor == kept.user.username
    assert (kept.subject_type, kept.subject_id) == ("accounts.user", str(kept.user.pk))
    assert (kept.address, kept.client) == ("127.0.0.1", "pytest")
    assert (kept.reason, kept.before, kept.after) == ("politeness", None, {"said": "hi"})
    assert str(kept) == f"{kept.actor}: user.greet {kept.actor}"


def test_what_the_system_does_has_no_user():
    event = audit.record(SYSTEM, "user.greet", UserFactory())
    assert (event.user, event.actor) == (None, "Gatehouse")


@pytest.mark.parametrize(
    "change",
    [
        "actor = 'nobody'",
        "reason = ''",
        "at = now()",
        "after = null",
        "user_id = null, actor = 'x'",
    ],
)
def test_the_database_refuses_to_change_an_event(event, change):
    with (
        pytest.raises(IntegrityError, match="The audit trail only grows"),
        connection.cursor() as c,
    ):
        c.execute(f"update accounts_auditevent set {change}")


def test_the_database_refuses_to_give_an_event_to_somebody_else(event):
    event.user = UserFactory()
    with pytest.raises(IntegrityError, match="only grows"):
        event.save()


def test_the_database_refuses_to_delete_an_event(event):
    with pytest.raises(IntegrityError, match="only grows"):
        event.delete()


def test_the_database_refuses_to_delete_all_events(event):
    with pytest.raises(IntegrityError, match="only grows"), connection.cursor() as cursor:
        cursor.execute("delete from accounts_auditevent")


def test_a_deleted_person_is_still_named_in_the_trail(event):
    name = event.user.username
    event.user.delete()
    event.refresh_from_db()
    assert (event.user, event.actor) == (None, name)


def test_the_longest_names_fit_into_the_trail():
    user = UserFactory(username="u" * 50)
    event = audit.record(Actor(user=user, client="c" * 300), "a" * 64, user, reason="r" * 10_000)
    assert AuditEvent.objects.get(pk=event.pk).reason == "r" * 10_000


def test_an_administrator_can_read_the_trail_and_nothing_more(client, event):
    client.force_login(AdministratorFactory())
    page = client.get("/admin/accounts/auditevent/")
    assert page.status_code == 200
    assert b"politeness" in page.content
    address = f"/admin/accounts/auditevent/{event.pk}/change/"
    assert client.get(address).status_code == 200
    assert client.post(address, {"reason": "none"}).status_code == 403
    assert client.post(f"/admin/accounts/auditevent/{event.pk}/delete/").status_code == 403
    assert client.get("/admin/accounts/auditevent/add/").status_code == 403
