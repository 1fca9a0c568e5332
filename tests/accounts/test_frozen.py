"""A frozen account: nobody gets in, its owner knows why, and nothing but unfreezing opens it."""

from __future__ import annotations

import pytest
from django.core import mail
from django.core.cache import cache
from django.test import Client

from accounts import notices, people
from accounts.actors import SYSTEM
from accounts.models import AuditEvent, Notice, User
from accounts.notice_kinds import KINDS
from tests.factories import jobs
from tests.factories.people import AdministratorFactory, UserFactory, actor

pytestmark = pytest.mark.django_db
PASSWORD, BETTER = "a long sentence 4 gates", "another sentence 4 gates"


@pytest.fixture(autouse=True)
def empty_cache():
    cache.clear()


@pytest.fixture
def ann():
    ann = UserFactory(username="ann", email="ann@example.org")
    ann.set_password(PASSWORD)
    ann.save()
    return ann


@pytest.fixture
def frozen(ann):
    people.freeze(ann, actor=actor(AdministratorFactory()), reason="Stolen, it seems")
    return User.objects.get(pk=ann.pk)


def sign_in(client, login="ann", password=PASSWORD):
    return client.post("/accounts/login/", {"login": login, "password": password})


def test_its_owner_is_told_why_once_and_what_he_can_do(frozen, settings):
    settings.MODERATORS_CONTACT = "desk@index.example"
    jobs.run_all()
    (letter,) = mail.outbox
    assert letter.to == ["ann@example.org"]
    assert "Why: Stolen, it seems" in letter.body
    assert "write to desk@index.example" in letter.body
    assert "Sign out everywhere" not in letter.body


def test_the_right_password_is_told_that_it_is_frozen(frozen, client):
    for login in ("ann", "ann@example.org"):
        answer = sign_in(client, login)
        assert answer["Location"] == "/accounts/inactive/"
    assert "This account is frozen" in client.get("/accounts/inactive/").content.decode()
    assert client.get("/accounts/tokens/").status_code == 302


def test_a_wrong_password_is_told_what_everybody_is_told(frozen, client):
    """TOB-PYPI-5."""
    strangers = Client()
    here, there = sign_in(client, password="wrong"), sign_in(strangers, "nobody", "wrong")
    assert here.status_code == there.status_code == 200
    assert "frozen" not in here.content.decode()


def test_the_trail_tells_a_refusal_and_no_wrong_password(frozen, client):
    sign_in(client)
    jobs.run_all()
    actions = set(AuditEvent.objects.filter(person=frozen).values_list("action", flat=True))
    assert actions == {"user.freeze", "session.refuse"}
    assert AuditEvent.objects.get(action="session.refuse").address == "127.0.0.1"


def test_freezing_signs_out_for_good(ann, client):
    sign_in(client)
    people.freeze(ann, actor=SYSTEM, reason="stolen")
    people.unfreeze(ann, actor=SYSTEM, reason="his again")
    assert client.get("/accounts/tokens/").status_code == 302
    assert AuditEvent.objects.get(action="user.freeze").before == {"is_active": True, "sessions": 1}


def test_a_sign_in_that_raced_with_the_freeze_leaves_nothing(ann, client):
    people.freeze(ann, actor=SYSTEM, reason="stolen")
    User.objects.filter(pk=ann.pk).update(is_active=True)  # as the sign-in saw it
    sign_in(client)
    User.objects.filter(pk=ann.pk).update(is_active=False)
    people.unfreeze(ann, actor=SYSTEM, reason="his again")
    assert client.get("/accounts/tokens/").status_code == 302


def test_who_asks_for_a_reset_gets_one_letter_that_says_why_not(frozen, client):
    jobs.run_all()
    mail.outbox.clear()
    answer = client.post("/accounts/password/reset/", {"email": "ann@example.org"})
    assert answer["Location"] == "/accounts/password/reset/done/"
    (letter,) = mail.outbox
    assert "is frozen" in letter.body
    assert "/reset/key/" not in letter.body


def test_a_reset_that_was_asked_for_before_does_not_open_it(ann, client):
    client.post("/accounts/password/reset/", {"email": "ann@example.org"})
    (letter,) = mail.outbox
    people.freeze(ann, actor=SYSTEM, reason="stolen")
    (link,) = (line.strip() for line in letter.body.splitlines() if "/reset/key/" in line)
    page = client.get(link.partition("testserver")[2], follow=True)
    if page.redirect_chain:
        form = {"password1": BETTER, "password2": BETTER}
        client.post(page.redirect_chain[-1][0], form)
    ann.refresh_from_db()
    assert not ann.is_active
    assert sign_in(client, password=BETTER)["Location"] == "/accounts/inactive/"


@pytest.mark.parametrize("kind", [kind for kind in KINDS.values() if not kind.staff])
def test_what_only_somebody_who_may_sign_in_can_answer_is_not_mailed(ann, kind):
    User.objects.filter(pk=ann.pk).update(is_active=False)
    ann.refresh_from_db()
    context = {"leaked": None, "token": "x", "where": "y"}
    notices.notify(ann, kind.name, "accounts/email/token_leaked.txt", context)
    assert len(mail.outbox) == kind.for_frozen
    assert Notice.objects.filter(user=ann).exists()


def test_staff_is_frozen_and_unfrozen_by_administrators_only(ann):
    from pypi_site.lib.problems import Refused

    boss, colleague = AdministratorFactory(), UserFactory(is_staff=True)
    with pytest.raises(Refused, match="administrator to freeze"):
        people.freeze(boss, actor=actor(colleague), reason="a row")
    people.freeze(boss, actor=actor(AdministratorFactory()), reason="stolen")
    with pytest.raises(Refused, match="administrator to unfreeze"):
        people.unfreeze(boss, actor=actor(colleague), reason="a friend")
