"""An account is deleted by one verb, which leaves nothing that nobody could manage."""

from __future__ import annotations

from functools import partial

import pytest
from django.db import connection, transaction

from accounts import tokens
from accounts.actors import SYSTEM
from accounts.models import ApiToken, AuditEvent, User
from packages import person_deletion, projects, roles
from packages.models import File, JournalEntry, Project, Role, Team
from packages.role_ledger import LastOwner
from pypi_site.lib.problems import NotFound, Problem, Refused
from tests.factories import crews
from tests.factories.index import published
from tests.factories.jobs import run_all
from tests.factories.people import AdministratorFactory, UserFactory, actor, signed_in
from tests.packages.concurrency import PATIENCE, at_once, meanwhile

pytestmark = pytest.mark.django_db
LIST = "/admin/accounts/user/"


@pytest.fixture
def boss():
    return AdministratorFactory()


@pytest.fixture
def person():
    return UserFactory(username="olga", trusted=True)


def delete(person, boss):
    person_deletion.delete(person, actor=actor(boss), reason="He asked for it.")


def owned(name: str, *owners) -> Project:
    project = published(name).project
    Role.objects.filter(project=project).delete()
    for owner in owners:
        Role.objects.create(project=project, user=owner, kind="owner")
    return project


def do(boss, person):
    address = f"{LIST}{person.pk}/do/delete/"
    return signed_in(boss).post(address, {"reason": "He asked for it."})


def test_an_account_goes_with_its_keys_and_what_it_published_stays(boss, person, mailoutbox):
    project, other = published("demo", uploader=person).project, UserFactory()
    Role.objects.create(project=project, user=other, kind="owner")
    crew = crews.team(owner=other)
    crews.join(crew, person)
    crews.role(crew, owned("second", other), "maintainer")
    tokens.mint(person, actor=SYSTEM, name="key")
    answer = do(boss, person)
    assert (answer.status_code, answer["Location"]) == (302, LIST)
    assert not User.objects.filter(username="olga").exists()
    assert not ApiToken.objects.exists()
    assert File.objects.get(release__project=project).uploaded_by is None
    entries = set(JournalEntry.objects.values_list("project", "action"))
    assert {("demo", "remove Owner olga"), ("second", "remove Maintainer olga")} <= entries
    event = AuditEvent.objects.get(action="user.delete")
    assert (event.user, event.subject, event.reason) == (boss, "olga", "He asked for it.")
    assert event.before == {
        "name": "olga",
        "rights": [],
        "roles": ["owner of demo"],
        "teams": ["member of crew"],
    }
    assert AuditEvent.objects.get(action="team.remove").after["user"] == "olga"
    run_all()
    assert any("olga does not belong to the team crew" in each.subject for each in mailoutbox)


def test_who_keeps_its_projects_is_told_that_it_left(boss, person, mailoutbox):
    """As of everybody who is removed; of what lies in the bin there is nothing to tell."""
    other = UserFactory()
    owned("demo", person, other)
    projects.delete(owned("binned", person, other), actor=actor(other), reason="Over.")
    run_all()
    mailoutbox.clear()
    delete(person, boss)
    run_all()
    (letter,) = mailoutbox
    assert letter.to == [other.email]
    assert "Somebody left demo" in letter.subject
    assert "The account olga was deleted." in letter.body
    assert boss.username not in letter.body
    row = AuditEvent.objects.get(action="role.remove")
    assert (row.subject, row.after) == ("demo", {"user": "olga", "kind": "owner"})


def test_whom_a_team_made_an_owner_as_well_is_told_of_once_a_role(boss, person):
    """The journal follows him from what he was to nothing, and says nothing twice."""
    crew = crews.team(owner=UserFactory())
    crews.join(crew, person)
    crews.role(crew, owned("demo", person, UserFactory()), "maintainer")
    before = JournalEntry.objects.latest("serial").serial
    delete(person, boss)
    entries = JournalEntry.objects.filter(serial__gt=before).order_by("serial")
    assert list(entries.values_list("action", flat=True)) == [
        "change Owner olga to Maintainer",
        "remove Maintainer olga",
    ]


def test_whoever_is_the_last_owner_stays_and_staff_reads_of_what(boss, person):
    owned("alone", person)
    owned("shared", person, UserFactory())
    owned("frozen", person, UserFactory(is_active=False))
    crews.team("small", owner=person)
    crews.join(crews.team("led", owner=person), kind="owner")
    before = AuditEvent.objects.count(), JournalEntry.objects.count()
    page = do(boss, person).content.decode()
    sentence = (
        "olga is the last owner of the team small, the project alone, the project frozen;"
        " make somebody else an owner there first, or delete what nobody needs."
    )
    assert sentence in page
    assert Role.objects.filter(user=person).count() == 3
    assert before == (AuditEvent.objects.count(), JournalEntry.objects.count())


