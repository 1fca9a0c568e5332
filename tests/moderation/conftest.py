"""What several tests of the desk begin with."""

from __future__ import annotations

import pytest

from tests.factories.people import KeeperFactory


@pytest.fixture
def whole_desk(client):
    """The desk of somebody who may do everything there."""
    client.user = KeeperFactory()
    client.force_login(client.user)
    return client
