"""Who may do what with a project, and how that changes: invited, accepted, changed, removed."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import timezone

from accounts import tokens
from accounts.actors import SYSTEM, Actor
from accounts.models import AuditEvent
from packages import access, invitations, person_deletion, reach, role_ledger, roles
from packages.models import Invitation, JournalEntry, Role
from pypi_site.lib.problems import NotFound, Refused
from tests.factories import crews
from tests.factories.index import published
from tests.factories.jobs import run_all
from tests.factories.people import AdministratorFactory, UserFactory, actor, signed_in
from tests.packages.concurrency import at_once
from tests.packages.team_helpers import owner, project

__all__ = ["owner", "project"]  # fixtures
pytestmark = pytest.mark.django_db


def invite(project, owner, recipient, kind="maintainer") -> Invitation:
    return roles.invite(project, recipient, kind, actor=actor(owner))


def join(project, owner, kind="maintainer"):
    person = UserFactory()
    invitation = invite(project, owner, person.username, kind)
    return roles.accept(invitation, actor=actor(person))


# -- invitations ----------------------------------------------------------------------------------


@pytest.mark.parametrize("by", ["username", "email"])
def test_somebody_is_invited_told_and_accepts(project, owner, mailoutbox, by):
    person = UserFactory()
    invitation = invite(project, owner, getattr(person, by).upper())
    run_all()
    (letter,) = mailoutbox
    assert letter.to == [person.email]
    assert ("/accounts/invitations/" if by == "username" else "/accounts/join/") in letter.body
    assert not project.roles.filter(user=person).exists()
    role = roles.accept(invitation, actor=actor(person))
    assert (role.user, role.kind) == (person, "maintainer")
    assert access.project_to_upload(actor(person), "demo") == project
    assert JournalEntry.objects.first().action == f"add Maintainer {person.username}"


def test_an_address_without_an_account_is_written_to_and_finds_its_invitation(
    project, owner, mailoutbox
):
    invite(project, owner, "newcomer@example.org")
    run_all()
    assert mailoutbox[0].to == ["newcomer@example.org"]
    assert "If you have no account there yet" in mailoutbox[0].body
    person = UserFactory(email="newcomer@example.org")
    assert Invitation.objects.open().for_user(person).count() == 1


def test_an_unverified_address_opens_no_invitation(project, owner):
    invite(project, owner, "newcomer@example.org")
    pretender = UserFactory(email="newcomer@example.org", verified=False)
    assert not Invitation.objects.for_user(pretender).exists()


def test_inviting_tells_nobody_who_exists(project, owner, mailoutbox):
    existing = UserFactory()
    answers = [
        signed_in(owner).post(
            "/project/demo/people/invite/", {"recipient": name, "kind": "maintainer"}, follow=True
        )
        for name in (existing.username, "nobody-of-that-name")
    ]
    said = [[str(message) for message in answer.context["messages"]] for answer in answers]
    assert [text.replace(existing.username, "X") for text in said[0]] == [
        text.replace("nobody-of-that-name", "X") for text in said[1]
    ]
    run_all()
    assert len(mailoutbox) == 1


@pytest.mark.parametrize("recipient", ["", "  ", "a b", "@", "x@", "-x", "x" * 60, "<script>"])
def test_who_is_no_name_and_no_address_is_not_invited(project, owner, recipient):
    with pytest.raises(invitations.InvalidRecipient):
        invite(project, owner, recipient)


def test_only_two_roles_are_known(project, owner):
    with pytest.raises(roles.UnknownRole, match="owner, maintainer"):
        invite(project, owner, "somebody", "emperor")


def test_nobody_is_invited_twice_nor_who_has_a_role(project, owner):
    invite(project, owner, "somebody")
    with pytest.raises(invitations.RoleExists, match="invited already"):
        invite(project, owner, "SOMEBODY")
    with pytest.raises(invitations.RoleExists, match="has a role"):
        invite(project, owner, owner.username)


def test_the_database_keeps_one_open_invitation_for_each_person(project, owner):
    first = invite(project, owner, "somebody")
    first.pk, first.identifier = None, "11111111-1111-1111-1111-111111111111"
    with pytest.raises(IntegrityError, match="one_open_invitation"), transaction.atomic():
        first.save(force_insert=True)


def test_an_expired_invitation_is_over_and_may_be_repeated(project, owner):
    person = UserFactory()
    old = invite(project, owner, person.username)
    Invitation.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    with pytest.raises(invitations.InvitationOver, match="too old"):
        roles.accept(old, actor=actor(person))
    again = invite(project, owner, person.username)
    assert roles.accept(again, actor=actor(person)).user == person


def test_a_declined_or_withdrawn_invitation_is_over(project, owner):
    person = UserFactory()
    declined = invite(project, owner, person.username)
    invitations.decline(declined, actor=actor(person))
    withdrawn = invite(project, owner, person.username)
    invitations.withdraw(withdrawn, actor=actor(owner))
    for invitation in (declined, withdrawn):
        with pytest.raises(invitations.InvitationOver):
            roles.accept(invitation, actor=actor(person))
    assert not project.roles.filter(user=person).exists()


def test_nobody_sends_invitations_by_the_dozen(project, owner, settings):
    settings.INVITATIONS_PER_DAY = 2
    for name in ("one", "two"):
        invite(project, owner, name)
    with pytest.raises(invitations.TooManyInvitations):
        invite(project, owner, "three")


def test_an_invitation_is_answered_by_its_person_alone(project, owner):
    invitation = invite(project, owner, UserFactory().username)
    stranger = UserFactory()
    with pytest.raises(NotFound):
        invitations.invitation_for(stranger, str(invitation.identifier))
    for verb in ("accept", "decline"):
        address = f"/accounts/invitations/{invitation.identifier}/{verb}/"
        assert signed_in(stranger).post(address).status_code == 404
    assert Invitation.objects.open().count() == 1


def test_a_token_takes_no_role(project, owner):
    person = UserFactory()
    token, _ = tokens.mint(person, actor=SYSTEM, name="x")
    with pytest.raises(Refused, match="in person"):
        roles.accept(invite(project, owner, person.username), actor=Actor(person, token))


def test_an_invitation_raises_a_role_and_never_lowers_it(project, owner):
    maintainer = join(project, owner).user
    # invited by address, for by name we know that she has a role
    better = invite(project, owner, maintainer.email, "owner")
    assert roles.accept(better, actor=actor(maintainer)).kind == "owner"
    worse = invite(project, owner, maintainer.email, "maintainer")
    assert roles.accept(worse, actor=actor(maintainer)).kind == "owner"


# -- roles ----------------------------------------------------------------------------------------


def test_a_reader_becomes_maintainer_by_invitation_and_on_the_page(project, owner):
    reader = join(project, owner, "reader").user
    better = invite(project, owner, reader.email, "maintainer")
    assert roles.accept(better, actor=actor(reader)).kind == "maintainer"
    role = project.roles.get(user=reader)
    browser = signed_in(owner)
    assert "Make reader" in browser.get("/project/demo/people/").content.decode()
    browser.post(f"/project/demo/people/{role.pk}/role/", {"on": "reader"})
    role.refresh_from_db()
    assert role.kind == "reader"


def test_a_maintainer_becomes_owner_and_hands_over(project, owner):
    role = join(project, owner)
    roles.change(role, "owner", actor=actor(owner))
    roles.remove(project.roles.get(user=owner), actor=actor(owner))
    assert [(item.user, item.kind) for item in project.roles.all()] == [(role.user, "owner")]
    assert AuditEvent.objects.filter(action="role.change").count() == 1


def test_the_last_owner_stays(project, owner):
    join(project, owner)
    mine = project.roles.get(user=owner)
    with pytest.raises(role_ledger.LastOwner):
        roles.remove(mine, actor=actor(owner))
    with pytest.raises(role_ledger.LastOwner):
        roles.change(mine, "maintainer", actor=actor(owner))


def test_an_owner_who_cannot_sign_in_does_not_count(project, owner):
    other = join(project, owner, "owner").user
    other.is_active = False
    other.save()
    with pytest.raises(role_ledger.LastOwner):
        roles.remove(project.roles.get(user=owner), actor=actor(owner))


def test_a_maintainer_leaves_but_removes_nobody(project, owner, mailoutbox):
    role, other = join(project, owner), join(project, owner)
    with pytest.raises(access.NotYours):
        roles.remove(other, actor=actor(role.user))
    with pytest.raises(access.NotYours):
        roles.change(role, "owner", actor=actor(role.user))
    with pytest.raises(access.NotYours):
        invite(project, role.user, "somebody")
    roles.remove(role, actor=actor(role.user))
    with pytest.raises(access.NotYours):
        access.project_to_upload(actor(role.user), "demo")
    run_all()
    assert any(role.user.email in letter.to for letter in mailoutbox)


def test_nobody_is_written_to_whose_account_is_gone_since(project, owner, mailoutbox):
    role = join(project, owner)
    run_all()
    mailoutbox.clear()
    roles.remove(role, actor=actor(owner))
    gone = role.user.email
    person_deletion.delete(role.user, actor=actor(AdministratorFactory()), reason="asked for it")
    run_all()
    assert gone not in {address for letter in mailoutbox for address in letter.to}


def test_a_removed_role_is_not_found_again(project, owner):
    role = join(project, owner)
    roles.remove(role, actor=actor(owner))
    with pytest.raises(NotFound):
        roles.change(role, "owner", actor=actor(owner))


def test_a_token_without_manage_invites_nobody(project, owner):
    token, _ = tokens.mint(owner, actor=SYSTEM, name="CI", actions=["upload"])
    with pytest.raises(reach.TokenTooNarrow):
        roles.invite(project, "somebody", "owner", actor=Actor(owner, token))


@pytest.mark.django_db(transaction=True)
def test_of_two_owners_who_leave_at_once_one_stays():
    project = published("demo").project
    first = project.roles.get()
    second = join(project, first.user, "owner")

    def leave(role: Role) -> str:
        try:
            roles.remove(role, actor=actor(role.user))
        except role_ledger.LastOwner:
            return "stays"
        return "left"

    outcomes = at_once(partial(leave, first), partial(leave, second))
    assert sorted(outcomes) == ["left", "stays"]
    assert project.roles.filter(kind="owner").count() == 1


# -- pages ----------------------------------------------------------------------------------------


def test_owners_see_people_invitations_and_every_token_that_opens_the_project(project, owner):
    maintainer = join(project, owner).user
    tokens.mint(maintainer, actor=SYSTEM, name="her laptop")
    tokens.mint(maintainer, actor=SYSTEM, name="elsewhere", limited=True)
    invite(project, owner, "waiting-person")
    page = signed_in(owner).get("/project/demo/people/").content.decode()
    assert maintainer.username in page
    assert "waiting-person" in page
    assert "her laptop" in page
    assert "elsewhere" not in page
    seen = signed_in(maintainer).get("/project/demo/people/").content.decode()
    assert "her laptop" not in seen
    assert "waiting-person" not in seen
    assert "Leave demo" in seen


def test_strangers_find_no_people(project):
    assert signed_in(UserFactory()).get("/project/demo/people/").status_code == 404
    assert Client().get("/project/demo/people/")["Location"].startswith("/accounts/login/")


def test_an_invitation_is_accepted_on_the_page(project, owner):
    person = UserFactory()
    browser = signed_in(owner)
    fields = {"recipient": person.username, "kind": "maintainer"}
    browser.post("/project/demo/people/invite/", fields)
    theirs = signed_in(person)
    assert "invites you to be maintainer" in theirs.get("/accounts/invitations/").content.decode()
    identifier = Invitation.objects.get().identifier
    theirs.post(f"/accounts/invitations/{identifier}/accept/")
    role = project.roles.get(user=person)
    browser.post(f"/project/demo/people/{role.pk}/role/", {"on": "owner"})
    role.refresh_from_db()
    assert role.kind == "owner"
    browser.post(f"/project/demo/people/{role.pk}/remove/")
    assert not project.roles.filter(user=person).exists()


@pytest.mark.parametrize(("by_team", "led_to"), [(False, "/"), (True, "/project/demo/people/")])
def test_who_leaves_is_led_home_unless_a_team_keeps_him_there(project, owner, by_team, led_to):
    role = join(project, owner)
    if by_team:
        crews.role(crews.team(owner=role.user), project, "maintainer")
    left = signed_in(role.user).post(f"/project/demo/people/{role.pk}/remove/")
    assert left["Location"] == led_to
    assert not project.roles.filter(user=role.user).exists()


def test_a_refusal_is_a_sentence_on_the_page(project, owner):
    mine = project.roles.get()
    page = signed_in(owner).post(f"/project/demo/people/{mine.pk}/remove/", follow=True)
    assert "last owner" in page.content.decode()


def test_an_invitation_is_withdrawn_on_the_page(project, owner):
    invitation = invite(project, owner, "somebody")
    address = f"/project/demo/people/invitations/{invitation.identifier}/withdraw/"
    assert signed_in(UserFactory()).post(address).status_code == 404
    signed_in(owner).post(address)
    assert not Invitation.objects.open().exists()


def test_a_role_of_another_project_is_not_found_here(project, owner):
    other = published("other").project.roles.get()
    address = f"/project/demo/people/{other.pk}/remove/"
    assert signed_in(owner).post(address).status_code == 404
