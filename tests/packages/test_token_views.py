"""People make their tokens on a page of their own."""

from __future__ import annotations

import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts import tokens
from accounts.actors import SYSTEM
from accounts.models import ApiToken, AuditEvent
from packages.models import Role
from tests.factories.index import project
from tests.factories.people import UserFactory

pytestmark = pytest.mark.django_db
ADDRESS = "/accounts/tokens/"
PASSWORD = "correct horse battery staple"
FORM = {"name": "CI", "actions": ["upload"], "lifetime": "30"}


@pytest.fixture
def user():
    user = UserFactory()
    user.set_password(PASSWORD)
    user.save()
    return user


@pytest.fixture
def browser(user) -> Client:
    """Somebody who has just confirmed his password."""
    client = Client()
    client.force_login(user)
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    return client


def shown(response) -> str:
    return re.search(r"gate-[A-Za-z0-9]{55}", response.content.decode())[0]


def test_a_stranger_is_sent_to_sign_in(client):
    assert client.get(ADDRESS)["Location"] == f"/accounts/login/?next={ADDRESS}"


def test_a_new_token_is_shown_once_and_works(browser, user):
    page = browser.post(ADDRESS, FORM)
    assert page.status_code == 200
    assert "no-store" in page["Cache-Control"]
    token = tokens.verify(shown(page))
    assert (token.user, token.name, token.actions) == (user, "CI", ["upload"])
    assert not token.limited
    listing = browser.get(ADDRESS).content.decode()
    assert token.identifier in listing
    assert shown(page) not in listing


def test_a_token_for_some_projects(browser, user):
    mine, other = project("mine"), project("other")
    Role.objects.create(project=mine, user=user, kind="owner")
    page = browser.post(ADDRESS, FORM | {"projects": [mine.pk]})
    token = tokens.verify(shown(page))
    assert token.limited
    assert [item.project for item in token.projects.all()] == [mine]
    refused = browser.post(ADDRESS, FORM | {"projects": [other.pk]})
    assert "not one of the available choices" in refused.content.decode()


def test_networks_and_staging_are_kept(browser):
    page = browser.post(
        ADDRESS, FORM | {"networks": "192.0.2.0/24\r\n2001:db8::1", "stages_uploads": "on"}
    )
    token = tokens.verify(shown(page))
    assert token.networks == ["192.0.2.0/24", "2001:db8::1/128"]
    assert token.stages_uploads


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"name": ""}, "This field is required"),
        ({"actions": []}, "This field is required"),
        ({"actions": ["fly"]}, "not one of the available choices"),
        ({"lifetime": "-1"}, "not one of the available choices"),
        ({"networks": "example.org"}, "give addresses or networks"),
    ],
)
def test_what_is_wrong_is_said_beside_the_form_and_nothing_is_made(browser, change, sentence):
    page = browser.post(ADDRESS, FORM | change)
    assert sentence in page.content.decode()
    assert not ApiToken.objects.exists()


def test_a_token_without_end(browser):
    token = tokens.verify(shown(browser.post(ADDRESS, FORM | {"lifetime": ""})))
    assert token.expires_at is None


def test_making_a_token_asks_for_the_password_of_a_session_that_is_old(user):
    client = Client()
    client.force_login(user)
    assert client.get(ADDRESS).status_code == 200
    answer = client.post(ADDRESS, FORM)
    assert answer.status_code == 302
    assert answer["Location"].startswith("/accounts/reauthenticate/")
    assert not ApiToken.objects.exists()
    page = client.post(answer["Location"], {"password": PASSWORD})
    assert tokens.verify(shown(page)).name == "CI"  # what was typed before is not lost


def test_without_a_verified_address_there_is_no_form():
    user = UserFactory(verified=False)
    client = Client()
    client.force_login(user)
    page = client.get(ADDRESS).content.decode()
    assert "Verify your e-mail address" in page
    assert "<form" not in page.split("<main")[1].split("</main>")[0]


def test_without_a_verified_address_no_token_is_made():
    user = UserFactory(verified=False)
    user.set_unusable_password()
    user.save()
    client = Client()
    client.force_login(user)
    assert "Verify your e-mail address" in client.post(ADDRESS, FORM).content.decode()
    assert not ApiToken.objects.exists()


def test_a_person_revokes_her_own_token_and_nobody_elses(browser, user):
    """TOB-PYPI26-11."""
    mine, text = tokens.mint(user, actor=SYSTEM, name="mine")
    other, others = tokens.mint(UserFactory(), actor=SYSTEM, name="other")
    assert browser.post(f"{ADDRESS}{mine.identifier}/revoke/").status_code == 302
    assert tokens.verify(text) is None
    assert AuditEvent.objects.get(action="token.revoke").user == user
    assert browser.post(f"{ADDRESS}{other.identifier}/revoke/").status_code == 404
    assert tokens.verify(others)
    assert browser.get(f"{ADDRESS}{mine.identifier}/revoke/").status_code == 405


def test_the_list_takes_the_same_queries_for_one_token_and_for_many(browser, user):
    def count() -> int:
        with CaptureQueriesContext(connection) as queries:
            browser.get(ADDRESS)
        return len(queries)

    tokens.mint(user, actor=SYSTEM, name="one", limited=True)
    one = count()
    for number in range(5):
        tokens.mint(user, actor=SYSTEM, name=str(number), limited=True)
    assert count() == one
