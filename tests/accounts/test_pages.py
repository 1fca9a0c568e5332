"""Signing up, signing in, and the accounts in the admin."""

from __future__ import annotations

import re

import pytest
from django.core.cache import cache
from django.test import Client

from accounts import tokens
from accounts.actors import SYSTEM
from accounts.models import ApiToken, AuditEvent, User
from tests.factories.people import AdministratorFactory, UserFactory, token_for

PASSWORD = "correct horse battery staple"

pytestmark = pytest.mark.django_db


def sign_up(client, username="alice", email="alice@example.org", password=PASSWORD):
    fields = {"username": username, "email": email, "password1": password, "password2": password}
    return client.post("/accounts/signup/", fields)


def test_somebody_signs_up_verifies_his_address_and_signs_in(client, mailoutbox):
    assert sign_up(client).status_code == 302
    assert User.objects.get().verified_email is None
    code = re.search(r"^[A-Z0-9]{3,}-?[A-Z0-9]{3,}$", mailoutbox[0].body, re.MULTILINE)[0]
    confirmed = client.post("/accounts/confirm-email/", {"code": code})
    assert (confirmed.status_code, confirmed["Location"]) == (302, "/")
    assert User.objects.get().verified_email == "alice@example.org"
    signed_in = Client().post("/accounts/login/", {"login": "Alice", "password": PASSWORD})
    assert (signed_in.status_code, signed_in["Location"]) == (302, "/")


def test_nobody_signs_in_before_his_address_is_verified(client):
    sign_up(client)
    cache.clear()  # another code is not sent within ten seconds
    fresh = Client()
    response = fresh.post("/accounts/login/", {"login": "alice", "password": PASSWORD})
    assert response["Location"] == "/accounts/confirm-email/"
    assert "_auth_user_id" not in fresh.session


@pytest.mark.parametrize(
    "username",
    ["ALICE", "__token__", "admin", "Root", "-alice", "alice.", "a b", "älice", "a" * 51],
)
def test_a_user_name_that_cannot_be_had_is_refused_on_the_page(client, username):
    UserFactory(username="alice")
    response = sign_up(client, username, "other@example.org")
    assert response.status_code == 200
    assert response.context["form"].errors["username"]
    assert User.objects.count() == 1


@pytest.mark.parametrize("password", ["short", "alice@example.org", "123456789012", "password1234"])
def test_a_weak_password_is_refused_on_the_page(client, password):
    response = sign_up(client, password=password)
    assert response.status_code == 200
    assert not User.objects.exists()


def test_an_address_that_somebody_has_is_not_told_to_strangers(client, mailoutbox):
    other = UserFactory()
    response = sign_up(client, email=other.email)
    assert response["Location"] == "/accounts/confirm-email/"
    assert User.objects.count() == 1
    assert [mail.to for mail in mailoutbox] == [[other.email]]


def test_closed_sign_up_says_so_and_takes_nobody(client, settings):
    settings.SIGNUP = "closed"
    page = client.get("/accounts/signup/")
    assert page.status_code == 200
    assert b"closed" in page.content.lower()
    sign_up(client)
    assert not User.objects.exists()


@pytest.mark.parametrize("page", ["login", "signup", "password/reset", "confirm-email", "logout"])
def test_the_pages_of_strangers_answer(client, page):
    assert client.get(f"/accounts/{page}/").status_code in (200, 302)


@pytest.mark.parametrize("page", ["email", "password/change", "logout", "3rdparty"])
def test_the_pages_of_people_answer(client, page):
    user = UserFactory()
    user.set_password(PASSWORD)
    user.save()
    client.force_login(user)
    assert client.get(f"/accounts/{page}/").status_code == 200


def test_a_wrong_password_signs_nobody_in(client):
    user = UserFactory(username="alice")
    user.set_password(PASSWORD)
    user.save()
    response = client.post("/accounts/login/", {"login": "alice", "password": "wrong"})
    assert response.status_code == 200
    assert "_auth_user_id" not in client.session


# -- the admin -----------------------------------------------------------------------------------


