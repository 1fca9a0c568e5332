"""twine 6 and 7, uv, poetry, hatch, flit and pdm publish here, each as its users run it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.protocol.clients import sha256
from tests.protocol.conftest import People
from tests.protocol.publishers.lossy import LossyLine, lossy_line
from tests.protocol.publishers.tools import PUBLISHERS, Done, Publisher, Twine7, Uv
from tests.protocol.server import Server, eventually

pytestmark = pytest.mark.protocol

EXISTS = "File already exists"
FILE_ENTRIES = """
select count(*) from packages_journalentry where project = %s and action like 'add %%'
"""
UNKNOWN_TOKEN = "This token is unknown, expired or revoked"


@pytest.fixture(params=PUBLISHERS)
def tool(request: pytest.FixtureRequest, live: Server, people: People, tmp_path: Path) -> Publisher:
    """One of them, used by somebody trusted."""
    return PUBLISHERS[request.param](live.url, tmp_path / "project", people.trusted)


def only(*names: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("tool", names, indirect=True)


@pytest.fixture
def name(tool: Publisher, request: pytest.FixtureRequest) -> str:
    """A project of this test's own."""
    test = request.function.__name__.removeprefix("test_")
    return f"{type(tool).__name__}-{test}".lower().replace("_", "-")[:60].strip("-")


@pytest.fixture
def line(live: Server) -> Iterator[LossyLine]:
    with lossy_line(live.port) as line:
        yield line


def published(live: Server, name: str) -> dict[str, str]:
    """The digest of each file on the project's page, of the bytes that come from there."""
    return {file: sha256(live.index.download(name, file)) for file in live.index.files(name)}


def sent(tool: Publisher) -> dict[str, str]:
    return {path.name: sha256(path) for path in tool.distributions()}


def is_happy(done: Done) -> bool:
    assert done.returncode == 0, done.stdout
    return True


def uploads(live: Server, since: int) -> list[str]:
    return [line for line in live.requests(since) if line.startswith("POST")]


def serial(live: Server) -> int:
    return live.query("select max(serial) from packages_journalentry")[0][0]


# -- up ------------------------------------------------------------------------------------------


def test_a_wheel_and_an_sdist_come_back_as_they_went_up_UPL_1(  # noqa: N802
    tool: Publisher, live: Server, name: str
):
    tool.make_project(name)
    assert is_happy(tool.publish())
    assert len(sent(tool)) == 2
    assert published(live, name) == sent(tool)


def test_a_second_release_joins_the_first(tool: Publisher, live: Server, name: str):
    tool.make_project(name, "1.0")
    assert is_happy(tool.publish())
    first = sent(tool)
    tool.make_project(name, "1.1")
    assert is_happy(tool.publish())
    assert published(live, name) == first | sent(tool)


def test_an_upload_that_is_held_for_review_is_a_success(
    tool: Publisher, live: Server, people: People, name: str
):
    tool = replace(tool, token=people.newcomer)
    tool.make_project(name)
    assert is_happy(tool.publish())
    assert published(live, name) == {}
    held = "select count(*) from packages_stagedfile where reserved and filename = any(%s)"
    assert live.query(held, list(sent(tool))) == [(2,)]


# -- up again ------------------------------------------------------------------------------------


def test_after_a_lost_answer_the_same_command_succeeds_and_changes_nothing_UPL_2(  # noqa: N802
    tool: Publisher, live: Server, name: str, line: LossyLine
):
    """The file whose answer was lost is here; whatever the tool did not send yet follows."""
    tool.make_project(name)
    replace(tool, url=line.url).publish()  # some fail here, some try again by themselves
    assert line.lost.is_set()
    arrived = published(live, name)
    assert arrived
    assert is_happy(tool.publish())
    assert published(live, name) == sent(tool)
    before = serial(live)
    assert is_happy(tool.publish())
    assert serial(live) == before
    assert published(live, name) == sent(tool)
    assert live.query(FILE_ENTRIES, name) == [(2,)]


def test_other_bytes_under_a_used_name_are_refused_with_a_sentence_UPL_3(  # noqa: N802
    tool: Publisher, live: Server, name: str
):
    tool.make_project(name)
    assert is_happy(tool.publish())
    first = sent(tool)
    tool.make_project(name, description="Another")
    done = tool.publish(*tool.wordy)
    assert sent(tool).keys() == first.keys()
    assert sent(tool) != first
    assert published(live, name) == first
    if tool.asks_first:  # and takes what is there for what it has
        assert "already exists" in tool.said(done)
        return
    assert done.returncode != 0
    assert EXISTS in tool.said(done)


