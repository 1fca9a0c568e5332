"""Teams: who founds them, who belongs to them, and what becomes of their projects."""

from __future__ import annotations

from functools import partial

import pytest
from django.db import IntegrityError, transaction
from django.test import Client

from accounts import prohibitions, tokens
from accounts.actors import SYSTEM, Actor
from accounts.models import AuditEvent, RequestCount
from packages import access, invitations, team_access, team_roles, teams
from packages.models import Invitation, JournalEntry, Role, Team, TeamMember, TeamRole
from pypi_site.lib.problems import NotFound, Refused
from tests.factories import crews
from tests.factories.jobs import run_all
from tests.factories.people import AdministratorFactory, UserFactory, actor, signed_in
from tests.packages.team_helpers import captain, crew, owner, project

__all__ = ["captain", "crew", "owner", "project"]  # fixtures
pytestmark = pytest.mark.django_db


def enlist(crew, captain, kind="member") -> TeamMember:
    person = UserFactory()
    invitation = teams.invite(crew, person.username, kind, actor=actor(captain))
    return teams.join(invitation, actor=actor(person))


# -- teams ----------------------------------------------------------------------------------------


def test_whoever_founds_a_team_owns_it():
    founder = UserFactory()
    team = teams.create(" Crew-1 ", actor=actor(founder), description="Keeps\n things")
    assert (team.name, team.description) == ("crew-1", "Keeps things")
    assert team.members.get().user == founder
    assert team.members.get().kind == "owner"
    assert AuditEvent.objects.get(action="team.create").person == founder


@pytest.mark.parametrize("name", ["", "-crew", "crew-", "a--b", "a_b", "a b", "é", "x" * 51, "\0"])
def test_what_is_no_name_is_refused(name):
    with pytest.raises(teams.InvalidTeamName):
        teams.create(name, actor=actor(UserFactory()))


def test_a_taken_name_and_a_prohibited_one_are_refused_alike(crew):
    prohibitions.prohibit_username("root", actor=SYSTEM, reason="Ours.")
    said = []
    for name in ("crew", "root"):
        with pytest.raises(teams.TeamNameTaken) as refusal:
            teams.create(name, actor=actor(UserFactory()))
        said.append(refusal.value.detail.replace(name, "X"))
    assert said[0] == said[1]


def test_who_has_no_verified_address_founds_no_team():
    with pytest.raises(access.EmailNotVerified):
        teams.create("crew", actor=actor(UserFactory(verified=False)))


def test_a_token_that_is_limited_or_only_uploads_founds_no_team():
    person = UserFactory()
    limited, _ = tokens.mint(person, actor=SYSTEM, name="x", limited=True)
    uploads, _ = tokens.mint(person, actor=SYSTEM, name="y", actions=["upload"])
    for token in (limited, uploads):
        with pytest.raises(Refused):
            teams.create("crew", actor=Actor(person, token))
    assert not Team.objects.exists()


def test_nobody_collects_teams(monkeypatch):
    monkeypatch.setattr(teams, "MOST_OWNED", 1)
    person = UserFactory()
    teams.create("first", actor=actor(person))
    with pytest.raises(teams.TooManyTeams):
        teams.create("second", actor=actor(person))


@pytest.mark.django_db(transaction=True)
def test_nobody_tries_out_which_names_are_taken(monkeypatch):
    """Attempts that fail count, on every door and for all processes; others need not wait."""
    monkeypatch.setattr(teams, "MOST_ATTEMPTS", 2)
    crews.team("taken")
    person, form = UserFactory(), {"name": "taken"}
    for _ in range(2):
        assert signed_in(person).post("/accounts/teams/create/", form).status_code == 302
    page = signed_in(person).post("/accounts/teams/create/", form)
    _, text = tokens.mint(person, actor=SYSTEM, name="test")
    program = Client(headers={"Authorization": f"Bearer {text}"})
    api = program.post("/api/v1/teams/", form, content_type="application/json")
    for answer in (page, api):
        assert answer.status_code == 429
        assert 1 <= int(answer["Retry-After"]) <= 3600
    assert "You have asked more than 2 times" in page.content.decode()
    assert api.json()["code"] == "too-many-requests"
    assert RequestCount.objects.get(name="teams", source=str(person.pk)).count == 4
    assert teams.create("free", actor=actor(UserFactory()))


