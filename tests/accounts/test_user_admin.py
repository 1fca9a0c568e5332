"""The accounts in the admin: staff helps people, and raises nobody."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Permission
from django.test import Client

from tests.factories.people import AdministratorFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def clerk():
    """Somebody of the staff who may change accounts."""
    clerk = UserFactory(is_staff=True)
    names = ("view_user", "change_user", "delete_user")
    clerk.user_permissions.set(Permission.objects.filter(codename__in=names))
    return clerk


@pytest.fixture
def browser(clerk):
    browser = Client()
    browser.force_login(clerk)
    return browser


def address(user, page="change"):
    return f"/admin/accounts/user/{user.pk}/{page}/"


def test_staff_changes_a_person_but_gives_no_powers(browser):
    person = UserFactory()
    page = browser.get(address(person))
    assert page.status_code == 200
    for field in ("is_staff", "is_superuser", "groups", "user_permissions"):
        assert f'name="{field}"' not in page.content.decode()
    form = {"username": person.username, "first_name": "Ada", "is_active": "on"}
    answer = browser.post(address(person), {**form, "is_superuser": "on", "is_staff": "on"})
    assert answer.status_code == 302
    person.refresh_from_db()
    assert (person.first_name, person.is_superuser, person.is_staff) == ("Ada", False, False)


@pytest.mark.parametrize("page", ["change", "password", "delete"])
def test_staff_touches_neither_administrators_nor_itself(browser, clerk, page):
    for user in (AdministratorFactory(), clerk):
        answer = browser.post(address(user, page), {"is_superuser": "on", "post": "yes"})
        assert answer.status_code == 403
        user.refresh_from_db()
    assert not clerk.is_superuser


def test_an_administrator_gives_powers():
    browser, person = Client(), UserFactory()
    browser.force_login(AdministratorFactory())
    form = {"username": person.username, "is_active": "on", "is_staff": "on"}
    assert browser.post(address(person), form).status_code == 302
    person.refresh_from_db()
    assert person.is_staff
