"""What auditors and incidents found at the other index, tried here (docs/audits.md)."""

from __future__ import annotations

import re

import pytest
from allauth.mfa.models import Authenticator
from django.core import mail
from django.core.cache import cache
from django.test import Client

from accounts import people, tokens
from accounts.actors import SYSTEM, Actor
from accounts.models import AuditEvent
from packages import access, reach
from packages.models import Invitation, Team, TeamMember, TeamRole
from pypi_site.lib.problems import Problem
from search.suggestions import suggest
from tests.factories import index
from tests.factories.keys import make_key
from tests.factories.people import AdministratorFactory, UserFactory, token_for

pytestmark = pytest.mark.django_db
PASSWORD, BETTER = "a long sentence 4 gates", "another sentence 4 gates"


@pytest.fixture(autouse=True)
def empty_cache():
    cache.clear()


def with_password(user):
    user.set_password(PASSWORD)
    user.save()
    return user


# -- the second audit ------------------------------------------------------------------------------


def test_the_end_of_a_token_stands_in_both_trails_tob_pypi26_4(client):
    project = index.project()
    owner = project.roles.get().user
    token, _ = tokens.mint(owner, actor=SYSTEM, name="laptop", limited=True)
    reach.limit_token(token, [project])
    client.force_login(owner)
    client.post(f"/accounts/tokens/{token.identifier}/revoke/")
    event = AuditEvent.objects.get(action="token.revoke")
    assert event in AuditEvent.objects.of_person(owner)
    assert "An API token was revoked" in client.get("/project/demo/history/").content.decode()
    assert "An API token was revoked" in client.get("/accounts/history/").content.decode()


def test_a_reset_tells_nobody_who_has_powers_tob_pypi26_5(client):
    answers = set()
    for user in (UserFactory(), UserFactory(is_staff=True), AdministratorFactory()):
        asked = client.post("/accounts/password/reset/", {"email": user.email}, follow=True)
        address = mail.outbox.pop().body.partition("http://testserver")[2].split()[0]
        page = client.get(address, follow=True)
        text = re.sub(r'value="\w+"|key/[\w-]+', "", page.content.decode())
        answers.add((asked.status_code, asked.request["PATH_INFO"], page.status_code, text))
    assert len(answers) == 1


def test_whom_we_shut_out_is_shut_out_of_every_door_tob_pypi26_6(client, tmp_path):
    user = with_password(UserFactory())
    text = token_for(user)
    client.force_login(user)
    people.freeze(user, actor=SYSTEM, reason="abuse")
    assert client.get("/accounts/tokens/").status_code == 302
    for scheme in ("Bearer", "Token"):
        headers = {"authorization": f"{scheme} {text}"}
        assert client.post("/legacy/", headers=headers).status_code in (401, 403)
        assert client.get("/api/v1/account/events/", headers=headers).status_code in (401, 403)
    login = client.post("/accounts/login/", {"login": user.username, "password": PASSWORD})
    assert login["Location"] == "/accounts/inactive/"


@pytest.mark.parametrize("kind", ["maintainer", "reader", "a team's maintainer", "none"])
def test_only_owners_invite_whatever_else_the_page_shows_tob_pypi26_8(client, kind):
    project, user = index.project(), UserFactory()
    if kind == "a team's maintainer":
        add_to_team(user, project)
    elif kind != "none":
        project.roles.create(user=user, kind=kind)
    client.force_login(user)
    form = {"recipient": "accomplice", "kind": "owner"}
    assert client.post("/project/demo/people/invite/", form).status_code in (403, 404)
    assert not Invitation.objects.exists()


def test_what_a_team_lost_its_members_lose_at_once_tob_pypi26_13():
    project, user = index.project(), UserFactory()
    role, _ = add_to_team(user, project)
    assert access.project_to_upload(Actor(user), "demo") == project
    role.delete()
    with pytest.raises(Problem):
        access.project_to_upload(Actor(user), "demo")


def test_who_left_a_team_has_nothing_of_it_any_more_inc_1():
    """Privileges of a team that outlived the membership (April 2025)."""
    project, user = index.project(), UserFactory()
    _, member = add_to_team(user, project)
    token = tokens.mint(user, actor=SYSTEM, name="kept")[0]
    assert access.project_to_upload(Actor(user, token), "demo") == project
    member.delete()
    for actor in (Actor(user), Actor(user, token)):
        with pytest.raises(Problem):
            access.project_to_upload(actor, "demo")


def add_to_team(user, project):
    team = Team.objects.create(name="crew")
    member = TeamMember.objects.create(team=team, user=user, kind="member")
    return TeamRole.objects.create(team=team, project=project, kind="maintainer"), member


# -- the first audit -------------------------------------------------------------------------------


def test_letters_to_one_address_are_few_whoever_asks_for_them_tob_pypi_4():
    user = UserFactory()
    for number in range(9):
        asking = Client(REMOTE_ADDR=f"198.51.100.{number}")
        asking.post("/accounts/password/reset/", {"email": user.email})
    assert len(mail.outbox) <= 5


@pytest.mark.parametrize(
    "path", ["/sitemap.xml", "/opensearch.xml", "/rss/updates.xml", "/feeds/releases.atom"]
)
def test_xml_may_run_nothing_tob_pypi_8(client, path):
    index.project()
    policy = client.get(path)["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy


@pytest.mark.parametrize("path", ["/", "/project/demo/", "/accounts/login/", "/admin/login/"])
def test_pages_ask_for_no_camera_tob_pypi_9(client, path):
    index.project()
    policy = client.get(path, follow=True)["Permissions-Policy"]
    assert "camera=()" in policy
    assert "publickey-credentials-get=(self)" in policy


def test_the_digest_of_one_thing_finds_no_other_tob_pypi_10(client):
    """A file is found by digest and name, its metadata by the file, and neither by the other's."""
    file = index.published_file()
    where = f"/files/{file.sha256}/{file.filename}"
    assert client.get(where).status_code == client.get(f"{where}.metadata").status_code == 200
    swapped = where.replace(file.sha256, file.metadata_sha256)
    assert swapped != where
    assert client.get(swapped).status_code == client.get(f"{swapped}.metadata").status_code == 404


@pytest.mark.parametrize("text", ["%", "_", "%%%%", "d%o", "d_mo"])
def test_no_wildcard_walks_through_a_table_tob_pypi_29(client, text):
    index.project()
    assert [item.text for item in suggest(text)] == []
    found = client.get("/api/v1/search/", {"q": text}).json()
    assert found.get("results", []) == []


# -- incidents -------------------------------------------------------------------------------------


def test_a_letter_alone_opens_no_account_with_a_second_factor_inc_5(client):
    """Whoever buys the lapsed domain of somebody's address can reset the password (August 2025)."""
    user = with_password(UserFactory())
    make_key(user)
    client.post("/accounts/password/reset/", {"email": user.email})
    link = mail.outbox[-1].body.partition("http://testserver")[2].split()[0]
    page = client.get(link, follow=True)
    form = {"password1": BETTER, "password2": BETTER}
    client.post(page.redirect_chain[-1][0], form)
    login = client.post("/accounts/login/", {"login": user.username, "password": BETTER})
    assert login["Location"] == "/accounts/2fa/authenticate/"
    assert client.get("/accounts/tokens/").status_code == 302
    assert Authenticator.objects.filter(user=user).exists()
