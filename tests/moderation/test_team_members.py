"""Members of a team that owns a project are its people on the desk, too."""

from __future__ import annotations

import pytest

from accounts.actors import Actor
from moderation import consequences, histories, protected, tasks
from moderation.actions import ACTIONS
from packages.models import Role
from tests.factories import crews
from tests.factories.desk import reported
from tests.factories.index import published
from tests.factories.people import KeeperFactory, UserFactory, actor

pytestmark = pytest.mark.django_db


@pytest.fixture
def project():
    return published("cheese-counter").project


@pytest.fixture
def captain(project):
    crew = crews.team(owner=UserFactory(trusted=True))
    crews.role(crew, project, "owner")
    return crew.members.get().user


def test_a_case_concerns_them_and_they_are_written_to(project, captain):
    case = reported(project)
    assert case.concerned.filter(user=captain, part="owner").exists()
    joined = crews.join(captain.team_memberships.get().team).user
    assert {captain, joined} <= set(tasks.people_of(case))


def test_members_of_a_team_that_only_maintains_are_not_concerned(project):
    crew = crews.team("helpers")
    crews.role(crew, project, "maintainer")
    case = reported(project)
    assert not case.concerned.filter(user=crew.members.get().user).exists()


def test_they_may_resemble_the_projects_of_their_team(captain):
    assert protected.twin_of("cheesecounter", actor(captain)) is None
    assert protected.twin_of("cheesecounter", actor(UserFactory())) == "cheese-counter"
    assert protected.twin_of("cheesecounter", Actor()) == "cheese-counter"


def test_what_the_team_owns_stands_in_their_history(project, captain):
    case = reported(project)
    (seen,) = [each for each in histories.of_people(case) if each.user == captain]
    assert seen.projects == (project,)
    assert seen.project_count == 1


def test_before_a_freeze_a_moderator_reads_what_nobody_else_can_manage(project, captain):
    owner = project.roles.get().user
    case = reported(project)

    def told(user) -> str:
        found = consequences.of(case, ACTIONS["freeze"], user)
        return " ".join(f"{each}" for each in found)

    assert "Nobody else" not in told(owner)
    Role.objects.filter(user=owner).delete()
    assert "Nobody else" in told(captain)
    assert "cheese-counter" in told(captain)
    crews.join(captain.team_memberships.get().team, KeeperFactory())
    assert "Nobody else" not in told(captain)
