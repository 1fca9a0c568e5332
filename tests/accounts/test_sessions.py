"""Where people are signed in, and how they end it."""

from __future__ import annotations

import time

import pytest
from allauth.usersessions.models import UserSession
from django.test import Client

from accounts import sessions
from accounts.models import AuditEvent
from tests.factories.people import UserFactory

PASSWORD = "correct horse battery staple"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"

pytestmark = pytest.mark.django_db


@pytest.fixture
def user():
    user = UserFactory()
    user.set_password(PASSWORD)
    user.save()
    return user


def sign_in(user, agent: str = FIREFOX, address: str = "192.0.2.1") -> Client:
    client = Client(headers={"user-agent": agent}, REMOTE_ADDR=address)
    form = {"login": user.username, "password": PASSWORD}
    assert client.post("/accounts/login/", form)["Location"] == "/"
    return client


def is_signed_in(client: Client) -> bool:
    return client.get("/accounts/tokens/").status_code == 200


@pytest.mark.parametrize(
    ("agent", "device"),
    [
        (FIREFOX, "Firefox on Linux"),
        (
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko)"
                " Chrome/139.0.0.0 Safari/537.36 Edg/139.0.0.0"
            ),
            "Edge on Windows",
        ),
        (
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15"
                " (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1"
            ),
            "Safari on iPhone",
        ),
        (
            (
                "Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 (KHTML, like Gecko)"
                " Chrome/139.0.0.0 Mobile Safari/537.36"
            ),
            "Chrome on Android",
        ),
        ("curl/8.5.0", "curl"),
        ("", "An unknown browser"),
    ],
)
def test_a_browser_is_told_in_words(agent, device):
    assert sessions.device(agent) == device


def test_the_page_tells_device_address_and_time_and_which_one_this_is(user):
    here = sign_in(user)
    sign_in(user, "curl/8.5.0", "2001:db8::1")
    page = here.get("/accounts/sessions/").content.decode()
    assert "Firefox on Linux" in page
    assert "2001:db8::1" in page
    assert page.count("This one") == 1


def test_one_session_is_ended_and_the_trail_tells(user):
    here, there = sign_in(user), sign_in(user, address="192.0.2.2")
    row = UserSession.objects.get(ip="192.0.2.2")
    here.post(f"/accounts/sessions/{row.pk}/end/")
    assert is_signed_in(here)
    assert not is_signed_in(there)
    event = AuditEvent.objects.get(action="session.end")
    assert event.after == {"address": "192.0.2.2", "device": "Firefox on Linux"}


def test_all_others_are_ended_at_once(user):
    here, *others = (sign_in(user, address=f"192.0.2.{number}") for number in range(1, 4))
    here.post("/accounts/sessions/others/end/")
    assert is_signed_in(here)
    assert not any(map(is_signed_in, others))


def test_the_session_of_somebody_else_is_not_found(user):
    sign_in(user)
    other = sign_in_somebody_else()
    row = UserSession.objects.get(user=user)
    assert other.post(f"/accounts/sessions/{row.pk}/end/").status_code == 404
    assert UserSession.objects.filter(pk=row.pk).exists()


def sign_in_somebody_else() -> Client:
    other = UserFactory()
    other.set_password(PASSWORD)
    other.save()
    return sign_in(other)


def test_this_session_is_ended_by_signing_out(user):
    here = sign_in(user)
    row = UserSession.objects.get()
    assert here.post(f"/accounts/sessions/{row.pk}/end/")["Location"] == "/accounts/logout/"


def test_a_session_that_moves_is_noted_after_a_while_and_not_on_each_page(user, monkeypatch):
    here = sign_in(user)
    here.get("/accounts/tokens/", REMOTE_ADDR="192.0.2.99")
    assert UserSession.objects.get().ip == "192.0.2.1"
    later = time.time() + sessions.RESOLUTION + 1
    monkeypatch.setattr("accounts.sessions.time.time", lambda: later)
    here.get("/accounts/tokens/", REMOTE_ADDR="192.0.2.99")
    assert UserSession.objects.get().ip == "192.0.2.99"


def test_pages_that_do_not_look_who_is_asking_stay_cacheable(user):
    here = sign_in(user)
    assert "Cookie" not in here.get("/opensearch.xml").get("Vary", "")


def test_a_changed_password_ends_every_other_session(user):
    here, there = sign_in(user), sign_in(user)
    fields = {"oldpassword": PASSWORD, "password1": "another long one!", "password2": ""}
    here.post("/accounts/reauthenticate/", {"password": PASSWORD})
    here.post("/accounts/password/change/", {**fields, "password2": "another long one!"})
    assert is_signed_in(here)
    assert not is_signed_in(there)


def test_a_server_behind_a_socket_lets_people_in(user):
    client = Client(REMOTE_ADDR="")
    client.post("/accounts/login/", {"login": user.username, "password": PASSWORD})
    assert UserSession.objects.get().ip == "0.0.0.0"
