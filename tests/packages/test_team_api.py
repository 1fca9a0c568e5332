"""The API of teams, and their desk in the admin."""

from __future__ import annotations

import pytest
from django.test import Client

from accounts import tokens
from accounts.actors import SYSTEM
from accounts.models import AuditEvent
from packages.models import Invitation, Team, TeamRole
from tests.factories import crews
from tests.factories.index import published
from tests.factories.jobs import run_all
from tests.factories.people import AdministratorFactory, ModeratorFactory, UserFactory, signed_in

pytestmark = pytest.mark.django_db
HOME = "/api/v1/teams/"


def caller(user, **options) -> Client:
    _, text = tokens.mint(user, actor=SYSTEM, name="test", **options)
    return Client(headers={"Authorization": f"Bearer {text}"})


def send(client, method, address, **body):
    return getattr(client, method)(address, body, content_type="application/json")


def test_a_team_is_founded_described_read_and_ended():
    founder = UserFactory()
    api = caller(founder)
    made = send(api, "post", HOME, name="crew", description="Ours")
    assert (made.status_code, made.json()["members"]) == (
        201,
        [{"username": founder.username, "kind": "owner"}],
    )
    assert [team["name"] for team in api.get(HOME).json()["teams"]] == ["crew"]
    assert send(api, "patch", f"{HOME}crew/", description="All").json()["description"] == "All"
    assert send(api, "delete", f"{HOME}crew/", confirm="no").status_code == 400
    gone = send(api, "delete", f"{HOME}crew/", confirm="crew", reason="Over.")
    assert gone.status_code == 204
    assert not Team.objects.exists()
    assert AuditEvent.objects.get(action="team.delete").reason == "Over."


def test_members_are_invited_changed_and_removed():
    team = crews.team()
    captain = team.members.get().user
    api, place = caller(captain), f"{HOME}crew/members/"
    invited = send(api, "post", place, recipient="somebody", kind="member")
    assert (invited.status_code, invited.json()["recipient"]) == (202, "somebody")
    assert Invitation.objects.get().team == team
    member = crews.join(team).user.username
    assert send(api, "patch", f"{place}{member}/", kind="owner").json()["kind"] == "owner"
    assert send(api, "delete", f"{place}{member}/").status_code == 204
    assert send(api, "delete", f"{place}{member}/").status_code == 404
    last = send(api, "delete", f"{place}{captain.username}/")
    assert (last.status_code, last.json()["code"]) == (409, "last-team-owner")


def test_a_project_gives_teams_roles_and_takes_them_away():
    project = published("demo").project
    owner = project.roles.get().user
    crews.team(owner=owner)
    crews.team("strangers")
    api, place = caller(owner), "/api/v1/projects/demo/teams/"
    assert send(api, "post", place, name="crew", kind="maintainer").status_code == 201
    assert send(api, "post", place, name="strangers", kind="maintainer").status_code == 202
    assert send(api, "post", place, name="nothing", kind="maintainer").status_code == 202
    assert api.get(place).json() == {"teams": [{"team": "crew", "kind": "maintainer"}]}
    assert send(api, "patch", f"{place}crew/", kind="owner").json()["kind"] == "owner"
    assert send(api, "delete", f"{place}crew/").status_code == 204
    assert send(api, "delete", f"{place}crew/").status_code == 404


def test_owners_of_a_team_that_only_reads_give_its_role_up_and_its_members_find_nothing():
    project, crew = published("demo").project, crews.team()
    crews.role(crew, project, "reader")
    captain, member = crew.members.get().user, signed_in(crews.join(crew).user)
    places = [f"/api/v1/projects/{name}/teams/crew/" for name in ("demo", "nothing")]
    said = [send(member, "delete", place) for place in places]
    assert [answer.status_code for answer in said] == [404, 404]
    assert said[0].content == said[1].content
    assert send(caller(captain), "delete", places[0]).status_code == 403
    assert send(signed_in(captain), "patch", places[0], kind="owner").status_code == 403
    assert send(signed_in(captain), "delete", places[0]).status_code == 204
    assert not project.team_roles.exists()


def test_strangers_find_neither_team_nor_project():
    crews.team()
    published("demo")
    api = caller(UserFactory())
    for address in (f"{HOME}crew/", f"{HOME}nothing/", "/api/v1/projects/demo/teams/"):
        assert api.get(address).status_code == 404
    said = [api.get(f"{HOME}{name}/").content for name in ("crew", "other")]
    assert said[0] == said[1]
    assert Client().get(HOME).status_code == 401


def test_tokens_that_upload_or_are_for_some_projects_reach_no_team():
    captain = crews.team().members.get().user
    for options in ({"actions": ["upload"]}, {"limited": True}):
        api = caller(captain, **options)
        for address in (HOME, f"{HOME}crew/"):
            assert api.get(address).status_code == 403


# -- the admin ------------------------------------------------------------------------------------


def act(client, model, action, row, **fields):
    data = {"action": action, "_selected_action": row.pk, "confirmed": "yes", **fields}
    return client.post(f"/admin/packages/{model}/", data, follow=True)


def test_administrators_change_teams_with_a_reason_and_are_not_named(mailoutbox):
    team = crews.team()
    member = crews.join(team)
    role = crews.role(team, published("demo").project)
    admin = signed_in(AdministratorFactory(username="the-admin"))
    assert "crew" in admin.get("/admin/packages/team/").content.decode()
    assert admin.get(f"/admin/packages/team/{team.pk}/change/").status_code == 200
    act(admin, "teammember", "make_owner", member)
    member.refresh_from_db()
    assert member.kind == "member"
    act(admin, "teammember", "make_owner", member, reason="Asked for it.")
    member.refresh_from_db()
    assert member.kind == "owner"
    act(admin, "teammember", "make_member", member, reason="Asked again.")
    act(admin, "teamrole", "revoke", role, reason="Wrong project.")
    assert not TeamRole.objects.exists()
    act(admin, "teammember", "remove", member, reason="Left the firm.")
    assert team.members.count() == 1
    act(admin, "team", "end", team, reason="Nobody left.")
    assert not Team.objects.exists()
    assert AuditEvent.objects.get(action="team.revoke").reason == "Wrong project."
    run_all()
    assert mailoutbox
    assert not [letter for letter in mailoutbox if "the-admin" in letter.body]
    assert any("Left the firm." in letter.body for letter in mailoutbox)


def test_the_last_owner_stays_for_administrators_too():
    team = crews.team()
    admin = signed_in(AdministratorFactory())
    page = act(admin, "teammember", "remove", team.members.get(), reason="Out.")
    assert "last owner of the team" in page.content.decode()
    assert team.members.count() == 1


def test_a_moderator_without_the_right_changes_no_team():
    team = crews.team()
    page = signed_in(ModeratorFactory()).get("/admin/packages/team/")
    assert page.status_code == 403
    assert Team.objects.filter(pk=team.pk).exists()
