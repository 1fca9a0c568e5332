"""Every status on every door: who shows what (design 1.4).

One project in every state, looked at through everything that could tell of it.
"""

from __future__ import annotations

import itertools
import xmlrpc.client
from dataclasses import dataclass

import pytest

from accounts.actors import SYSTEM
from packages import files, projects, releases
from packages.models import Artifact, File, Project, ProjectStatus, StagedFile
from tests.factories import jobs
from tests.factories.index import held, published
from tests.factories.people import UserFactory

pytestmark = pytest.mark.django_db

STATUSES = ProjectStatus.values
CONTENTS = ["held", "published", "yanked", "deleted"]
SUMMARY = "An uncommonly shiny widget"
DOORS = [
    "simple root HTML",
    "simple root JSON",
    "simple page HTML",
    "simple page JSON",
    "hatch page",
    "file",
    "metadata",
    "API list",
    "API detail",
    "PyPI JSON project",
    "PyPI JSON release",
    "project page",
    "release page",
    "home",
    "search by name",
    "search by text",
    "search of everything",
    "feed of releases",
    "feed of projects",
    "feed of the project",
    "sitemap",
    "XML-RPC list",
    "XML-RPC data",
    "XML-RPC files",
    "file of former years",
]
PAGES = ("simple page HTML", "simple page JSON", "hatch page", "API detail", "project page")
RELEASES = ("PyPI JSON project", "PyPI JSON release", "release page")
LISTS = ("API list", "feed of projects", "XML-RPC list", "XML-RPC data")
CALLS = {
    "XML-RPC list": ("list_packages", ()),
    "XML-RPC data": ("release_data", ("widget", "1.0")),
    "XML-RPC files": ("release_urls", ("widget", "1.0")),
}
JSON = {"accept": "application/vnd.pypi.simple.v1+json"}


@dataclass(frozen=True)
class State:
    status: str
    content: str

    def __str__(self) -> str:
        return f"{self.status}, {self.content}"

    @property
    def is_public(self) -> bool:
        return self.content != "held"

    @property
    def is_offered(self) -> bool:
        return self.is_public and self.status != "quarantined"

    @property
    def offers_its_file(self) -> bool:
        return self.is_offered and self.content != "deleted"


STATES = [State(*facts) for facts in itertools.product(STATUSES, CONTENTS)]


def arrange(state: State) -> Artifact:
    """The project ``widget`` in that state, its jobs done."""
    options = {"extra_metadata": f"Summary: {SUMMARY}"}
    if state.content == "held":
        project, file = held("widget", **options).project, StagedFile.objects.get()
    else:
        release = published("widget", uploader=UserFactory(trusted=True), **options)
        project, file = release.project, release.files.get()
    if state.content == "yanked":
        releases.yank(release, actor=SYSTEM, reason="wobbles")
    if state.content == "deleted":
        files.delete(file, actor=SYSTEM, reason="breaks")
    if state.status != "active":
        getattr(projects, _VERBS[state.status])(project, actor=SYSTEM, reason="so be it")
    jobs.run_all()
    return file


_VERBS = {"archived": "archive", "deprecated": "deprecate", "quarantined": "quarantine"}


def look(client, door: str, file: Artifact) -> tuple[int, str]:
    """The status and the text of what the door answers."""
    if door in CALLS:
        method, arguments = CALLS[door]
        body = xmlrpc.client.dumps(arguments, method)
        return read(client.post("/pypi", body, content_type="text/xml"))
    path = f"/files/{file.sha256}/{file.filename}"
    addresses = {
        "simple root HTML": "/simple/",
        "simple root JSON": "/simple/",
        "simple page HTML": "/simple/widget/",
        "simple page JSON": "/simple/widget/",
        "hatch page": "/legacy/+simple/widget/",
        "file": path,
        "metadata": f"{path}.metadata",
        "API list": "/api/v1/projects/",
        "API detail": "/api/v1/projects/widget/",
        "PyPI JSON project": "/pypi/widget/json",
        "PyPI JSON release": "/pypi/widget/1.0/json",
        "project page": "/project/widget/",
        "release page": "/project/widget/1.0/",
        "home": "/",
        "search by name": "/search/?q=Widget",
        "search by text": "/search/?q=uncommonly+shiny",
        "search of everything": "/search/",
        "feed of releases": "/feeds/releases.rss",
        "feed of projects": "/feeds/projects.atom",
        "feed of the project": "/feeds/project/widget/releases.atom",
        "sitemap": "/sitemaps/0.xml",
        "file of former years": f"/packages/py3/w/widget/{file.filename}",
    }
    return read(client.get(addresses[door], headers=JSON if "JSON" in door else {}))


