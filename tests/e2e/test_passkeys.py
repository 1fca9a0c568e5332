"""Second factors in a real browser: a virtual authenticator, an authenticator app, our CSP."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.core.cache import cache
from playwright.sync_api import Browser, Page, expect

from accounts.models import User
from tests.e2e.browsers import CHROMIUM, complain, launched

PASSWORD = "correct horse battery staple"
KEY = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.filterwarnings("ignore:No directory at"),
    pytest.mark.skipif(not CHROMIUM, reason="there is no Chromium or Chrome on this machine"),
]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with launched() as browser:
        yield browser


@pytest.fixture
def page(browser: Browser, live_server) -> Iterator[Page]:
    """A browser with a key of its own, that complains of nothing (the CSP would be a complaint)."""
    cache.clear()
    assert "localhost" in live_server.url  # where browsers offer passkeys without https
    context = browser.new_context(base_url=live_server.url)
    page = context.new_page()
    devtools = context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    devtools.send("WebAuthn.addVirtualAuthenticator", {"options": KEY})
    complaints: list[str] = []
    page.on("console", lambda message: complain(complaints, message))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page
    context.close()
    assert complaints == []


@pytest.fixture
def ann() -> User:
    ann = User.objects.create_user("ann", "ann@example.org", PASSWORD)
    EmailAddress.objects.create(user=ann, email=ann.email, verified=True, primary=True)
    return ann


def sign_in(page: Page) -> None:
    page.goto("/accounts/login/")
    page.get_by_label("Login").fill("ann")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.locator("main").get_by_role("button", name="Sign in", exact=True).click()


def confirm(page: Page) -> None:
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Confirm").click()


def sign_out(page: Page) -> None:
    page.goto("/accounts/logout/")
    page.locator("main").get_by_role("button", name="Sign Out").click()
    expect(page.get_by_role("link", name="Sign in")).to_be_visible()


def is_signed_in_as(page: Page, username: str) -> None:
    expect(page.locator(".menu__name")).to_have_text(username)


def add_key(page: Page, *, passwordless: bool) -> None:
    page.goto("/accounts/2fa/webauthn/add/")
    confirm(page)
    page.get_by_label("Name").fill("Blue key")
    if passwordless:
        page.get_by_label("Passwordless").check()
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Recovery Codes")


def test_a_passkey_is_added_and_signs_in_alone(page, ann):
    sign_in(page)
    is_signed_in_as(page, "ann")
    add_key(page, passwordless=True)
    page.goto("/accounts/2fa/webauthn/")
    expect(page.get_by_role("heading", name="Blue key Passkey")).to_be_visible()
    sign_out(page)
    page.goto("/accounts/login/")
    page.get_by_role("button", name="Sign in with a passkey").click()
    is_signed_in_as(page, "ann")
    page.goto("/accounts/sessions/")
    expect(page.locator(".device")).to_have_count(1)
    expect(page.locator(".device")).to_contain_text("on Linux")


def test_a_security_key_is_asked_for_after_the_password(page, ann):
    sign_in(page)
    add_key(page, passwordless=False)
    sign_out(page)
    sign_in(page)
    expect(page.get_by_role("heading", level=1)).to_have_text("Two-Factor Authentication")
    page.goto("/accounts/tokens/")
    expect(page.get_by_role("heading", level=1)).to_have_text("Two-Factor Authentication")
    page.get_by_role("button", name="Use a security key").click()
    is_signed_in_as(page, "ann")


def test_somebody_signs_up_with_a_passkey_and_has_no_password(page, mailoutbox):
    page.goto("/accounts/signup/")
    page.get_by_role("link", name="Sign up with a passkey instead").click()
    page.get_by_label("Username").fill("eve")
    page.get_by_label("Email").fill("eve@example.org")
    page.get_by_role("button", name="Sign Up").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Verify your e-mail address")
    code = re.search(r"^[A-Z0-9]{3,}-?[A-Z0-9]{3,}$", mailoutbox[0].body, re.MULTILINE)
    page.get_by_label("Code").fill(code[0])
    page.get_by_role("button", name="Confirm").click()
    page.get_by_role("button", name="Make the passkey").click()
    is_signed_in_as(page, "eve")
    assert not User.objects.get(username="eve").has_usable_password()
    sign_out(page)
    page.goto("/accounts/login/")
    page.get_by_role("button", name="Sign in with a passkey").click()
    is_signed_in_as(page, "eve")


def test_an_authenticator_app_is_added_and_asked_and_each_of_its_codes_is_good_once(page, ann):
    sign_in(page)
    page.goto("/accounts/2fa/totp/activate/")
    confirm(page)
    secret = page.get_by_label("Authenticator secret").input_value()
    page.get_by_label("Code").fill(code_of(secret))
    page.get_by_role("button", name="Activate").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Recovery Codes")
    sign_out(page)
    sign_in(page)
    code = code_of(secret, 1)  # of a clock that is ahead: within what is taken
    page.get_by_label("Code").fill(code)
    page.locator("main").get_by_role("button", name="Sign In").click()
    is_signed_in_as(page, "ann")
    sign_out(page)
    sign_in(page)
    for again in (code, f" {code[:3]} {code[3:]} "):
        page.get_by_label("Code").fill(again)
        page.locator("main").get_by_role("button", name="Sign In").click()
        expect(page.locator(".field__errors")).to_contain_text("Incorrect code")
    assert secret not in str(ann.authenticator_set.get(type="totp").data)


def code_of(secret: str, later: int = 0) -> str:
    return format_hotp_value(hotp_value(secret, int(time.time()) // 30 + later))
