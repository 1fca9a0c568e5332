"""OpenID Connect by settings: whom a provider signs in, and what its addresses are worth."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import pytest
from django.core import mail
from django.test import Client

from accounts.models import User
from pypi_site import sign_in
from tests.accounts.openid import CLIENT, SECRET, Provider
from tests.factories.people import AdministratorFactory, UserFactory

pytestmark = pytest.mark.django_db
CALLBACK = "/accounts/oidc/acme/login/callback/"


@pytest.fixture(scope="module")
def acme() -> Iterator[Provider]:
    with Provider() as provider:
        yield provider


@pytest.fixture
def given(acme, settings) -> dict:
    """The site trusts the provider with people, and not with addresses of other accounts."""
    return {
        "id": "acme",
        "name": "Acme",
        "server": acme.url,
        "client_id": CLIENT,
        "client_secret": SECRET,
    }


def configure(settings, given: dict) -> None:
    settings.SOCIALACCOUNT_PROVIDERS = {"openid_connect": sign_in.openid_connect([given])}


def come(client: Client, acme: Provider, settings, given: dict, **facts):
    """Through the button, the provider, and back."""
    configure(settings, given)
    acme.facts, acme.codes = {"sub": "7", **facts}, 1
    sent = client.post("/accounts/oidc/acme/login/?process=login")
    asked = parse_qs(urlsplit(sent["Location"]).query)
    assert sent["Location"].startswith(f"{acme.url}/authorize?")
    assert asked["code_challenge_method"] == ["S256"]
    return client.get(CALLBACK, {"code": "c", "state": asked["state"][0]})


def signed_in(client: Client) -> str | None:
    pk = client.session.get("_auth_user_id")
    return User.objects.get(pk=pk).username if pk else None


def test_somebody_new_has_an_account_and_is_known_again(client, acme, settings, given):
    facts = {"preferred_username": "ada", "email": "ada@acme.example", "email_verified": True}
    assert come(client, acme, settings, given, **facts)["Location"] == "/"
    assert signed_in(client) == "ada"
    other = Client()
    come(other, acme, settings, given, preferred_username="renamed")
    assert signed_in(other) == "ada"
    assert User.objects.count() == 1


def test_the_button_stands_on_the_page_and_the_policy_lets_it_lead_there(client, settings, given):
    configure(settings, given)
    assert "Continue with Acme" in client.get("/accounts/login/").content.decode()
    assert sign_in.origins("", [given | {"leads_to": ["https://x.example/y"]}]) == [
        given["server"],
        "https://x.example",
    ]
    assert sign_in.origins("https://github.com", []) == ["https://github.com"]


@pytest.mark.parametrize("trusted", [False, True])
@pytest.mark.parametrize("there", ["verified", "unverified", "staff"])
@pytest.mark.parametrize("vouched", [True, False])
def test_an_account_is_found_by_its_address_only_where_that_is_safe(
    client, acme, settings, given, trusted, there, vouched
):
    """The provider is trusted, vouches for the address, and it is verified here, and no staff's."""
    make = AdministratorFactory if there == "staff" else UserFactory
    make(username="bob", email="bob@acme.example", verified=there != "unverified")
    facts = {"preferred_username": "b", "email": "bob@acme.example", "email_verified": vouched}
    answer = come(client, acme, settings, given | {"trust_emails": trusted}, **facts)
    safe = trusted and vouched and there == "verified"
    assert signed_in(client) == ("bob" if safe else None)
    assert User.objects.count() == 1
    if not safe:
        assert answer["Location"] == "/accounts/confirm-email/"
        assert [letter.to for letter in mail.outbox] == [["bob@acme.example"]]


def test_a_code_is_good_once_and_a_state_in_its_own_browser(client, acme, settings, given):
    facts = {"preferred_username": "ada", "email": "ada@acme.example", "email_verified": True}
    configure(settings, given)
    acme.facts, acme.codes = {"sub": "7", **facts}, 0
    sent = client.post("/accounts/oidc/acme/login/?process=login")
    state = parse_qs(urlsplit(sent["Location"]).query)["state"][0]
    assert client.get(CALLBACK, {"code": "c", "state": state}).status_code == 401
    acme.codes = 1
    assert Client().get(CALLBACK, {"code": "c", "state": state}).status_code == 401
    assert client.get(CALLBACK, {"code": "c", "state": state}).status_code == 401
    assert not User.objects.exists()


def test_a_closed_site_takes_nobody_new_and_lets_in_whoever_is_there(client, acme, settings, given):
    facts = {"preferred_username": "ada", "email": "ada@acme.example", "email_verified": True}
    come(client, acme, settings, given, **facts)
    settings.SIGNUP = "closed"
    again = Client()
    come(again, acme, settings, given, **facts)
    assert signed_in(again) == "ada"
    acme.facts = {}
    page = come(Client(), acme, settings, given, **{**facts, "sub": "8"})
    assert "Sign-up is closed" in page.content.decode()


def test_an_address_of_another_domain_is_explained_on_the_form(client, acme, settings, given):
    settings.EMAIL_DOMAINS = ["acme.example"]
    facts = {"preferred_username": "ada", "email": "ada@else.example", "email_verified": True}
    sent = come(client, acme, settings, given, **facts)
    assert sent["Location"] == "/accounts/3rdparty/signup/"
    page = client.get(sent["Location"]).content.decode()
    assert "no address that is taken here; write one of acme.example that you read" in page
    assert not User.objects.exists()
