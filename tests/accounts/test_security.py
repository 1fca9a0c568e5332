"""Whatever happens to an account stands in the trail, and its owner is told of what matters."""

from __future__ import annotations

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa import signals as factors
from allauth.mfa.models import Authenticator
from allauth.socialaccount import signals as social
from allauth.socialaccount.models import SocialAccount
from django.core.cache import cache
from django.urls import reverse

from accounts import security, security_letters, tokens
from accounts.models import AuditEvent, KnownDevice, Notice
from tests.factories import jobs
from tests.factories.people import AdministratorFactory, UserFactory, actor

pytestmark = pytest.mark.django_db
PASSWORD = "a long sentence 4 gates"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


@pytest.fixture(autouse=True)
def empty_cache():
    cache.clear()


@pytest.fixture
def ann():
    user = UserFactory(username="ann")
    user.set_password(PASSWORD)
    user.save()
    return user


def sign_in(client, login="ann", password=PASSWORD):
    facts = {"login": login, "password": password}
    return client.post(reverse("account_login"), facts, headers={"user-agent": FIREFOX})


def confirm(client):
    """Prove again who one is, as pages that change much want it."""
    client.post(reverse("account_reauthenticate"), {"password": PASSWORD})


def events(user, prefix=""):
    found = AuditEvent.objects.of_person(user).filter(action__startswith=prefix)
    return list(found.order_by("pk").values_list("action", flat=True))


def letters(mailoutbox):
    jobs.run_all()
    sent = {message.subject.removeprefix("[Gatehouse] "): message for message in mailoutbox}
    mailoutbox.clear()
    return sent


def request_of(client, user=None):
    request = client.get("/").wsgi_request
    if user:
        request.user = user
    return request


def test_a_sign_in_says_how_from_where_and_with_what(client, ann):
    assert sign_in(client).status_code == 302
    event = AuditEvent.objects.get(action="session.begin")
    assert (event.user, event.person) == (ann, ann)
    assert event.after == {"how": "password", "device": "Firefox on Linux"}
    assert (event.address, event.client) == ("127.0.0.1", FIREFOX)


@pytest.mark.parametrize(
    ("steps", "words"),
    [
        (
            [{"method": "password"}, {"method": "mfa", "type": "totp"}],
            "password, authenticator app",
        ),
        ([{"method": "mfa", "type": "webauthn"}], "security key or passkey"),
        ([{"method": "socialaccount", "provider": "github"}], "github"),
        (
            [{"method": "password"}, {"method": "mfa", "type": "recovery_codes"}],
            "password, recovery code",
        ),
        ([], "unknown"),
    ],
)
def test_how_somebody_signed_in_is_told_in_words(client, steps, words):
    request = request_of(client)
    request.session[security.METHODS] = steps
    assert security.how(request) == words


def test_the_first_device_is_no_news_another_is_and_a_known_one_not(client, ann, mailoutbox):
    """INC-3."""
    sign_in(client)
    sign_in(client)
    assert events(ann, "device.") == []
    another = type(client)()
    sign_in(another)
    sign_in(another)
    assert events(ann, "device.") == ["device.new"]
    assert KnownDevice.objects.count() == 2
    letter = letters(mailoutbox)["Signed in with a new device"]
    assert "From: 127.0.0.1" in letter.body
    assert f"With: Firefox on Linux ({FIREFOX})" in letter.body
    for page in ("usersessions_list", "account_reset_password", "tokens", "history"):
        assert reverse(page) in letter.body


def test_a_forged_device_cookie_is_a_new_device(client, ann):
    sign_in(client)
    another = type(client)()
    another.cookies["gatehouse-device"] = client.cookies["gatehouse-device"].value + "x"
    sign_in(another)
    assert events(ann, "device.") == ["device.new"]
    assert client.cookies["gatehouse-device"]["httponly"]


def test_a_failed_sign_in_is_noted_once_a_minute_with_where_it_came_from(client, ann):
    for _ in range(3):
        sign_in(client, password="wrong")
    assert [job[0] for job in jobs.waiting()].count("accounts.tasks.note_failure") == 1
    jobs.run_all()
    event = AuditEvent.objects.get(action="session.fail")
    assert (event.user, event.person, event.address) == (None, ann, "127.0.0.1")


def test_what_is_done_after_a_failure_does_not_tell_whether_there_is_such_an_account(client, ann):
    sign_in(client, password="wrong")
    sign_in(client, login="nobody", password="wrong")
    assert [job[0] for job in jobs.waiting()].count("accounts.tasks.note_failure") == 2
    jobs.run_all()
    assert AuditEvent.objects.filter(action="session.fail").count() == 1