def test_the_database_keeps_names_in_one_spelling(crew):
    for name in ("Crew", "crew", "a b"):
        with pytest.raises(IntegrityError), transaction.atomic():
            Team.objects.create(name=name)


def test_owners_describe_a_team_and_members_do_not(crew, captain):
    member = crews.join(crew).user
    with pytest.raises(team_access.NotYourTeam):
        teams.describe(crew, "Mine", actor=actor(member))
    assert teams.describe(crew, "Ours", actor=actor(captain)).description == "Ours"


def test_to_strangers_a_team_is_not_there(crew):
    for name in ("crew", "nothing"):
        with pytest.raises(NotFound, match="no such team among yours"):
            team_access.team_of(actor(UserFactory()), name)
    assert team_access.team_of(actor(AdministratorFactory()), "crew") == crew


# -- members --------------------------------------------------------------------------------------


@pytest.mark.parametrize("by", ["username", "email"])
def test_somebody_is_invited_to_a_team_told_and_joins(crew, captain, project, mailoutbox, by):
    crews.role(crew, project, "maintainer")
    person = UserFactory()
    invitation = teams.invite(crew, getattr(person, by), "member", actor=actor(captain))
    run_all()
    (letter,) = mailoutbox
    assert letter.to == [person.email]
    assert "be member of the team crew" in letter.body
    assert not access.is_insider(person.pk, project)
    teams.join(invitation, actor=actor(person))
    assert access.project_to_upload(actor(person), "demo") == project
    assert JournalEntry.objects.first().action == f"add Maintainer {person.username}"


def test_joining_stands_in_the_trails_of_person_and_project_and_everybody_is_told(
    crew, captain, project, owner, mailoutbox
):
    crews.role(crew, project, "maintainer")
    person = enlist(crew, captain).user
    assert AuditEvent.objects.of_person(person).filter(action="team.join").exists()
    row = AuditEvent.objects.of_project(project.pk).get(action="role.add")
    assert (row.person, row.reason) == (person, "Joined the team crew.")
    mailoutbox.clear()
    run_all()
    joined = [letter for letter in mailoutbox if "joined the team" in letter.subject]
    assert sorted(to for letter in joined for to in letter.to) == sorted(
        each.email for each in (person, captain, owner)
    )
    assert "choose another password" in joined[0].body
    html = joined[0].alternatives[0][0]
    assert "joined the team crew" in html


def test_an_invitation_makes_a_member_an_owner_and_no_owner_a_member(crew, captain):
    member = enlist(crew, captain)
    better = teams.invite(crew, member.user.email, "owner", actor=actor(captain))
    assert teams.join(better, actor=actor(member.user)).kind == "owner"
    worse = teams.invite(crew, member.user.email, "member", actor=actor(captain))
    assert teams.join(worse, actor=actor(member.user)).kind == "owner"


def test_nobody_is_invited_twice_nor_who_belongs_to_the_team(crew, captain):
    teams.invite(crew, "somebody", "member", actor=actor(captain))
    for name in ("SOMEBODY", captain.username):
        with pytest.raises(invitations.RoleExists):
            teams.invite(crew, name, "member", actor=actor(captain))


def test_members_neither_invite_nor_remove_nor_raise_anybody(crew):
    one, other = crews.join(crew), crews.join(crew)
    for attempt in (
        partial(teams.invite, crew, "somebody", "member"),
        partial(teams.change, other, "owner"),
        partial(teams.remove, other),
        partial(teams.delete, crew),
    ):
        with pytest.raises(team_access.NotYourTeam):
            attempt(actor=actor(one.user))


