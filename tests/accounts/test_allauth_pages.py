"""Every page that allauth brings along is one of ours: layout, title, heading, nothing inline."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from allauth.socialaccount.models import SocialAccount
from allauth.urls import urlpatterns
from django.test import Client
from django.urls import URLResolver, reverse

from accounts.models import User
from tests.factories.keys import make_key
from tests.factories.people import UserFactory

PASSWORD = "correct horse battery staple"
OUT = {
    "account_login": "/accounts/login/",
    "account_signup": "/accounts/signup/",
    "account_signup_by_passkey": "/accounts/signup/passkey/",
    "account_inactive": "/accounts/inactive/",
    "account_reset_password": "/accounts/password/reset/",
    "account_reset_password_done": "/accounts/password/reset/done/",
    "account_reset_password_from_key_done": "/accounts/password/reset/key/done/",
    "account_reset_password_from_key": "/accounts/password/reset/key/1-broken/",
    "socialaccount_login_cancelled": "/accounts/3rdparty/login/cancelled/",
    "socialaccount_login_error": "/accounts/3rdparty/login/error/",
    "github_login": "/accounts/github/login/",
    "github_callback": "/accounts/github/login/callback/?state=forged&code=1",
    "openid_connect_login": "/accounts/oidc/keycloak/login/",
    "openid_connect_callback": "/accounts/oidc/keycloak/login/callback/?state=forged&code=1",
}
IN = {
    "account_logout": "/accounts/logout/",
    "account_email": "/accounts/email/",
    "account_change_password": "/accounts/password/change/",
    "account_reauthenticate": "/accounts/reauthenticate/",
    "socialaccount_connections": "/accounts/3rdparty/",
    "mfa_index": "/accounts/2fa/",
    "mfa_activate_totp": "/accounts/2fa/totp/activate/",
    "mfa_list_webauthn": "/accounts/2fa/webauthn/",
    "mfa_add_webauthn": "/accounts/2fa/webauthn/add/",
    "usersessions_list": "/accounts/sessions/",
}
WITH_FACTORS = {
    "mfa_index": "/accounts/2fa/",
    "mfa_deactivate_totp": "/accounts/2fa/totp/deactivate/",
    "mfa_view_recovery_codes": "/accounts/2fa/recovery-codes/",
    "mfa_generate_recovery_codes": "/accounts/2fa/recovery-codes/generate/",
    "mfa_reauthenticate": "/accounts/2fa/reauthenticate/",
    "mfa_reauthenticate_webauthn": "/accounts/2fa/webauthn/reauthenticate/",
    "mfa_list_webauthn": "/accounts/2fa/webauthn/",
    "mfa_remove_webauthn": "/accounts/2fa/webauthn/keys/{key}/remove/",
    "mfa_edit_webauthn": "/accounts/2fa/webauthn/keys/{key}/edit/",
    "socialaccount_connections": "/accounts/3rdparty/",
}
# Steps of signing in and up, each with a test of its own below.
STEPS = {
    "account_email_verification_sent",
    "account_set_password",
    "mfa_authenticate",
    "mfa_signup_webauthn",
    "socialaccount_signup",
}
# No pages: data, a file, and a step of a way to sign in that is switched off.
NO_PAGES = {"mfa_login_webauthn", "mfa_download_recovery_codes", "account_confirm_login_code"}

pytestmark = pytest.mark.django_db


def names(patterns) -> set[str | None]:
    found: set[str | None] = set()
    for pattern in patterns:
        nested = isinstance(pattern, URLResolver)
        found |= names(pattern.url_patterns) if nested else {pattern.name}
    return found - {None}


def test_every_page_of_allauth_is_looked_at_here():
    known = {*OUT, *IN, *WITH_FACTORS, *STEPS, *NO_PAGES}
    assert names(urlpatterns) == known


class Page(HTMLParser):
    """What a page is made of."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def inline(self) -> list[tuple[str, dict[str, str | None]]]:
        return [
            (tag, attributes)
            for tag, attributes in self.tags
            if "style" in attributes
            or tag == "style"
            or any(name.startswith("on") for name in attributes)
            or (
                tag == "script"
                and "src" not in attributes
                and attributes.get("type") != "application/json"
            )
        ]