def test_a_team_that_owns_a_project_is_left_only_if_others_of_it_can_act(boss, person):
    crew = crews.team(owner=UserFactory(is_active=False))
    crews.join(crew, person)
    crews.role(crew, owned("demo"), "owner")
    with pytest.raises(LastOwner, match="olga is the last owner of the project demo;"):
        delete(person, boss)
    crews.join(crew)
    delete(person, boss)
    assert not User.objects.filter(pk=person.pk).exists()


def test_who_owns_by_role_and_by_team_goes_if_somebody_is_left(boss, person):
    crew = crews.team(owner=UserFactory())
    crews.join(crew, person)
    crews.role(crew, owned("demo", person), "owner")
    delete(person, boss)
    assert list(Project.objects.get().team_roles.values_list("team__name")) == [("crew",)]


def test_what_lies_in_the_bin_keeps_no_account(boss, person):
    projects.delete(owned("demo", person), actor=actor(person), reason="Over.")
    delete(person, boss)
    assert not Role.objects.exists()


def test_of_several_only_those_stay_who_must(boss, person):
    owned("alone", person)
    others = [UserFactory() for _ in range(2)]
    chosen = [user.pk for user in (person, *others, boss)]
    form = {"action": "delete", "_selected_action": chosen, "confirmed": "yes", "reason": "Spam"}
    page = signed_in(boss).post(LIST, form, follow=True).content.decode()
    assert "olga is the last owner of the project alone" in page
    assert "This is your own account" in page
    assert set(User.objects.filter(pk__in=chosen)) == {person, boss}
    assert set(AuditEvent.objects.filter(action="user.delete").values_list("reason")) == {("Spam",)}


def test_there_is_no_other_way_to_delete(boss, person):
    browser = signed_in(boss)
    assert browser.post(f"{LIST}{person.pk}/delete/", {"post": "yes"}).status_code == 403
    form = {"action": "delete_selected", "_selected_action": [person.pk], "post": "yes"}
    browser.post(LIST, form)
    person.refresh_from_db()


def test_others_than_administrators_delete_nobody(person):
    for staff in (UserFactory(is_staff=True), UserFactory()):
        with pytest.raises(Refused):
            delete(person, staff)


def test_who_is_gone_is_not_deleted_again(boss, person):
    stale = User.objects.get(pk=person.pk)
    delete(person, boss)
    with pytest.raises(NotFound):
        delete(stale, boss)


def outcome(verb) -> str:
    try:
        verb()
    except Problem as problem:
        return problem.code
    return "done"


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("round_", range(3))
def test_of_two_owners_who_are_deleted_at_once_one_stays(round_):
    boss, pair = AdministratorFactory(), [UserFactory() for _ in range(2)]
    project = owned("demo", *pair)
    crew = crews.team(owner=pair[0])
    crews.join(crew, pair[1], kind="owner")
    calls = [partial(outcome, partial(delete, user, boss)) for user in pair]
    assert sorted(at_once(*calls)) == ["done", "last-owner"]
    assert project.roles.filter(kind="owner").count() == 1
    assert Team.objects.get().members.filter(kind="owner").count() == 1


@pytest.mark.django_db(transaction=True)
def test_one_is_deleted_while_the_other_leaves_and_an_owner_stays():
    boss, pair = AdministratorFactory(), [UserFactory() for _ in range(2)]
    project = owned("demo", *pair)
    leave = partial(roles.remove, project.roles.get(user=pair[0]), actor=actor(pair[0]))
    calls = (partial(outcome, leave), partial(outcome, partial(delete, pair[1], boss)))
    assert sorted(at_once(*calls)) == ["done", "last-owner"]
    assert project.roles.filter(kind="owner").count() == 1


@pytest.mark.django_db(transaction=True)
def test_who_gets_a_role_at_that_moment_is_looked_at_again(person):
    boss, held = AdministratorFactory(), owned("held", person, UserFactory())
    other = owned("other", UserFactory())
    with transaction.atomic():
        Project.objects.lock(held.pk)
        Role.objects.create(project=other, user=person, kind="owner")
        with meanwhile(partial(outcome, partial(delete, person, boss))) as deletion:
            connection.connection.commit()
            assert deletion.result(PATIENCE) == "conflict"
    assert outcome(partial(delete, person, boss)) == "done"
