"""One live server for all protocol tests, and the people who use it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.protocol.clients import Tools
from tests.protocol.server import Server, put_down

_PEOPLE = """
import json
from allauth.account.models import EmailAddress
from accounts import people, tokens
from accounts.actors import SYSTEM
from accounts.models import User
texts = {}
for name in ("trusted", "newcomer", "applicant", "unverified"):
    user = User.objects.create_user(name, f"{name}@example.org")
    if name != "unverified":
        people.verify_email(user, user.email)
    if name == "trusted":
        people.trust(user, actor=SYSTEM, reason="A test needs her.")
    texts[name] = tokens.mint(user, actor=SYSTEM, name="test")[1]
token, texts["revoked"] = tokens.mint(user, actor=SYSTEM, name="revoked")
tokens.revoke(token, actor=SYSTEM)
print(json.dumps(texts))
"""


@dataclass(frozen=True)
class People:
    """The upload tokens: of the administrator, of somebody trusted, of somebody new ..."""

    keeper: str
    trusted: str
    newcomer: str  # whom no test may have approved
    applicant: str
    unverified: str
    revoked: str


@pytest.fixture(scope="session")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The real thing, which must also stop cleanly when all tests are done."""
    data = tmp_path_factory.mktemp("live") / "data"
    server = Server(data, GATEHOUSE_ACCESS_LOG="1")
    try:
        server.start()
        yield server
        assert server.stop() == 0, server.output
    finally:
        put_down(server)


@pytest.fixture(scope="session")
def people(live: Server) -> People:
    return People(keeper=live.bootstrap(), **live.script(_PEOPLE))


@pytest.fixture
def tools(live: Server, people: People, tmp_path: Path) -> Tools:
    """The clients of somebody trusted."""
    return tools_for(live, people.trusted, tmp_path / "home")


def tools_for(live: Server, token: str, home: Path) -> Tools:
    home.mkdir(parents=True, exist_ok=True)
    return Tools(live.url, home, token)