def act(client, model, name, items, **fields):
    chosen = {"action": name, "_selected_action": [item.pk for item in items], **fields}
    return client.post(f"/admin/accounts/{model}/", chosen, follow=True)


@pytest.fixture
def desk(client):
    client.force_login(AdministratorFactory())
    return client


@pytest.mark.parametrize("model", ["user", "apitoken", "auditevent"])
def test_an_administrator_sees_the_lists(desk, model):
    token_for(UserFactory())
    assert desk.get(f"/admin/accounts/{model}/").status_code == 200


def test_an_administrator_adds_a_user_and_opens_his_page(desk):
    fields = {"username": "bob", "usable_password": "true"}
    fields |= {"password1": PASSWORD, "password2": PASSWORD}
    assert desk.get("/admin/accounts/user/add/").status_code == 200
    added = desk.post("/admin/accounts/user/add/", fields)
    bob = User.objects.get(username="bob")
    assert added["Location"] == f"/admin/accounts/user/{bob.pk}/change/"
    assert desk.get(added["Location"]).status_code == 200


def test_trust_is_given_in_the_admin_with_a_reason(desk):
    user = UserFactory()
    asked = act(desk, "user", "trust", [user])
    assert b'name="reason"' in asked.content
    assert User.objects.get(pk=user.pk).trusted_at is None
    told = act(desk, "user", "trust", [user], confirmed="yes", reason="I know her")
    assert f">{user}: trusted." in told.content.decode()
    assert User.objects.get(pk=user.pk).trusted_at is not None
    assert AuditEvent.objects.get(action="user.trust").reason == "I know her"


def test_trust_is_taken_back_in_the_admin(desk):
    user = UserFactory(trusted=True)
    act(desk, "user", "distrust", [user], confirmed="yes", reason="spam")
    assert User.objects.get(pk=user.pk).trusted_at is None


@pytest.mark.django_db(transaction=True)
def test_trust_in_the_admin_brings_its_own_transaction(desk):
    user = UserFactory()
    act(desk, "user", "trust", [user], confirmed="yes", reason="I know her")
    assert User.objects.get(pk=user.pk).trusted_at is not None


def test_whoever_may_only_look_at_people_trusts_nobody(client):
    from django.contrib.auth.models import Permission

    clerk, user = UserFactory(is_staff=True), UserFactory()
    clerk.user_permissions.add(Permission.objects.get(codename="view_user"))
    client.force_login(clerk)
    act(client, "user", "trust", [user], confirmed="yes", reason="I know her")
    assert User.objects.get(pk=user.pk).trusted_at is None


def test_a_token_is_revoked_in_the_admin_with_a_reason(desk):
    token, text = tokens.mint(UserFactory(), actor=SYSTEM, name="laptop")
    act(desk, "apitoken", "revoke", [token], confirmed="yes", reason="leaked")
    assert tokens.verify(text) is None
    assert AuditEvent.objects.get(action="token.revoke").reason == "leaked"


def test_the_admin_shows_no_digest_and_changes_no_token(desk):
    token, _ = tokens.mint(UserFactory(), actor=SYSTEM, name="laptop")
    address = f"/admin/accounts/apitoken/{token.pk}/change/"
    page = desk.get(address)
    assert page.status_code == 200
    assert token.digest.encode() not in page.content
    assert desk.post(address, {"name": "other"}).status_code == 403
    assert ApiToken.objects.get().name == "laptop"


def test_a_reason_may_hold_any_character_that_a_form_can_send(desk):
    user = UserFactory()
    told = act(desk, "user", "trust", [user], confirmed="yes", reason="a\0b ü \x07 😀")
    assert told.status_code == 200
    assert "ü" in AuditEvent.objects.get(action="user.trust").reason


def test_strangers_and_ordinary_people_are_sent_away_from_the_admin(client):
    sent = client.get("/admin/")
    assert sent["Location"].startswith("/admin/login/")
    assert client.get(sent["Location"])["Location"].startswith("/accounts/login/")
    client.force_login(UserFactory())
    assert client.get("/admin/accounts/user/").status_code in (302, 403)
