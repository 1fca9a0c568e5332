"""Search on the wire, with the worker up: every change is right in the answers soon after it."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

import pytest

from tests.factories.dists import make_wheel
from tests.protocol.conftest import People
from tests.protocol.server import Server, eventually

pytestmark = pytest.mark.protocol

CHANGES = {
    "rename": 'renames.rename(project, "sought-after", actor=SYSTEM)',
    "yank": 'releases.yank(project.releases.get(), actor=SYSTEM, reason="Broken.")',
    "unyank": "releases.unyank(project.releases.get(), actor=SYSTEM)",
    "archive": "projects.archive(project, actor=SYSTEM)",
    "quarantine": 'projects.quarantine(project, actor=SYSTEM, reason="Looked at.")',
    "clear": "projects.clear(project, actor=SYSTEM)",
    "delete": 'projects.delete(project, actor=SYSTEM, reason="Unwanted.")',
}
CHANGE = """
from accounts.actors import SYSTEM
from packages import projects, releases, renames
from packages.models import Project
project = Project.objects.get(normalized_name="{name}")
{change}
"""
# What search says after each: the name and the status, or nothing.
STORY = [
    ("rename", "sought-first", [("sought-after", "active")]),
    ("yank", "sought-after", [("sought-after", "yanked")]),
    ("unyank", "sought-after", [("sought-after", "active")]),
    ("archive", "sought-after", [("sought-after", "archived")]),
    ("quarantine", "sought-after", []),
    ("clear", "sought-after", [("sought-after", "archived")]),
    ("delete", "sought-after", []),
]


def told(live: Server, text: str) -> tuple[list[tuple[str, str]], list[str], list[str]]:
    """What API, suggestions and page say."""
    results = live.get(f"/api/v1/search/?q={text}").json["results"]
    suggestions = live.get("/api/v1/suggest/?q=sought").json["suggestions"]
    page = live.get(f"/search/?q={text}").text
    names = ("sought-first", "sought-after")
    return (
        [(result["name"], result["status"]) for result in results],
        [suggestion["text"] for suggestion in suggestions],
        [name for name in names if f"/project/{name}/" in page],
    )


def test_every_change_is_soon_right_in_search_suggestions_and_api(
    live: Server, people: People, tmp_path: Path
):
    def becomes(expected: list[tuple[str, str]]) -> bool:
        names = [name for name, _ in expected]
        return told(live, "quaggaish") == (expected, names, names)

    extra = "Summary: A quaggaish thing"
    wheel = make_wheel(tmp_path, "sought-first", extra_metadata=extra)
    assert live.index.upload(wheel, people.trusted).status == 200
    eventually(lambda: becomes([("sought-first", "active")]), because="it was published")
    for change, name, expected in STORY:
        live.script(CHANGE.format(name=name, change=CHANGES[change]))
        eventually(lambda wanted=expected: becomes(wanted), because=change)


@pytest.mark.parametrize(
    "text",
    [
        *("-", "or", "&|!()<->:*", '"', "%", "((((", "-a -b -c", '-"x"', "\0", "\x1b[2J"),
        *("'; drop table search_searchdocument; --", "(a+)+$", "a:* & !b", "x" * 10_000),
        *("a " * 5_000, "-" * 10_000, '"a b" ' * 40, "😀" * 300, "or " * 90, "python:9" * 30),
        *("updated:>9999-99", "classifier:%", "author:" + "a" * 290, "import:" + "." * 200),
    ],
)
def test_hostile_text_gets_results_or_a_clear_message(live: Server, text: str):
    for path in ("/search/", "/api/v1/search/", "/api/v1/suggest/"):
        answer = live.get(f"{path}?q={quote(text)}")
        # The web server itself refuses what is longer than an address may be.
        assert answer.status in (200, 400, 414), answer.text
        assert "Traceback" not in answer.text
