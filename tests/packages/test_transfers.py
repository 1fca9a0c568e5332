"""A project changes hands: offered, accepted, declined, withdrawn, too late."""

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
from packages import access, answering, invitations, roles, transfers
from packages.models import Invitation, JournalEntry, Role
from pypi_site.lib.problems import Problem, Refused
from tests.factories import crews
from tests.factories.index import published
from tests.factories.jobs import run_all
from tests.factories.people import AdministratorFactory, UserFactory, actor
from tests.packages.concurrency import at_once
from tests.packages.team_helpers import owner, project

__all__ = ["owner", "project"]  # fixtures
pytestmark = pytest.mark.django_db


def held(project) -> set[tuple[str, str]]:
    return set(project.roles.values_list("user__username", "kind"))


@pytest.mark.parametrize(
    ("then", "left"), [("leave", set()), ("maintainer", {"maintainer"})], ids=["leaves", "stays"]
)
@pytest.mark.parametrize("by", ["username", "email"])
def test_whoever_accepts_owns_the_project_and_the_offerer_steps_down(
    project, owner, then, left, by
):
    heir = UserFactory()
    offer = transfers.offer(project, getattr(heir, by), then, actor=actor(owner))
    assert held(project) == {(owner.username, "owner")}
    answering.accept(offer, actor=actor(heir))
    assert held(project) == {(heir.username, "owner")} | {(owner.username, kind) for kind in left}


def test_everybody_reads_of_the_offer_and_of_its_end(project, owner, mailoutbox):
    other, heir = UserFactory(), UserFactory()
    Role.objects.create(project=project, user=other, kind="owner")
    offer = transfers.offer(project, heir.username, "leave", actor=actor(owner))
    run_all()
    told = {letter.to[0]: letter.subject for letter in mailoutbox}
    assert "offers you demo" in told[heir.email]
    assert "offered to somebody else" in told[other.email]
    assert "offered to somebody else" in told[owner.email]
    mailoutbox.clear()
    answering.accept(offer, actor=actor(heir))
    run_all()
    told = {letter.to[0]: letter.subject for letter in mailoutbox}
    assert "has another owner" in told[other.email]
    assert "has another owner" in told[heir.email]
    assert "no role on demo" in told[owner.email]


def test_a_transfer_stands_in_the_trails_and_in_the_journal(project, owner):
    heir = UserFactory()
    offer = transfers.offer(project, heir.username, "maintainer", actor=actor(owner))
    answering.accept(offer, actor=actor(heir))
    trail = AuditEvent.objects.of_project(project.pk)
    assert trail.filter(action="role.offer_transfer", user=owner).count() == 1
    done = trail.get(action="role.transfer")
    assert (done.user, done.person) == (heir, owner)
    entries = set(JournalEntry.objects.values_list("action", flat=True))
    assert {
        f"add Owner {heir.username}",
        f"change Owner {owner.username} to Maintainer",
    } <= entries


def test_a_project_is_handed_to_a_team(project, owner, mailoutbox):
    crew = crews.team(members=1)
    captain = crew.members.get(kind="owner").user
    offer = transfers.offer(project, "@crew", "leave", actor=actor(owner))
    run_all()
    assert any("hand the project demo" in letter.body for letter in mailoutbox)
    member = crew.members.get(kind="member").user
    assert not Invitation.objects.for_user(member).exists()
    with pytest.raises(Refused):
        answering.accept(offer, actor=actor(member))
    answering.accept(offer, actor=actor(captain))
    assert held(project) == set()
    assert access.project_of(actor(member), "demo") == project


def test_other_owners_stay(project, owner):
    other, heir = UserFactory(), UserFactory()
    Role.objects.create(project=project, user=other, kind="owner")
    offer = transfers.offer(project, heir.username, "leave", actor=actor(owner))
    answering.accept(offer, actor=actor(heir))
    assert held(project) == {(other.username, "owner"), (heir.username, "owner")}


def test_a_maintainer_becomes_the_owner(project, owner):
    heir = UserFactory()
    Role.objects.create(project=project, user=heir, kind="maintainer")
    offer = transfers.offer(project, heir.username, "leave", actor=actor(owner))
    answering.accept(offer, actor=actor(heir))
    assert held(project) == {(heir.username, "owner")}


def test_who_is_no_owner_himself_hands_nothing_over(project):
    maintainer = UserFactory()
    Role.objects.create(project=project, user=maintainer, kind="maintainer")
    with pytest.raises(access.NotYours):
        transfers.offer(project, "heir", "leave", actor=actor(maintainer))
    captain = crews.team().members.get().user
    crews.role(crews.team("other", owner=captain), project)
    for person in (captain, AdministratorFactory()):
        with pytest.raises(transfers.NotInPerson):
            transfers.offer(project, "heir", "leave", actor=actor(person))


def test_no_token_hands_a_project_over_or_takes_it(project, owner):
    heir = UserFactory()
    token, _ = tokens.mint(owner, actor=SYSTEM, name="x")
    with pytest.raises(Refused, match="in person"):
        transfers.offer(project, heir.username, "leave", actor=Actor(owner, token))
    offer = transfers.offer(project, heir.username, "leave", actor=actor(owner))
    token, _ = tokens.mint(heir, actor=SYSTEM, name="x")
    with pytest.raises(Refused, match="in person"):
        answering.accept(offer, actor=Actor(heir, token))


