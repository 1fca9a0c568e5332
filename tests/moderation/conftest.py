"""What several tests of the desk begin with."""

from __future__ import annotations

import pytest

from moderation import protected
from tests.factories.people import KeeperFactory, ModeratorFactory, UserFactory


@pytest.fixture
def whole_desk(client):
    """The desk of somebody who may do everything there."""
    client.user = KeeperFactory()
    client.force_login(client.user)
    return client


@pytest.fixture
def moderator():
    return ModeratorFactory()


@pytest.fixture
def desk(client, moderator):
    client.force_login(moderator)
    return client


@pytest.fixture
def somebody():
    return UserFactory(trusted=True)


@pytest.fixture
def fresh_checker():
    """The look-alike checker knows this test's projects, not those of the one before."""
    protected._built.clear()
