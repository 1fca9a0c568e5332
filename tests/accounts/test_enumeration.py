"""Nobody learns from us who has an account: the same answers, and the same work behind them.

Work is counted, not timed: the hashing of passwords is all that a clock could see.
"""

from __future__ import annotations

import re

import pytest
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.core import mail
from django.core.cache import cache
from django.test import Client

from accounts.models import User
from tests.factories.people import UserFactory

PASSWORD = "correct horse battery staple"

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def people() -> None:
    """Everybody whom one could ask after."""
    for name in ("present", "inactive"):
        user = UserFactory(username=name, email=f"{name}@example.org", is_active=name == "present")
        user.set_password(PASSWORD)
        user.save()
    UserFactory(username="github-only", email="github-only@example.org")
    unverified = UserFactory(username="unverified", email="u@example.org", verified=False)
    unverified.set_password(PASSWORD)
    unverified.save()


@pytest.fixture
def hashes(people, monkeypatch) -> list[str]:
    """One entry for each time that a password is hashed."""
    counted: list[str] = []
    encode = PBKDF2PasswordHasher.encode

    def counting(self, password, salt, iterations=None):
        counted.append(password)
        return encode(self, password, salt, iterations)

    monkeypatch.setattr(PBKDF2PasswordHasher, "encode", counting)
    return counted


def plain(response) -> tuple[int, str, str]:
    """What a stranger sees, less tokens of his own."""
    text = re.sub(r'(csrfmiddlewaretoken" value=")\w+', r"\1", response.content.decode())
    text = re.sub(r'value="[^"]*"', "", text)
    return response.status_code, response.get("Location", ""), text


LOGINS = [
    "present",
    "absent",
    "inactive",
    "github-only",
    "unverified",
    "PRESENT",
    "present@example.org",
    "absent@example.org",
    "inactive@example.org",
    "github-only@example.org",
    "u@example.org",
]


@pytest.mark.parametrize("login", LOGINS)
def test_a_wrong_password_costs_one_hash_whoever_is_asked_for(client, hashes, login):
    client.post("/accounts/login/", {"login": login, "password": "wrong"})
    assert hashes == ["wrong"] or len(hashes) == 1  # of the unusable password: a random one


def test_a_wrong_password_is_answered_alike_whoever_is_asked_for():
    for kind in (False, True):
        answers = {
            plain(Client().post("/accounts/login/", {"login": login, "password": "wrong"}))
            for login in LOGINS
            if ("@" in login) is kind
        }
        cache.clear()
        assert len(answers) == 1


@pytest.mark.parametrize("email", ["absent@example.org", "present@example.org", "u@example.org"])
def test_signing_up_costs_one_hash_whether_the_address_is_free_or_taken(client, hashes, email):
    answer = sign_up(client, email)
    assert (answer.status_code, answer["Location"]) == (302, "/accounts/confirm-email/")
    assert len(hashes) == 1
    assert [letter.to for letter in mail.outbox] == [[email]]


def test_signing_up_leads_to_the_same_page_whether_the_address_is_free_or_taken():
    pages = []
    for username, email in (("ann", "absent@example.org"), ("bob", "present@example.org")):
        client = Client()
        sign_up(client, email, username)
        page = plain(client.get("/accounts/confirm-email/"))
        wrong = plain(client.post("/accounts/confirm-email/", {"code": "ABC-DEF"}))
        again = plain(client.post("/accounts/confirm-email/", {"action": "resend"}))
        pages.append([(one[0], one[1], one[2].replace(email, "")) for one in (page, wrong, again)])
    assert pages[0] == pages[1]


def sign_up(client: Client, email: str, username: str = "newcomer"):
    fields = {"username": username, "email": email}
    return client.post(
        "/accounts/signup/", {**fields, "password1": PASSWORD, "password2": PASSWORD}
    )


def test_a_reset_is_answered_alike_and_writes_one_letter_each():
    answers = set()
    for email in ("present@example.org", "absent@example.org", "github-only@example.org"):
        answers.add(plain(Client().post("/accounts/password/reset/", {"email": email})))
    assert len(answers) == 1
    assert [letter.to[0].split("@")[0] for letter in mail.outbox] == [
        "present",
        "absent",
        "github-only",
    ]


def test_an_address_of_somebody_else_is_added_as_a_free_one_would_be():
    user = UserFactory()
    answers = []
    for email in ("present@example.org", "absent@example.org"):
        client = Client()
        client.force_login(user)
        client.post("/accounts/email/", {"action_add": "", "email": email})
        page = plain(client.get("/accounts/confirm-email/"))
        answers.append((page[0], page[2].replace(email, "")))
    assert answers[0] == answers[1]
    assert [address.email for address in user.emailaddress_set.all()] == [user.email]
    assert [letter.to[0] for letter in mail.outbox] == ["present@example.org", "absent@example.org"]


def test_an_account_has_one_count_of_failures_whichever_name_is_tried(settings):
    settings.ACCOUNT_RATE_LIMITS = {"login": "1000/m/ip", "login_failed": "4/5m/key"}
    for login in ("present", "PRESENT", "present@example.org", "Present@Example.org"):
        refused = Client().post("/accounts/login/", {"login": login, "password": "wrong"})
        assert "Too many" not in refused.content.decode()
    for login in ("present", "present@example.org"):
        limited = Client().post("/accounts/login/", {"login": login, "password": PASSWORD})
        assert "Too many failed login attempts" in limited.content.decode()
    for _ in range(4):
        Client().post("/accounts/login/", {"login": "absent", "password": "wrong"})
    limited = Client().post("/accounts/login/", {"login": "absent", "password": "wrong"})
    assert "Too many failed login attempts" in limited.content.decode()


def test_one_address_guesses_at_few_accounts(settings):
    settings.ACCOUNT_RATE_LIMITS = {"login": "1000/m/ip", "login_failed": "3/m/ip"}
    for number in range(3):
        Client().post("/accounts/login/", {"login": f"nobody{number}", "password": "wrong"})
    limited = Client().post("/accounts/login/", {"login": "present", "password": PASSWORD})
    assert "Too many failed login attempts" in limited.content.decode()
    elsewhere = Client(REMOTE_ADDR="192.0.2.7")
    assert (
        elsewhere.post("/accounts/login/", {"login": "present", "password": PASSWORD})["Location"]
        == "/"
    )


def test_the_owner_of_an_address_signs_in_though_others_claim_it():
    """Somebody who has not verified an address does not keep its owner from signing in by it."""
    UserFactory(username="squatter", email="present@example.org", verified=False)
    assert User.objects.by_login("present@example.org").username == "present"
