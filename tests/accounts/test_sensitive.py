"""Sensitive changes ask again who it is; the documentation lists every one."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.test import Client
from django.urls import URLResolver, get_resolver

from accounts.models import ApiToken
from packages.models import Invitation, Role
from tests.factories.index import project
from tests.factories.people import UserFactory

PASSWORD = "correct horse battery staple"
DOCUMENT = Path(__file__).parents[2] / "docs" / "sign-in.md"

pytestmark = pytest.mark.django_db


def views(patterns):
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            yield from views(pattern.url_patterns)
        elif getattr(pattern.callback, "wants_confirmation", False):
            yield pattern.name


def test_every_sensitive_page_is_listed_and_no_other():
    section = DOCUMENT.read_text().split("## Asked again")[1].split("\n## ")[0]
    rows = re.findall(r"^\| (`.*?`) \|", section, re.MULTILINE)
    listed = {name for row in rows for name in re.findall(r"`([\w-]+)`", row)}
    assert listed == set(views(get_resolver().url_patterns))


@pytest.fixture
def owner():
    owner = UserFactory()
    owner.set_password(PASSWORD)
    owner.save()
    Role.objects.create(project=project(), user=owner, kind="owner")
    return owner


def test_a_session_alone_does_not_suffice_and_the_change_follows_the_password(owner):
    browser = Client()
    browser.force_login(owner)
    form = {"recipient": "somebody", "kind": "maintainer"}
    asked = browser.post("/project/demo/people/invite/", form)
    assert asked["Location"].startswith("/accounts/reauthenticate/?next=")
    assert not Invitation.objects.exists()
    wrong = browser.post(asked["Location"], {"password": "wrong"})
    assert wrong.status_code == 200
    browser.post(asked["Location"], {"password": PASSWORD})
    assert Invitation.objects.get().recipient == "somebody"


@pytest.mark.parametrize(
    ("address", "form"),
    [
        ("/accounts/tokens/", {"name": "CI", "actions": ["upload"], "lifetime": "30"}),
        ("/project/demo/settings/delete/", {"confirm": "demo", "reason": "Over."}),
        ("/project/demo/settings/rename/", {"name": "other"}),
        ("/accounts/email/", {"action_add": "", "email": "other@example.org"}),
        ("/accounts/2fa/totp/activate/", {"code": "123456"}),
        ("/accounts/2fa/recovery-codes/generate/", {}),
    ],
)
def test_each_asks_for_the_password_first(owner, address, form):
    browser = Client()
    browser.force_login(owner)
    assert browser.post(address, form)["Location"].startswith("/accounts/reauthenticate/")
    assert not ApiToken.objects.exists()


def test_looking_is_not_changing(owner):
    browser = Client()
    browser.force_login(owner)
    for address in ("/accounts/tokens/", "/project/demo/people/", "/project/demo/settings/"):
        assert browser.get(address).status_code == 200


def test_a_confirmation_is_good_for_a_while_only(owner, settings):
    settings.ACCOUNT_REAUTHENTICATION_TIMEOUT = 0
    browser = Client()
    browser.force_login(owner)
    browser.post("/accounts/reauthenticate/", {"password": PASSWORD})
    sent = browser.post(
        "/accounts/tokens/", {"name": "CI", "actions": ["upload"], "lifetime": "30"}
    )
    assert sent["Location"].startswith("/accounts/reauthenticate/")
