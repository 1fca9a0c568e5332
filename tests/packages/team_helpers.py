"""A project, its owner, a team and whoever leads it: what tests of teams begin with."""

from __future__ import annotations

import pytest

from packages.models import Project, Team
from tests.factories import crews
from tests.factories.index import published


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