def read(response) -> tuple[int, str]:
    parts = response.streaming_content if response.streaming else [response.content]
    return response.status_code, b"".join(parts).decode(errors="replace")


def expected(door: str, state: State) -> tuple[int, bool, bool]:
    """The status, whether the project is named, and whether its file is."""
    public, offered, file = state.is_public, state.is_offered, state.offers_its_file
    answers = {
        **dict.fromkeys(("file", "metadata"), (found(file), file, False)),
        **dict.fromkeys(("simple root HTML", "simple root JSON"), (200, public, False)),
        **dict.fromkeys(PAGES, (found(public), public, file)),
        **dict.fromkeys(RELEASES, (found(offered), offered, file)),
        **dict.fromkeys(LISTS, (200, offered, False)),
        "feed of the project": (found(public), public, False),
        "sitemap": (found(offered), offered, False),
        "XML-RPC files": (200, file, file),
        "file of former years": (301 if file else 404, False, False),
    }
    # What has nothing to install is not recommended.
    return answers.get(door, (200, file, False))


def found(there: bool) -> int:
    return 200 if there else 404


def seen(client, door: str, file: Artifact) -> tuple[int, bool, bool]:
    """The status, whether the answer names the project, and whether its file."""
    status, text = look(client, door, file)
    if door == "file":
        named = text.startswith("PK")
    elif "search" in door:  # what was asked for stands in the page, found or not
        named = "/project/widget/" in text
    elif status == 200:
        named = "widget" in text
    else:
        named = SUMMARY in text
    return status, named, file.sha256 in text


@pytest.mark.parametrize("state", STATES, ids=str)
def test_every_door_shows_what_may_be_seen_and_nothing_more(client, state):
    file = arrange(state)
    assert {door: seen(client, door, file) for door in DOORS} == {
        door: expected(door, state) for door in DOORS
    }


@pytest.mark.parametrize("state", STATES, ids=str)
def test_the_query_sets_agree_with_the_doors(state):
    arrange(state)
    assert Project.objects.known().exists() is state.is_public
    assert Project.objects.listed().exists() is state.is_offered
    assert File.objects.offered().exists() is state.offers_its_file


@pytest.mark.parametrize("status", ["archived", "deprecated", "quarantined"])
@pytest.mark.parametrize(
    "door", ["simple page HTML", "simple page JSON", "API detail", "project page"]
)
def test_every_page_of_a_project_tells_its_status_and_why(client, status, door):
    file = arrange(State(status, "published"))
    _, text = look(client, door, file)
    assert status in text or "in quarantine" in text
    assert "so be it" in text


@pytest.mark.parametrize(
    "door", ["simple page HTML", "simple page JSON", "API detail", "project page"]
)
def test_every_page_of_a_project_tells_that_a_release_is_yanked_and_why(client, door):
    file = arrange(State("active", "yanked"))
    assert "wobbles" in look(client, door, file)[1]


def test_activating_brings_back_the_same_bytes(client):
    file = arrange(State("active", "published"))
    before = {door: look(client, door, file) for door in ("simple page HTML", "file", "metadata")}
    projects.quarantine(file.project, actor=SYSTEM, reason="odd")
    projects.activate(file.project, actor=SYSTEM)
    jobs.run_all()
    after = {door: look(client, door, file) for door in before}
    assert before == after
    assert "/project/widget/" in look(client, "search by name", file)[1]
