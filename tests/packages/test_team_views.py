"""The pages of teams, and what a project's people see and do of its teams."""

from __future__ import annotations

import pytest

from accounts import tokens
from accounts.actors import SYSTEM
from packages import teams
from packages.models import Invitation, Team, TeamMember
from tests.factories import crews
from tests.factories.index import published
from tests.factories.people import UserFactory, actor, signed_in
from tests.packages.team_helpers import captain, crew, owner, project

__all__ = ["captain", "crew", "owner", "project"]  # fixtures
pytestmark = pytest.mark.django_db


def test_a_team_is_founded_filled_and_ended_on_its_pages():
    founder, person = UserFactory(), UserFactory()
    browser, theirs = signed_in(founder), signed_in(person)
    browser.post("/accounts/teams/create/", {"name": "crew", "description": "Ours"})
    assert "1 member, 0 projects" in browser.get("/accounts/teams/").content.decode()
    place = "/accounts/teams/of/crew/"
    browser.post(f"{place}invite/", {"recipient": person.username, "kind": "member"})
    assert person.username in browser.get(place).content.decode()
    assert "be member" in theirs.get("/accounts/invitations/").content.decode()
    theirs.post(f"/accounts/invitations/{Invitation.objects.get().identifier}/accept/")
    member = TeamMember.objects.get(user=person)
    assert "Leave crew" in theirs.get(place).content.decode()
    assert "Invite somebody" not in theirs.get(place).content.decode()
    browser.post(f"{place}members/{member.pk}/role/", {"on": "owner"})
    member.refresh_from_db()
    assert member.kind == "owner"
    browser.post(f"{place}describe/", {"description": "Theirs"})
    assert "Theirs" in browser.get(place).content.decode()
    left = theirs.post(f"{place}members/{member.pk}/remove/")
    assert left["Location"] == "/accounts/teams/"
    browser.post(f"{place}delete/", {"confirm": "wrong"})
    assert Team.objects.exists()
    browser.post(f"{place}delete/", {"confirm": "crew"})
    assert not Team.objects.exists()


def test_strangers_are_answered_as_if_there_were_no_team(crew):
    stranger = signed_in(UserFactory())
    pages = {stranger.get(f"/accounts/teams/of/{name}/").content for name in ("crew", "nothing")}
    assert len({page.replace(b"nothing", b"crew") for page in pages}) == 1
    for verb in ("describe", "delete", "invite", "members/1/role", "members/1/remove"):
        assert stranger.post(f"/accounts/teams/of/crew/{verb}/").status_code == 404


def test_an_invitation_to_a_team_is_withdrawn_on_its_page(crew, captain):
    invitation = teams.invite(crew, "somebody", "member", actor=actor(captain))
    address = f"/accounts/teams/of/crew/invitations/{invitation.identifier}/withdraw/"
    signed_in(captain).post(address)
    assert not Invitation.objects.open().exists()
    other = "/accounts/teams/of/crew/invitations/11111111-1111-4111-8111-111111111111/withdraw/"
    assert signed_in(captain).post(other).status_code == 404


def test_owners_of_a_project_manage_its_teams_on_the_page(crew, project, owner):
    crews.join(crew, owner)
    browser = signed_in(owner)
    browser.post("/project/demo/people/teams/grant/", {"team": "crew", "kind": "maintainer"})
    page = browser.get("/project/demo/people/").content.decode()
    assert "Every member has this role" in page
    browser.post("/project/demo/people/teams/crew/role/", {"on": "reader"})
    assert project.team_roles.get().kind == "reader"
    browser.post("/project/demo/people/teams/crew/remove/")
    assert not project.team_roles.exists()
    assert browser.post("/project/demo/people/teams/crew/remove/").status_code == 404


def test_owners_see_the_tokens_of_a_team_that_open_the_project(crew, captain, project, owner):
    crews.role(crew, project, "maintainer")
    tokens.mint(captain, actor=SYSTEM, name="the bridge")
    assert f"the bridge of {captain.username}" in (
        signed_in(owner).get("/project/demo/people/").content.decode()
    )
    seen = signed_in(captain).get("/project/demo/people/").content.decode()
    assert "the bridge" not in seen


def test_owners_of_a_team_give_a_role_up_on_the_page_and_its_members_cannot(crew, captain, project):
    crews.role(crew, project, "maintainer")
    member = crews.join(crew).user
    address = "/project/demo/people/teams/crew/remove/"
    assert signed_in(member).post(address).status_code == 404
    assert signed_in(captain).post(address)["Location"] == "/accounts/teams/"
    assert not project.team_roles.exists()


def test_the_list_of_teams_asks_no_more_for_more_of_them(django_assert_max_num_queries):
    person = UserFactory()
    browser = signed_in(person)
    for number in range(6):
        crews.team(f"crew-{number}", owner=person, members=2)
    with django_assert_max_num_queries(12):
        browser.get("/accounts/teams/")


def test_the_page_of_a_team_asks_no_more_for_more_members(
    crew, captain, django_assert_max_num_queries
):
    for number in range(6):
        crews.join(crew)
        crews.role(crew, published(f"demo-{number}").project, "maintainer")
    browser = signed_in(captain)
    with django_assert_max_num_queries(14):
        browser.get("/accounts/teams/of/crew/")
