"""Reserved prefixes in the admin: for whom they are kept changes, with a reason in the trail."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Permission

from accounts.models import AuditEvent
from moderation.models import ReservedPrefix
from packages.uploads.stages import RefusedByPolicy, Result
from tests.factories.index import submit
from tests.factories.people import AdministratorFactory, UserFactory

pytestmark = pytest.mark.django_db
PREFIXES = "/admin/moderation/reservedprefix/"


@pytest.fixture
def chief(client):
    client.force_login(AdministratorFactory())
    return client


@pytest.fixture
def ann():
    return UserFactory(username="ann", trusted=True)


@pytest.fixture
def bob():
    return UserFactory(username="bob", trusted=True)


def keep(client, **changes):
    given = {"prefix": "Acme", "people": "ann", "reason": "Acme's own."}
    return client.post(f"{PREFIXES}add/", {**given, **changes})


def change(client, **changes):
    given = {"people": "ann, bob", "reason": "Acme's own.", "why": "Bob joined."}
    row = ReservedPrefix.objects.get()
    return client.post(f"{PREFIXES}{row.pk}/change/", {**given, **changes})


def test_people_are_named_by_their_usernames(chief, ann, bob):
    keep(chief, people=" bob\nann ")
    row = ReservedPrefix.objects.get()
    assert (row.prefix, list(row.people.order_by("username"))) == ("acme", [ann, bob])
    assert b"ann, bob" in chief.get(f"{PREFIXES}{row.pk}/change/").content
    assert b"ann, bob" in chief.get(PREFIXES).content


def test_for_whom_a_prefix_is_kept_changes_with_before_and_after(chief, ann, bob):
    keep(chief)
    with pytest.raises(RefusedByPolicy):
        submit(bob, "acme-tools")
    assert change(chief).status_code == 302
    event = AuditEvent.objects.filter(action="prefix.keep").latest("pk")
    assert (event.subject, event.reason) == ("acme", "Bob joined.")
    assert event.before == {"people": ["ann"], "reason": "Acme's own."}
    assert event.after == {"people": ["ann", "bob"], "reason": "Acme's own."}
    assert submit(bob, "acme-tools").result is Result.PUBLISHED


def test_the_prefix_itself_stays(chief, ann, bob):
    keep(chief)
    change(chief, prefix="other")
    assert ReservedPrefix.objects.get().prefix == "acme"


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"people": "ann, nobody-here"}, "is called so: nobody-here"),
        ({"people": "a\0b"}, "Null characters are not allowed"),
        ({"reason": ""}, "This field is required"),
        ({"why": ""}, "This field is required"),
    ],
)
def test_what_cannot_be_is_told_and_changes_nothing(chief, ann, bob, changes, told):
    keep(chief)
    answer = change(chief, **changes)
    assert told in answer.content.decode()
    assert list(ReservedPrefix.objects.get().people.all()) == [ann]
    assert AuditEvent.objects.filter(action="prefix.keep").count() == 1


def test_a_prefix_that_is_kept_already_says_where_to_change_it(chief, ann):
    keep(chief)
    assert "open it in the list to change" in keep(chief, prefix="ACME").content.decode()


def test_whoever_may_only_look_changes_nothing(client, chief, ann, bob):
    keep(chief)
    looker = UserFactory(is_staff=True)
    looker.user_permissions.add(Permission.objects.get(codename="view_reservedprefix"))
    client.force_login(looker)
    row = ReservedPrefix.objects.get()
    page = client.get(f"{PREFIXES}{row.pk}/change/")
    assert (page.status_code, b"ann" in page.content) == (200, True)
    assert change(client).status_code == 403