def require_ours(response) -> str:
    """The page has our layout, a title, one heading, and nothing that the CSP forbids."""
    assert response.status_code in (200, 401, 429)
    text = response.content.decode()
    page = Page(text)
    title = re.search(r"<title>(.*?)</title>", text, re.DOTALL)[1].split("·")
    assert len(title) == 2
    assert title[0].strip()
    headings = re.findall(r"<h1[^>]*>(.*?)</h1>", text, re.DOTALL)
    assert len(headings) == 1
    assert headings[0].strip()
    assert page.inline() == []
    assert 'class="masthead"' in text
    assert '<main id="main"' in text
    assert "css/gatehouse" in text
    assert "script-src 'self'" in response["Content-Security-Policy"]
    assert "unsafe" not in response["Content-Security-Policy"]
    return text


@pytest.fixture(autouse=True)
def _providers(settings):
    app = {"client_id": "id", "secret": "hush"}
    keycloak = app | {"provider_id": "keycloak", "name": "Keycloak", "settings": {}}
    settings.SOCIALACCOUNT_PROVIDERS = {
        "github": {"APPS": [app]},
        "openid_connect": {"APPS": [keycloak]},
    }


@pytest.fixture
def user() -> User:
    user = UserFactory()
    user.set_password(PASSWORD)
    user.save()
    return user


@pytest.fixture
def browser(client, user) -> Client:
    client.force_login(user)
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    return client


@pytest.fixture
def key(user) -> Authenticator:
    TOTP.activate(user, generate_totp_secret())
    RecoveryCodes.activate(user)
    SocialAccount.objects.create(user=user, provider="github", uid="1")
    return make_key(user)


@pytest.mark.parametrize("address", OUT.values(), ids=OUT)
def test_a_stranger_sees_a_page_of_ours(client, address):
    require_ours(client.get(address))


@pytest.mark.parametrize("address", IN.values(), ids=IN)
def test_somebody_signed_in_sees_a_page_of_ours(browser, address):
    require_ours(browser.get(address))


@pytest.mark.parametrize("address", WITH_FACTORS.values(), ids=WITH_FACTORS)
def test_somebody_with_factors_sees_a_page_of_ours(browser, key, address):
    require_ours(browser.get(address.format(key=key.pk)))


def test_the_second_step_of_signing_in_is_a_page_of_ours(client, user, key):
    sent = client.post("/accounts/login/", {"login": user.username, "password": PASSWORD})
    assert sent["Location"] == reverse("mfa_authenticate")
    assert "Use a security key" in require_ours(client.get(sent["Location"]))


def test_the_steps_of_signing_up_with_a_passkey_are_pages_of_ours(client, mailoutbox):
    fields = {"username": "alice", "email": "alice@example.org"}
    sent = client.post("/accounts/signup/passkey/", fields)
    require_ours(client.get(sent["Location"]))
    code = re.search(r"^[A-Z0-9-]{6,}$", mailoutbox[0].body, re.MULTILINE)[0]
    sent = client.post(sent["Location"], {"code": code})
    assert sent["Location"] == reverse("mfa_signup_webauthn")
    require_ours(client.get(sent["Location"]))


def test_the_step_of_choosing_a_password_is_a_page_of_ours(client):
    client.force_login(UserFactory())
    require_ours(client.get("/accounts/password/set/"))


def test_a_form_with_errors_is_a_page_of_ours(client):
    require_ours(client.post("/accounts/login/", {"login": "nobody", "password": "x"}))
    require_ours(client.post("/accounts/signup/", {"username": "-", "email": "x"}))


def test_too_many_requests_are_answered_by_a_page_of_ours(client, settings):
    settings.ACCOUNT_RATE_LIMITS = {"login": "1/m/ip"}
    for _ in range(2):
        response = client.post("/accounts/login/", {"login": "nobody", "password": "x"})
    assert response.status_code == 429
    require_ours(response)
