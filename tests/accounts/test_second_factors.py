"""Where a second factor is wanted: of staff, and to upload; and how it is kept."""

from __future__ import annotations

import json

import pytest
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, generate_totp_secret, hotp_value
from cryptography.fernet import InvalidToken
from django.core.cache import cache
from django.db import connection

from accounts import second_factors, secrets
from accounts.actors import Actor
from accounts.models import AuditEvent, User
from packages.models import Stage
from pypi_site.lib.problems import Problem
from tests.factories.dists import make_wheel
from tests.factories.index import submit
from tests.factories.keys import make_key
from tests.factories.people import (
    AdministratorFactory,
    ModeratorFactory,
    UserFactory,
    token_for,
)
from tests.protocol.clients import form, upload_headers

pytestmark = pytest.mark.django_db


def give_app(user: User) -> str:
    secret = generate_totp_secret()
    TOTP.activate(user, secret)
    return secret


def test_an_app_or_a_key_counts_and_nothing_else():
    user, other = UserFactory(), UserFactory()
    assert not second_factors.has_one(user)
    give_app(user)
    make_key(other)
    assert second_factors.has_one(user)
    assert second_factors.has_one(other)


def test_staff_without_a_factor_is_led_to_add_one(client, settings):
    settings.SECOND_FACTOR_FOR_STAFF = True
    keeper = AdministratorFactory()
    client.force_login(keeper)
    for address in ("/admin/", "/admin/accounts/user/", "/admin/moderation/prohibitedname/add/"):
        assert client.get(address)["Location"] == "/accounts/2fa/"
    page = client.get("/accounts/2fa/").content.decode()
    assert "The administration wants a second factor" in page
    give_app(keeper)
    assert client.get("/admin/").status_code == 200


def test_no_power_of_staff_works_without_a_factor_elsewhere_either(settings):
    settings.SECOND_FACTOR_FOR_STAFF = True
    moderator = ModeratorFactory()
    decide = "moderation.decide_heldupload"
    assert moderator.has_perm(decide)
    assert not Actor(user=moderator).may(decide)
    give_app(moderator)
    assert Actor(user=moderator).may(decide)
    settings.SECOND_FACTOR_FOR_STAFF = False
    assert Actor(user=ModeratorFactory()).may(decide)


def test_other_people_are_sent_away_from_the_admin_as_before(client, settings):
    settings.SECOND_FACTOR_FOR_STAFF = True
    client.force_login(UserFactory())
    assert client.get("/admin/accounts/user/").status_code in (302, 403)


def test_uploads_of_people_without_a_factor_are_refused_with_the_way_to_one(settings):
    settings.SECOND_FACTOR_TO_UPLOAD = True
    user = UserFactory()
    with pytest.raises(second_factors.SecondFactorNeeded) as refused:
        submit(user)
    problem: Problem = refused.value
    assert (problem.status, problem.code) == (403, "second-factor-needed")
    assert problem.detail == (
        f"{user.username} has no second factor; set one up at"
        " http://127.0.0.1:8000/accounts/2fa/, then upload again."
    )
    assert not Stage.objects.exists()
    make_key(user)
    assert submit(user).project.name == "demo"


@pytest.mark.parametrize("path", ["/legacy/", "/upload/2.0/"])
def test_a_refused_upload_is_in_the_trail_of_its_person(client, settings, tmp_path, path):
    settings.SECOND_FACTOR_TO_UPLOAD = True
    user = UserFactory()
    token = token_for(user)
    for _ in range(2):
        assert try_to_upload(client, token, tmp_path, path).status_code == 403
    event = AuditEvent.objects.get(action="factor.need")
    assert (event.user, event.person, event.address) == (user, user, "127.0.0.1")
    assert event.after == {"wanted_for": "upload"}
    make_key(user)
    assert try_to_upload(client, token, tmp_path, path).status_code in (200, 201, 202)


def try_to_upload(client, token, folder, path):
    wheel = make_wheel(folder, name="demo", version="1.0")
    headers = upload_headers(token)
    given = {"HTTP_AUTHORIZATION": headers["Authorization"]}
    if path == "/legacy/":
        body, kind = form(wheel, {"name": "demo"}), headers["Content-Type"]
    else:
        kind = "application/vnd.pypi.upload.v2+json"
        meta = {"api-version": "2.0"}
        body = json.dumps({"meta": meta, "name": "demo", "version": "1.0"})
        given["HTTP_ACCEPT"] = kind
    return client.post(path, body, content_type=kind, **given)


def test_staff_that_the_administration_refuses_reads_it_in_the_trail(client, settings):
    settings.SECOND_FACTOR_FOR_STAFF = True
    staff = AdministratorFactory()
    client.force_login(staff)
    for _ in range(2):
        client.get("/admin/")
    event = AuditEvent.objects.get(action="factor.need")
    assert (event.person, event.after) == (staff, {"wanted_for": "administration"})


def test_the_seed_of_an_app_is_sealed_and_opens_with_an_older_key(settings):
    user = UserFactory()
    secret = give_app(user)
    stored = user.authenticator_set.get().data["secret"]
    assert secret not in stored
    assert secrets.unseal(stored) == secret
    settings.SECRET_KEY_FALLBACKS, settings.SECRET_KEY = [settings.SECRET_KEY], "another"
    assert secrets.unseal(stored) == secret
    settings.SECRET_KEY_FALLBACKS = []
    with pytest.raises(InvalidToken):
        secrets.unseal(stored)


def test_a_code_is_good_once_for_as_long_as_any_clock_takes_it(client, monkeypatch):
    """A code is taken a step early and late; it must not be taken again in any of the three.

    Nor with a space in it (TOB-PYPI26-9).
    """
    user = UserFactory()
    user.set_password("correct horse battery staple")
    user.save()
    secret = give_app(user)
    now = 1_800_000_015
    code = format_hotp_value(hotp_value(secret, now // 30))
    results: list[int] = []
    for seconds, text in ((-30, code), (0, code), (29, f"{code[:3]} {code[3:]}"), (44, code)):
        monkeypatch.setattr("allauth.mfa.totp.internal.auth.time.time", lambda s=seconds: now + s)
        forget_what_allauth_remembers()
        client.logout()
        sent = client.post(
            "/accounts/login/", {"login": user.username, "password": "correct horse battery staple"}
        )
        assert sent["Location"] == "/accounts/2fa/authenticate/"
        answer = client.post(sent["Location"], {"code": text})
        results.append(answer.status_code)
    assert results == [302, 200, 200, 200]


def forget_what_allauth_remembers() -> None:
    """allauth forgets a code after 30 seconds; so let it forget at once."""
    for key in list_keys("allauth.mfa.totp.used"):
        cache.delete(key)


def list_keys(prefix: str) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT cache_key FROM pypi_site_cache WHERE cache_key LIKE %s", [f":1:{prefix}%"]
        )
        return [row[0].removeprefix(":1:") for row in cursor.fetchall()]