def test_a_declined_or_withdrawn_invitation_is_over(crew, captain):
    person = UserFactory()
    declined = teams.invite(crew, person.username, "member", actor=actor(captain))
    invitations.decline(declined, actor=actor(person))
    withdrawn = teams.invite(crew, person.username, "member", actor=actor(captain))
    with pytest.raises(team_access.NotYourTeam):
        invitations.withdraw(withdrawn, actor=actor(crews.join(crew).user))
    invitations.withdraw(withdrawn, actor=actor(captain))
    for invitation in (declined, withdrawn):
        with pytest.raises(invitations.InvitationOver):
            teams.join(invitation, actor=actor(person))


def test_a_token_joins_no_team(crew, captain):
    person = UserFactory()
    token, _ = tokens.mint(person, actor=SYSTEM, name="x")
    invitation = teams.invite(crew, person.username, "member", actor=actor(captain))
    with pytest.raises(Refused, match="in person"):
        teams.join(invitation, actor=Actor(person, token))


def test_who_leaves_a_team_loses_its_projects_and_reads_of_it(crew, project, mailoutbox):
    crews.role(crew, project, "maintainer")
    member = crews.join(crew)
    teams.remove(member, actor=actor(member.user))
    assert not access.is_insider(member.user.pk, project)
    assert JournalEntry.objects.first().action == f"remove Maintainer {member.user.username}"
    run_all()
    assert any(
        letter.to == [member.user.email] and "does not belong" in letter.subject
        for letter in mailoutbox
    )


def test_who_has_a_role_of_his_own_keeps_it(crew, project, owner):
    crews.role(crew, project, "maintainer")
    member = crews.join(crew, owner)
    before = JournalEntry.objects.count()
    teams.remove(member, actor=actor(owner))
    assert access.project_of(actor(owner), "demo") == project
    assert JournalEntry.objects.count() == before


def test_a_member_who_is_gone_is_not_found_again(crew, captain):
    member = crews.join(crew)
    teams.remove(member, actor=actor(captain))
    with pytest.raises(NotFound):
        teams.change(member, "owner", actor=actor(captain))


def test_the_last_owner_of_a_team_stays(crew, captain):
    crews.join(crew)
    mine = crew.members.get(user=captain)
    with pytest.raises(teams.LastTeamOwner):
        teams.remove(mine, actor=actor(captain))
    with pytest.raises(teams.LastTeamOwner):
        teams.change(mine, "member", actor=actor(captain))


def test_an_owner_of_a_team_who_cannot_sign_in_does_not_count(crew, captain):
    frozen = crews.join(crew, UserFactory(is_active=False), "owner")
    with pytest.raises(teams.LastTeamOwner):
        teams.remove(crew.members.get(user=captain), actor=actor(captain))
    teams.remove(frozen, actor=actor(captain))


def test_whoever_is_made_an_owner_may_be_made_a_member_again(crew, captain):
    member = enlist(crew, captain)
    assert teams.change(member, "owner", actor=actor(captain)).kind == "owner"
    with pytest.raises(invitations.RoleExists):
        teams.change(member, "owner", actor=actor(captain))
    with pytest.raises(teams.UnknownMembership):
        teams.change(member, "emperor", actor=actor(captain))
    assert teams.change(member, "member", actor=actor(captain)).kind == "member"


# -- roles of teams -------------------------------------------------------------------------------


def test_a_team_of_the_owner_gets_a_role_at_once(crew, project, owner):
    crews.join(crew, owner)
    role = team_roles.grant(project, "@Crew", "maintainer", actor=actor(owner))
    assert isinstance(role, TeamRole)
    captain = crew.members.get(kind="owner").user
    assert access.project_to_upload(actor(captain), "demo") == project
    assert JournalEntry.objects.first().action == f"add Maintainer {captain.username}"
    with pytest.raises(invitations.RoleExists):
        team_roles.grant(project, "crew", "owner", actor=actor(owner))