def test_an_owner_needs_no_offer_and_nobody_takes_his_own(project, owner):
    for recipient in (owner.username, f"  {owner.username.upper()} "):
        with pytest.raises(invitations.RoleExists):
            transfers.offer(project, recipient, "leave", actor=actor(owner))
    crews.role(crews.team(), project)
    with pytest.raises(invitations.RoleExists):
        transfers.offer(project, "@crew", "leave", actor=actor(owner))
    own = transfers.offer(project, owner.email, "leave", actor=actor(owner))
    with pytest.raises(Problem, match="You own demo"):
        answering.accept(own, actor=actor(owner))
    assert held(project) == {(owner.username, "owner")}


@pytest.mark.parametrize("recipient", ["", "@", "@a--b", "@a b", "x@", "a b"])
def test_nobody_is_called_so(project, owner, recipient):
    with pytest.raises(invitations.InvalidRecipient):
        transfers.offer(project, recipient, "leave", actor=actor(owner))


def test_there_are_two_ways_to_step_down(project, owner):
    with pytest.raises(transfers.UnknownHandover, match="leave, maintainer"):
        transfers.offer(project, "heir", "owner", actor=actor(owner))


def test_the_database_makes_nobody_less_than_owner_by_a_transfer(project, owner):
    offer = transfers.offer(project, "heir", "leave", actor=actor(owner))
    with pytest.raises(IntegrityError, match="a_transfer_makes_an_owner"), transaction.atomic():
        Invitation.objects.filter(pk=offer.pk).update(kind="maintainer")
    crew = crews.team()
    with pytest.raises(IntegrityError, match="to_a_project_or_to_a_team"), transaction.atomic():
        Invitation.objects.filter(pk=offer.pk).update(team=crew)


def test_an_offer_ends_declined_withdrawn_or_too_late(project, owner):
    heir, other = UserFactory(), UserFactory()
    Role.objects.create(project=project, user=other, kind="owner")
    declined = transfers.offer(project, heir.username, "leave", actor=actor(owner))
    invitations.decline(declined, actor=actor(heir))
    withdrawn = transfers.offer(project, heir.username, "leave", actor=actor(owner))
    invitations.withdraw(withdrawn, actor=actor(other))
    late = transfers.offer(project, heir.username, "leave", actor=actor(owner))
    Invitation.objects.filter(pk=late.pk).update(expires_at=timezone.now() - timedelta(seconds=1))
    for offer in (declined, withdrawn, late):
        with pytest.raises(invitations.InvitationOver):
            answering.accept(offer, actor=actor(heir))
    assert not project.roles.filter(user=heir).exists()


def test_an_offer_of_somebody_who_owns_it_no_longer_is_void(project, owner):
    heir, other = UserFactory(), UserFactory()
    Role.objects.create(project=project, user=other, kind="owner")
    offer = transfers.offer(project, heir.username, "leave", actor=actor(owner))
    roles.change(project.roles.get(user=owner), "maintainer", actor=actor(other))
    with pytest.raises(invitations.InvitationOver, match="does not own it"):
        answering.accept(offer, actor=actor(heir))


def test_an_offer_of_a_frozen_account_is_void(project, owner):
    heir = UserFactory()
    offer = transfers.offer(project, heir.username, "leave", actor=actor(owner))
    owner.is_active = False
    owner.save()
    with pytest.raises(invitations.InvitationOver):
        answering.accept(offer, actor=actor(heir))


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("round_", range(3))
def test_an_offer_is_accepted_or_withdrawn_and_never_both(round_):
    project, heir = published("demo").project, UserFactory()
    owner = project.roles.get().user
    offer = transfers.offer(project, heir.username, "leave", actor=actor(owner))

    def outcome(verb, by) -> str:
        try:
            verb(offer, actor=actor(by))
        except Problem as problem:
            return problem.code
        return "done"

    found = at_once(
        partial(outcome, answering.accept, heir), partial(outcome, invitations.withdraw, owner)
    )
    assert found.count("done") == 1
    assert project.roles.filter(kind="owner").count() == 1


# -- pages ----------------------------------------------------------------------------------------


def test_a_project_is_handed_over_on_the_pages(project, owner):
    heir = UserFactory()
    giver, taker = Client(), Client()
    giver.force_login(owner)
    taker.force_login(heir)
    assert "Hand the project over" in giver.get("/project/demo/people/").content.decode()
    form = {"recipient": heir.username, "then": "maintainer"}
    giver.post("/project/demo/people/transfer/", form)
    assert "take the project over" in giver.get("/project/demo/people/").content.decode()
    assert "wants to hand the project over" in taker.get("/accounts/invitations/").content.decode()
    identifier = Invitation.objects.get().identifier
    taker.post(f"/accounts/invitations/{identifier}/accept/")
    assert held(project) == {(heir.username, "owner"), (owner.username, "maintainer")}
    assert "Hand the project over" not in giver.get("/project/demo/people/").content.decode()


def test_strangers_offer_nothing(project):
    browser = Client()
    browser.force_login(UserFactory())
    form = {"recipient": "heir", "then": "leave"}
    assert browser.post("/project/demo/people/transfer/", form).status_code == 404
