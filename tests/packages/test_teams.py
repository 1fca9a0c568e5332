"""Teams: who founds them, who belongs to them, and what becomes of their projects."""

from __future__ import annotations

from functools import partial

import pytest
from django.db import IntegrityError, transaction
from django.test import Client

from accounts import prohibitions, tokens
from accounts.actors import SYSTEM, Actor
from accounts.models import AuditEvent, Notice, RequestCount
from packages import access, invitations, role_ledger, roles, team_access, team_roles, teams
from packages.models import Invitation, JournalEntry, Project, Role, Team, TeamMember, TeamRole
from pypi_site.lib.problems import NotFound, Problem, Refused
from tests.factories import crews
from tests.factories.index import published
from tests.factories.jobs import run_all
from tests.factories.people import AdministratorFactory, UserFactory, actor
from tests.packages.concurrency import at_once

pytestmark = pytest.mark.django_db


@pytest.fixture
def project() -> Project:
    return published("demo").project


@pytest.fixture
def owner(project):
    return project.roles.get().user


@pytest.fixture
def crew() -> Team:
    return crews.team()


@pytest.fixture
def captain(crew):
    return crew.members.get(kind="owner").user


def signed_in(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


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


# -- the last owner -------------------------------------------------------------------------------


def test_an_owning_team_lets_the_last_owner_leave_and_then_keeps_its_role(
    crew, captain, project, owner
):
    role = crews.role(crew, project, "owner")
    roles.remove(project.roles.get(user=owner), actor=actor(owner))
    for attempt in (
        partial(team_roles.remove, role),
        partial(team_roles.change, role, "maintainer"),
        partial(teams.delete, crew),
    ):
        with pytest.raises(role_ledger.LastOwner, match="last owner from demo"):
            attempt(actor=actor(captain))
    assert access.project_of(actor(captain), "demo") == project
    assert Team.objects.filter(pk=crew.pk).exists()


def test_the_last_who_can_act_does_not_leave_a_team_that_owns_a_project(
    crew, captain, project, owner
):
    """The team has an owner still, but one whose account is frozen."""
    crews.role(crew, project, "owner")
    member = crews.join(crew)
    roles.remove(project.roles.get(user=owner), actor=actor(owner))
    captain.is_active = False
    captain.save()
    with pytest.raises(role_ledger.LastOwner):
        teams.remove(member, actor=actor(member.user))


def test_a_refused_change_leaves_no_trace(crew, captain, project, owner):
    role = crews.role(crew, project, "owner")
    roles.remove(project.roles.get(user=owner), actor=actor(owner))
    before = (AuditEvent.objects.count(), JournalEntry.objects.count(), Notice.objects.count())
    with pytest.raises(role_ledger.LastOwner):
        team_roles.remove(role, actor=actor(captain))
    run_all()
    assert before[:2] == (AuditEvent.objects.count(), JournalEntry.objects.count())


def outcome(verb, *arguments, by) -> str:
    try:
        verb(*arguments, actor=actor(by))
    except Problem as problem:
        return problem.code
    return "done"


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("round_", range(3))
def test_of_two_owners_of_a_team_who_leave_at_once_one_stays(round_):
    crew = crews.team()
    first = crew.members.get()
    second = crews.join(crew, kind="owner")
    found = at_once(
        partial(outcome, teams.remove, first, by=first.user),
        partial(outcome, teams.remove, second, by=second.user),
    )
    assert sorted(found) == ["done", "last-team-owner"]
    assert crew.members.filter(kind="owner").count() == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("round_", range(3))
def test_of_the_last_owner_and_the_last_member_who_leave_at_once_one_stays(round_):
    """One leaves the project, the other the team that owns it; its own owner is frozen."""
    project = published("demo").project
    mine = project.roles.get()
    crew = crews.team(owner=UserFactory(is_active=False))
    member = crews.join(crew)
    crews.role(crew, project, "owner")
    found = at_once(
        partial(outcome, roles.remove, mine, by=mine.user),
        partial(outcome, teams.remove, member, by=member.user),
    )
    assert sorted(found) == ["done", "last-owner"]
    assert role_ledger.is_owned(project)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("round_", range(3))
def test_an_owner_who_leaves_while_the_team_is_deleted_does_not_orphan_the_project(round_):
    project = published("demo").project
    mine = project.roles.get()
    crew = crews.team()
    captain = crew.members.get().user
    crews.role(crew, project, "owner")
    found = at_once(
        partial(outcome, roles.remove, mine, by=mine.user),
        partial(outcome, teams.delete, crew, by=captain),
    )
    assert sorted(found) == ["done", "last-owner"]
    assert role_ledger.is_owned(project)


@pytest.mark.django_db(transaction=True)
def test_teams_with_the_same_projects_do_not_wait_for_each_other_in_a_ring():
    projects = [published(name).project for name in ("one", "two", "three")]
    crew, other = crews.team("crew"), crews.team("other")
    for each in projects:
        crews.role(crew, each, "maintainer")
    for each in reversed(projects):
        crews.role(other, each, "maintainer")
    calls = []
    for team in (crew, other):
        member = crews.join(team)
        calls.append(partial(outcome, teams.remove, member, by=member.user))
        grants = team.members.get(kind="owner").user
        role = team.roles.first()
        calls.append(partial(outcome, team_roles.remove, role, by=grants))
    assert at_once(*calls) == ["done"] * 4


# -- pages ----------------------------------------------------------------------------------------


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