def test_any_other_team_is_asked_and_whether_it_exists_is_not_told(crew, captain, project, owner):
    browser = signed_in(owner)
    said = []
    for name in ("crew", "nothing"):
        form = {"team": name, "kind": "maintainer"}
        page = browser.post("/project/demo/people/teams/grant/", form, follow=True)
        (message,) = page.context["messages"]
        said.append(str(message).replace(name, "X"))
    assert said[0] == said[1]
    assert not project.team_roles.exists()
    offered = Invitation.objects.open().for_user(captain).get()
    assert team_roles.accept(offered, actor=actor(captain)).kind == "maintainer"


def test_only_owners_of_the_team_find_the_offer_and_are_told(
    crew, captain, project, owner, mailoutbox
):
    member = crews.join(crew).user
    offer = team_roles.grant(project, "crew", "maintainer", actor=actor(owner))
    run_all()
    assert [letter.to for letter in mailoutbox] == [[captain.email]]
    assert "invites your team crew to demo" in mailoutbox[0].subject
    assert not Invitation.objects.for_user(member).exists()
    with pytest.raises(team_access.NotYourTeam):
        team_roles.accept(offer, actor=actor(member))


def test_a_later_team_of_the_same_name_is_another_one(crew, captain, project, owner):
    offer = team_roles.grant(project, "crew", "owner", actor=actor(owner))
    teams.delete(crew, actor=actor(captain))
    pretender = UserFactory()
    teams.create("crew", actor=actor(pretender))
    assert not Invitation.objects.for_user(pretender).exists()
    with pytest.raises(invitations.InvitationOver):
        team_roles.accept(offer, actor=actor(pretender))


def test_a_maintainer_gives_no_team_a_role(crew, project):
    maintainer = crews.join(crew).user
    Role.objects.create(project=project, user=maintainer, kind="maintainer")
    with pytest.raises(access.NotYours):
        team_roles.grant(project, "crew", "owner", actor=actor(maintainer))


def test_the_role_of_a_team_is_changed_and_taken_away(crew, project, owner, mailoutbox):
    role = crews.role(crew, project, "maintainer")
    captain = crew.members.get().user
    team_roles.change(role, "owner", actor=actor(owner))
    assert JournalEntry.objects.first().action == f"change Maintainer {captain.username} to Owner"
    assert access.project_of(actor(captain), "demo") == project
    team_roles.remove(role, actor=actor(owner))
    assert not access.is_insider(captain.pk, project)
    run_all()
    assert any(
        "no role on demo" in letter.subject and letter.to == [captain.email]
        for letter in mailoutbox
    )
    with pytest.raises(NotFound):
        team_roles.remove(role, actor=actor(owner))


def test_owners_of_a_team_give_its_role_up_and_its_members_do_not(crew, captain, project):
    role = crews.role(crew, project, "maintainer")
    with pytest.raises(access.NotYours):
        team_roles.remove(role, actor=actor(crews.join(crew).user))
    team_roles.remove(role, actor=actor(captain))
    assert not project.team_roles.exists()


def test_the_greatest_role_counts_on_every_door(crew, captain, project, owner):
    crews.role(crew, project, "owner")
    Role.objects.create(project=project, user=captain, kind="maintainer")
    both = sorted([("owner", captain.username), ("owner", owner.username)])
    page = Client().get("/project/demo/").content.decode()
    assert page.count(captain.username) == 1
    from packages import insiders, xmlrpc

    assert [(each.kind, each.username) for each in insiders.standings(project)] == both
    assert xmlrpc.package_roles("demo") == [("Owner", name) for _, name in both]
    assert xmlrpc.user_packages(captain.username) == [("Owner", "demo")]
    json = Client().get("/pypi/demo/json").json()
    assert {each["user"] for each in json["ownership"]["roles"]} == {name for _, name in both}