def test_a_thousand_failures_leave_twenty_rows_and_one_letter(client, ann, mailoutbox):
    from django.utils import timezone

    for number in range(30):
        security.record_failure("ann", f"192.0.2.{number}", "bot", timezone.now())
    assert AuditEvent.objects.filter(action="session.fail").count() == 20
    assert list(letters(mailoutbox)) == ["A sign-in failed: wrong password"]


def test_passwords_addresses_factors_and_connections_are_noted_and_told(client, ann, mailoutbox):
    request = request_of(client, ann)
    factor = Authenticator(user=ann, type=Authenticator.Type.TOTP, data={})
    codes = Authenticator(user=ann, type=Authenticator.Type.RECOVERY_CODES, data={})
    github = SocialAccount(user=ann, provider="github", uid="42")
    for signal, facts in [
        (factors.authenticator_added, {"authenticator": factor}),
        (factors.authenticator_removed, {"authenticator": factor}),
        (factors.authenticator_added, {"authenticator": codes}),
        (factors.authenticator_reset, {"authenticator": codes}),
        (factors.authenticator_used, {"authenticator": codes}),
        (factors.authentication_failed, {"authenticator": factor}),
    ]:
        signal.send(Authenticator, request=request, user=ann, **facts)
    login = type("Login", (), {"user": ann, "account": github})
    social.social_account_added.send(None, request=request, sociallogin=login)
    social.social_account_removed.send(None, request=request, socialaccount=github)
    assert events(ann) == [
        "factor.add",
        "factor.remove",
        "factor.codes",
        "factor.codes",
        "factor.code_used",
        "session.factor_fail",
        "social.connect",
        "social.disconnect",
    ]
    assert set(letters(mailoutbox)) == {
        "A second factor was added",
        "A second factor was removed",
        "Recovery codes were made",
        "A recovery code was used",
        "An account elsewhere was connected",
        "An account elsewhere was disconnected",
    }


def test_a_changed_password_is_noted_and_told(client, ann, mailoutbox):
    sign_in(client)
    new = {"oldpassword": PASSWORD, "password1": PASSWORD + "!", "password2": PASSWORD + "!"}
    client.post(reverse("account_change_password"), new)
    assert "password.change" in events(ann)
    letter = letters(mailoutbox)["The password was changed"]
    assert "If that was you" in letter.body
    assert PASSWORD not in letter.body
    assert "alternatives" in vars(letter)


def test_the_old_address_is_told_that_it_is_not_the_primary_one_any_more(client, ann, mailoutbox):
    EmailAddress.objects.create(user=ann, email="new@example.org", verified=True)
    sign_in(client)
    confirm(client)
    client.post(reverse("account_email"), {"action_primary": "", "email": "new@example.org"})
    assert "email.primary" in events(ann)
    jobs.run_all()
    told = {m.to[0] for m in mailoutbox if m.subject.endswith("address was changed")}
    assert told == {"new@example.org", "ann@example.org"}


def test_a_removed_address_is_noted_and_told(client, ann, mailoutbox):
    EmailAddress.objects.create(user=ann, email="old@example.org", verified=True)
    sign_in(client)
    confirm(client)
    client.post(reverse("account_email"), {"action_remove": "", "email": "old@example.org"})
    jobs.run_all()
    assert {m.to[0] for m in mailoutbox if "removed" in m.subject} == {
        "old@example.org",
        "ann@example.org",
    }


def test_a_token_made_and_used_elsewhere_is_told(ann, mailoutbox):
    token, _ = tokens.mint(ann, actor=actor(ann), name="ci")
    tokens.note_use(token, "192.0.2.1", "twine")
    token.refresh_from_db()
    tokens.note_use(token, "192.0.2.2", "twine")
    assert events(ann) == ["token.mint", "token.new_place"]
    assert len(letters(mailoutbox)) == 2


def test_what_an_administrator_does_is_told_without_his_name_or_where_he_was(ann, mailoutbox):
    token, _ = tokens.mint(ann, actor=actor(ann), name="ci")
    letters(mailoutbox)
    boss = AdministratorFactory(username="boss")
    tokens.revoke(token, actor=actor(boss), reason="it leaked")
    (letter,) = letters(mailoutbox).values()
    assert "By: an administrator of Gatehouse" in letter.body
    assert "Why: it leaked" in letter.body
    assert "boss" not in letter.body
    assert "From:" not in letter.body


def test_somebody_is_told_of_an_event_once(ann, mailoutbox):
    tokens.mint(ann, actor=actor(ann), name="ci")
    event = AuditEvent.objects.get()
    assert security_letters.tell(event) is True
    assert security_letters.tell(event) is False
    assert Notice.objects.count() == len(mailoutbox) == 1


def test_every_action_that_has_a_letter_has_words_and_a_kind():
    from accounts import event_words
    from accounts.notice_kinds import KINDS

    assert set(event_words.LETTERS) <= set(event_words.SENTENCES)
    assert set(event_words.LETTERS.values()) <= set(KINDS)
