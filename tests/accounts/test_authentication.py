"""Who sent a request: 401 for nobody, 403 for a useless token, never a 500."""

from __future__ import annotations

import base64

import pytest
from django.contrib.auth.models import AnonymousUser
from django.test import RequestFactory

from accounts import actors
from accounts.authentication import CredentialsNeeded, InvalidToken, token_actor
from tests.factories.people import UserFactory, token_for

pytestmark = pytest.mark.django_db


def request(authorization: str | None = None, **headers):
    if authorization is not None:
        headers["authorization"] = authorization
    made = RequestFactory().post("/legacy/", headers=headers)
    made.user = AnonymousUser()
    return made


def basic(username: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{username}:{password}".encode()).decode()


@pytest.fixture
def user():
    return UserFactory()


@pytest.fixture
def token(user):
    return token_for(user)


@pytest.mark.parametrize("scheme", ["Basic", "basic", "BASIC"])
def test_a_token_comes_as_the_password_of_its_own_user_name(user, token, scheme):
    header = basic("__token__", token).replace("Basic", scheme)
    actor = token_actor(request(header))
    assert actor.user == user
    assert actor.token.user == user


@pytest.mark.parametrize("scheme", ["Bearer", "bearer"])
def test_a_token_comes_as_a_bearer(user, token, scheme):
    assert token_actor(request(f"{scheme} {token}")).user == user


def test_the_actor_knows_address_and_client(token):
    made = request(f"Bearer {token}", user_agent="twine/6.0\x07 \x80" + "x" * 400)
    actor = token_actor(made)
    assert actor.address == "127.0.0.1"
    assert actor.client.startswith("twine/6.0 xxx")
    assert len(actor.client) == 300


def test_the_actor_is_named_with_his_token(user, token):
    assert token_actor(request(f"Bearer {token}")).label == f"{user.username} (token test)"


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "Basic",
        "Basic ",
        "Basic !!!!",
        "Basic YQ",
        "Basic é",
        "Basic \xff\xfe",
        "Basic " + base64.b64encode(b"\xff\xfe:\xfd").decode(),
        "Basic " + base64.b64encode(b"__token__").decode(),
        "Digest username=x",
        "Bearer" + "x" * 10_000,
        "Bearer " + "x" * 10_000,
        "Basic " + "A" * 10_000,
        "\0",
    ],
)
def test_whoever_cannot_be_understood_is_asked_for_credentials(header):
    with pytest.raises(CredentialsNeeded) as refusal:
        token_actor(request(header))
    assert refusal.value.status == 401
    assert refusal.value.headers["WWW-Authenticate"] == 'Basic realm="Gatehouse"'


@pytest.mark.parametrize("username", ["", "alice", "__TOKEN__", "__token__\0"])
def test_a_token_with_another_user_name_is_not_taken(token, username):
    with pytest.raises(CredentialsNeeded, match="use __token__ as the user name"):
        token_actor(request(basic(username, token)))


@pytest.mark.parametrize(
    "password", ["", "hunter2", "gate-" + "a" * 55, "a\0b", "gate-" + "\0" * 55, "é", "x" * 2000]
)
def test_a_useless_token_is_refused_without_asking_again(password):
    with pytest.raises(InvalidToken) as refusal:
        token_actor(request(basic("__token__", password)))
    assert refusal.value.status == 403
    assert "WWW-Authenticate" not in refusal.value.headers


def test_an_upload_without_credentials_gets_401_and_the_scheme(client):
    response = client.post("/legacy/")
    assert response.status_code == 401
    assert response["WWW-Authenticate"] == 'Basic realm="Gatehouse"'
    assert "API token" in response.reason_phrase


def test_an_upload_with_a_wrong_token_gets_403_and_no_scheme(client):
    response = client.post("/legacy/", headers={"authorization": "Bearer wrong"})
    assert response.status_code == 403
    assert "WWW-Authenticate" not in response


def test_an_upload_with_bytes_that_are_no_base64_gets_401(client):
    response = client.post("/legacy/", headers={"authorization": "Basic \xe9"})
    assert response.status_code == 401


def test_the_api_answers_a_wrong_token_with_a_problem(client):
    response = client.get("/api/v1/projects/", headers={"authorization": "Bearer wrong"})
    assert response.status_code == 403
    assert response["Content-Type"] == "application/problem+json"
    assert response.json()["code"] == "invalid-token"


def test_the_api_asks_for_credentials_by_scheme(client):
    response = client.get("/api/v1/projects/", headers={"authorization": "Basic !"})
    assert response.status_code == 401
    assert response["WWW-Authenticate"] == 'Basic realm="Gatehouse"'
    assert response.json()["code"] == "credentials-needed"


def test_the_api_takes_a_token(client, token):
    response = client.get("/api/v1/projects/", headers={"authorization": f"Bearer {token}"})
    assert response.status_code == 200


def test_the_api_takes_a_session_and_refuses_its_writes_without_a_csrf_token(user):
    from django.test import Client

    browser = Client(enforce_csrf_checks=True)
    browser.force_login(user)
    assert browser.get("/api/v1/projects/").status_code == 200
    refusal = browser.post("/api/v1/projects/", {}, content_type="application/json")
    assert refusal.status_code == 403
    assert "CSRF" in refusal.json()["detail"]


def test_the_api_tells_strangers_who_write_how_to_sign_in(client):
    response = client.post("/api/v1/projects/", {}, content_type="application/json")
    assert response.status_code == 401
    assert response["WWW-Authenticate"] == 'Basic realm="Gatehouse"'


@pytest.mark.parametrize(
    ("remote", "address"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8::1", "2001:db8::1"),
        ("fe80::1%eth0", "fe80::1"),
        ("", None),
        ("unix:", None),
    ],
)
def test_an_address_is_kept_as_far_as_the_trail_can_hold_it(user, remote, address):
    made = RequestFactory().get("/", REMOTE_ADDR=remote)
    made.user = user
    assert actors.of_request(made).address == address


def test_nobody_signed_in_is_no_user():
    assert actors.of_request(request()).user is None
    assert actors.of_request(request()).label == "Gatehouse"
