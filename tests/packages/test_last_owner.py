"""A project keeps an owner who can act, and so does a team, whoever leaves at the same moment."""

from __future__ import annotations

from functools import partial

import pytest

from accounts.models import AuditEvent, Notice
from packages import access, role_ledger, roles, team_roles, teams
from packages.models import JournalEntry, Team
from pypi_site.lib.problems import Problem
from tests.factories import crews
from tests.factories.index import published
from tests.factories.jobs import run_all
from tests.factories.people import UserFactory, actor
from tests.packages.concurrency import at_once
from tests.packages.team_helpers import captain, crew, owner, project

__all__ = ["captain", "crew", "owner", "project"]  # fixtures
pytestmark = pytest.mark.django_db


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