@only("hatch")
def test_hatch_is_refused_where_it_cannot_see_that_the_name_is_used(
    tool: Publisher, people: People, name: str
):
    """What is held for review stands on no page."""
    tool = replace(tool, token=people.newcomer)
    tool.make_project(name)
    assert is_happy(tool.publish())
    tool.make_project(name, description="Another")
    done = tool.publish()
    assert done.returncode != 0
    assert EXISTS in tool.said(done)


@only("twine6", "twine7", "poetry", "pdm")
def test_skip_existing_leaves_what_is_here_and_brings_the_rest(
    tool: Publisher, live: Server, name: str
):
    tool.make_project(name)
    wheel, sdist = (next(tool.dist.glob(f"*{ending}")) for ending in (".whl", ".gz"))
    kept = sdist.rename(tool.home / sdist.name)
    assert is_happy(tool.publish())
    first = published(live, name)
    assert list(first) == [wheel.name]
    tool.make_project(name, description="Another")
    kept.rename(sdist)
    done = tool.publish(*tool.skip)
    assert is_happy(done)
    assert "exist" in tool.said(done)
    assert published(live, name) == first | {sdist.name: sha256(sdist)}


@only("twine6", "twine7")
def test_twine_itself_allows_skip_existing_for_no_index_but_pypi(tool: Twine7, name: str):
    """Should this fail one day, the test above can do without its trick."""
    tool.make_project(name)
    done = tool.publish_as_it_is("--skip-existing")
    assert done.returncode != 0
    assert "UnsupportedConfiguration" in done.stdout


@only("uv")
def test_uv_with_a_check_url_sends_what_is_missing_and_nothing_twice(
    tool: Uv, live: Server, name: str
):
    check = ("--check-url", tool.simple)
    tool.make_project(name)
    sdist = next(tool.dist.glob("*.gz"))
    kept = sdist.rename(tool.home / sdist.name)
    before = len(live.requests())
    assert is_happy(tool.publish(*check))
    eventually(lambda: len(uploads(live, before)) == 1)
    kept.rename(sdist)
    assert is_happy(tool.publish(*check))
    eventually(lambda: len(uploads(live, before)) == 2)
    assert published(live, name) == sent(tool)


@only("uv")
def test_uv_with_a_check_url_finds_out_what_became_of_a_lost_answer(
    tool: Uv, live: Server, name: str, line: LossyLine
):
    tool.make_project(name)
    replace(tool, url=line.url).publish()
    assert line.lost.is_set()
    assert is_happy(tool.publish("--check-url", tool.simple))
    assert published(live, name) == sent(tool)


@only("uv")
def test_uv_with_a_check_url_notices_other_bytes_before_it_sends_them(
    tool: Uv, live: Server, name: str
):
    tool.make_project(name)
    assert is_happy(tool.publish())
    tool.make_project(name, description="Another")
    before = len(live.requests())
    done = tool.publish("--check-url", tool.simple)
    assert done.returncode != 0
    assert "do not match" in tool.said(done)
    assert uploads(live, before) == []


# -- turned away ---------------------------------------------------------------------------------


def test_a_revoked_token_is_refused_with_a_sentence_UPL_11(  # noqa: N802
    tool: Publisher, live: Server, people: People, name: str
):
    tool = replace(tool, token=people.revoked)
    tool.make_project(name)
    done = tool.publish(*tool.wordy)
    assert done.returncode != 0
    assert UNKNOWN_TOKEN in tool.said(done)
    assert published(live, name) == {}


def test_somebody_elses_project_is_refused_with_a_sentence_UPL_11(  # noqa: N802
    tool: Publisher, live: Server, people: People, name: str
):
    tool.make_project(name)
    assert is_happy(tool.publish())
    stranger = replace(tool, token=people.newcomer)
    stranger.make_project(name, "1.1")
    done = stranger.publish(*tool.wordy)
    assert done.returncode != 0
    assert "belongs to somebody else" in tool.said(done)
    assert all("1.1" not in file for file in published(live, name))
