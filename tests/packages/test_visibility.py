"""Every state on every door: who shows what (design 1.4).

One project for each combination of project status, release state, file state and stage; every
address of the site is either a door that is asked about all of them, or stands in `EXEMPT` with the
reason.  What a door should say is derived from the few rules of `May`.
"""

from __future__ import annotations

import json
import re
import xmlrpc.client
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from html import unescape
from typing import Any
from urllib.parse import urljoin

import pytest
from django.test import Client
from django.urls import URLResolver

from accounts.actors import SYSTEM
from packages import files, projects, releases
from packages.models import File, Project, Release
from pypi_site import urls
from search import tasks as search
from tests.factories import doors, states
from tests.factories.index import published
from tests.factories.states import REMOVED, SHA256, SUMMARY, UNBORN, State

pytestmark = pytest.mark.django_db

JSON = {"accept": "application/vnd.pypi.simple.v1+json"}
NOTHING: frozenset[str] = frozenset()


# -- the rules -----------------------------------------------------------------------------------


class May:
    """What may be seen of a project in a state."""

    def __init__(self, state: State) -> None:
        born = state.release != UNBORN and state.status != REMOVED
        self.be_known = born
        self.be_listed = born and state.status != "quarantined"
        self.show_first = self.be_listed and state.release != "quarantined"
        self.show_second = self.be_listed and state.stage == "published"
        self.show_files = frozenset(self._files(state))
        self.be_recommended = bool(self.show_files)

    def _files(self, state: State) -> Iterator[str]:
        left = self.show_first and state.release != "all files deleted"
        if left and state.file in ("offered", "yanked"):
            yield "wheel"
        if left:
            yield "sdist"
        if self.show_second:
            yield "other"

    def files_of(self, version: str) -> frozenset[str]:
        return self.show_files & ({"other"} if version == "2.0" else {"wheel", "sdist"})


# -- doors that are about one project ------------------------------------------------------------


@dataclass(frozen=True)
class Answer:
    """The status, and which of the project's files are named."""

    status: int
    files: frozenset[str] = NOTHING


Ask = Callable[[Client, State], Answer]
Expect = Callable[[State, May], Answer]


def get(address: str, **headers: str) -> Ask:
    """Ask at an address; `{name}` and the filenames stand for those of the state."""

    def ask(client: Client, state: State) -> Answer:
        response = client.get(address.format(name=state.name, **state.files), headers=headers)
        text = text_of(response)
        return Answer(response.status_code, states.filenames_in(state, text))

    return ask


def by_lane(address: str, *, whole: bool = False, **headers: str) -> Ask:
    """The same as the server answers it, who asks the lanes ahead of Django.

    `whole`: an answer names a file by being its bytes, not by saying its name.
    """

    def ask(client: Client, state: State) -> Answer:
        path = address.format(name=state.name, **state.files)
        reply = doors.anybody().get(path, **headers)
        text = path if whole and reply.body == states.CONTENT else reply.text
        return Answer(reply.status, states.filenames_in(state, text))

    return ask


def text_of(response: Any) -> str:
    parts = response.streaming_content if response.streaming else [response.content]
    return b"".join(parts).decode(errors="replace")


def known(state: State, may: May) -> Answer:
    return Answer(200, may.show_files) if may.be_known else Answer(404)


def with_a_release(state: State, may: May) -> Answer:
    any_release = may.show_first or may.show_second
    return Answer(200, may.show_files) if any_release else Answer(404)


def first(state: State, may: May) -> Answer:
    return Answer(200, may.files_of("1.0")) if may.show_first else Answer(404)


def second(state: State, may: May) -> Answer:
    return Answer(200, may.files_of("2.0")) if may.show_second else Answer(404)


def best(state: State, may: May) -> Answer:
    """The page of the project shows the files of one release: not yanked, then the newest."""
    if not may.be_known:
        return Answer(404)
    return Answer(200, may.files_of("2.0" if may.show_second else "1.0"))


def feed_of(client: Client, state: State) -> Answer:
    """Which versions it tells of, where other doors tell of files."""
    response = client.get(f"/feeds/project/{state.name}/releases.atom")
    told = re.findall(r"<title>\S+ (\d\.\d)</title>", text_of(response))
    return Answer(response.status_code, frozenset(told))


def feed(state: State, may: May) -> Answer:
    told = frozenset(version for version in ("1.0", "2.0") if may.files_of(version))
    return Answer(200, told) if may.be_known else Answer(404)


def former_address(client: Client, state: State) -> Answer:
    return Answer(client.get(f"/packages/py3/w/{state.name}/{state.files['wheel']}").status_code)


def leads_on(state: State, may: May) -> Answer:
    return Answer(301 if "wheel" in may.show_files else 404)


def bytes_of(kind: str, suffix: str = "") -> tuple[Ask, Expect]:
    """A file is there, with its bytes, exactly while it may be seen."""

    def ask(client: Client, state: State) -> Answer:
        response = client.get(f"/files/{SHA256}/{state.files[kind]}{suffix}")
        whole = text_of(response) in (states.CONTENT.decode(), states.METADATA.decode())
        return Answer(response.status_code, frozenset({kind} if whole else NOTHING))

    def expect(state: State, may: May) -> Answer:
        there = kind in may.show_files
        return Answer(200, frozenset({kind})) if there else Answer(404)

    return ask, expect


def bytes_by_lane(kind: str) -> tuple[Ask, Expect]:
    return by_lane(f"/files/{SHA256}/{{{kind}}}", whole=True), bytes_of(kind)[1]


def rpc(method: str, *arguments: str) -> Ask:
    """Ask by XML-RPC; the status is 200 if there is any answer, else 404."""

    def ask(client: Client, state: State) -> Answer:
        result = call(client, method, state.name, *arguments)
        return Answer(200 if result else 404, states.filenames_in(state, json.dumps(result)))

    return ask


def call(client: Client, method: str, *arguments: Any) -> Any:
    body = xmlrpc.client.dumps(arguments, method)
    response = client.post("/pypi", body, content_type="text/xml")
    return xmlrpc.client.loads(text_of(response))[0][0]


def rpc_files(version: str) -> Expect:
    def expect(state: State, may: May) -> Answer:
        shown = may.files_of(version)
        return Answer(200, shown) if shown else Answer(404)

    return expect


def rpc_any(state: State, may: May) -> Answer:
    return Answer(200 if may.be_recommended else 404)


DOORS: dict[str, list[tuple[Ask, Expect]]] = {
    "/simple/<project:name>/": [
        (get("/simple/{name}/"), known),
        (get("/simple/{name}/", **JSON), known),
        (by_lane("/simple/{name}/"), known),
        (by_lane("/simple/{name}/", **JSON), known),
    ],
    "/legacy/+simple/<project:name>/": [(get("/legacy/+simple/{name}/"), known)],
    "/files/<sha256:sha256>/<filename:filename>": [
        *map(bytes_of, ("wheel", "sdist", "other")),
        *map(bytes_by_lane, ("wheel", "sdist", "other")),
    ],
    "/files/<sha256:sha256>/<filename:filename>.metadata": [bytes_of("wheel", ".metadata")],
    "/pypi/<project:name>/json": [(get("/pypi/{name}/json"), with_a_release)],
    "/pypi/<project:name>/<version:version>/json": [
        (get("/pypi/{name}/1.0/json"), first),
        (get("/pypi/{name}/2.0/json"), second),
    ],
    "/packages/<path:rest>": [(former_address, leads_on)],
    "/feeds/project/<project:name>/releases.<feed:form>": [(feed_of, feed)],
    "/pypi": [
        (rpc("release_urls", "1.0"), rpc_files("1.0")),
        (rpc("release_urls", "2.0"), rpc_files("2.0")),
        (rpc("package_releases"), rpc_any),
    ],
    "/api/v1/projects/(?P<pk>[A-Za-z0-9][A-Za-z0-9._-]*)/$": [
        (get("/api/v1/projects/{name}/"), known)
    ],
    "/api/v1/projects/<project:name>/downloads/": [
        (get("/api/v1/projects/{name}/downloads/"), known),
        (get("/api/v1/projects/{name}/downloads/?version=1.0"), first),
        (get("/api/v1/projects/{name}/downloads/?version=2.0"), second),
    ],
    "/project/<project:name>/": [(get("/project/{name}/"), best)],
    "/project/<project:name>/<version:version>/": [
        (get("/project/{name}/1.0/"), first),
        (get("/project/{name}/2.0/"), second),
    ],
}


# -- doors that list projects --------------------------------------------------------------------


Listing = Callable[[Client], str]
Predicate = Callable[[May], bool]


def one(address: str, **headers: str) -> Listing:
    return lambda client: text_of(client.get(address, headers=headers))


def followed(client: Client, address: str) -> str:
    """All pages of results that link from one to the next."""
    texts = []
    while address:
        text = text_of(client.get(address))
        texts.append(text)
        link = re.search(r'rel="next" href="([^"]+)"', text)
        address = urljoin(address, unescape(link[1])) if link else ""
    return "".join(texts)


def api_pages(start: str) -> Listing:
    """The same in JSON."""

    def read(client: Client) -> str:
        texts, address = [], start
        while address:
            page = client.get(address).json()
            texts.append(json.dumps(page["results"]))
            address = page["next"]
        return "".join(texts)

    return read


def listed_by_rpc(client: Client) -> str:
    return json.dumps(call(client, "list_packages"))


def listed_with_serial(client: Client) -> str:
    return json.dumps(call(client, "list_packages_with_serial"))


def sitemaps(client: Client) -> str:
    """Every part that the list of sitemaps names."""
    parts = re.findall(r"<loc>([^<]+)</loc>", text_of(client.get("/sitemap.xml")))
    return "".join(text_of(client.get(part)) for part in parts)


def kept(client: Client) -> str:
    return json.dumps(call(client, "user_packages", states.KEEPER))


def browsed(client: Client) -> str:
    return json.dumps(call(client, "browse", ["Shiny :: Yes"]))


def is_known(may: May) -> bool:
    return may.be_known


def is_listed(may: May) -> bool:
    return may.be_listed


def is_recommended(may: May) -> bool:
    return may.be_recommended


def has_a_release(may: May) -> bool:
    return may.show_first or may.show_second


# Whether all that it may show is shown, or only the newest of that.
ALL, SOME = True, False
LISTS: dict[str, list[tuple[Listing, Predicate, bool]]] = {
    "/simple/": [
        (one("/simple/"), is_known, ALL),
        (one("/simple/", **JSON), is_known, ALL),
    ],
    "/pypi": [
        (listed_by_rpc, is_listed, ALL),
        (listed_with_serial, is_listed, ALL),
        (browsed, has_a_release, ALL),
        (kept, is_listed, ALL),
    ],
    "/api/v1/projects/$": [(api_pages("/api/v1/projects/?page_size=500"), is_listed, ALL)],
    "/search/": [
        (lambda client: followed(client, "/search/?q=shiny"), is_recommended, ALL),
    ],
    "/api/v1/search/": [
        (api_pages("/api/v1/search/?q=shiny&page_size=100"), is_recommended, ALL),
        (api_pages("/api/v1/search/?page_size=100"), is_recommended, ALL),
    ],
    "/api/v1/suggest/": [(one("/api/v1/suggest/?q=w0"), is_recommended, SOME)],
    "/": [(one("/"), is_recommended, SOME)],
    "/sitemaps/<int:number>.xml": [(sitemaps, is_listed, ALL)],
    "/feeds/releases.<feed:form>": [(one("/feeds/releases.rss"), is_recommended, SOME)],
    "/feeds/projects.<feed:form>": [(one("/feeds/projects.atom"), is_listed, SOME)],
    "/feeds/user/<str:username>/releases.<feed:form>": [
        (one(f"/feeds/user/{states.KEEPER}/releases.atom"), is_recommended, SOME)
    ],
    "/feeds/user/<str:username>/projects.<feed:form>": [
        (one(f"/feeds/user/{states.KEEPER}/projects.rss"), is_listed, SOME)
    ],
}


# -- addresses that show nothing of any project --------------------------------------------------


OWNERS = (
    "for the people of a project only (tests/packages/test_manage_pages.py, test_stage_views.py,"
    " accounts/test_histories.py)"
)
WRITES = "changes things, and asks for a token or a session"
SECRET = "shows what is staged to whoever knows its secret (uploads/sessions/test_previews.py)"
SAME = "the same view at another address"
LOG = "tells what moderators hid, to everybody, on purpose (moderation/test_removals.py)"
STATIC = "tells nothing of projects"
EXEMPT: dict[str, str] = {
    r"^/simple$|^/simple/<project:name>$|^/upload/2\.0$|^/legacy$": SAME,
    r"^/pypi/$|^/RPC2$|^/pypi/.*/json/$|^/rss/|^/sitemap\.xml$": SAME,
    r"^/(pypi|p)/<project:name>(/<version:version>)?/?$": "leads to a page, unseen",
    r"^/packages/<sha256:": "leads to a file, unseen",
    r"^/(user|u)/<str:username>/?$": "leads to the search, unseen",
    r"^/account/|^/help/?$|^/security/?$|^/\.well-known/|^/opensearch\.xml$": STATIC,
    r"^/api/v1/account/events/$": "one's own trail only (accounts/test_histories.py)",
    r"^/api/v1/teams/": "one's own teams only (packages/test_team_api.py)",
    r"^/api/v1/people/": "for trusted scanners only (moderation/test_person_reports.py)",
    r"^/api/v1/figures/$": "for moderators only (moderation/test_figures.py)",
    r"^/removals/|^/api/v1/removals/|^/feeds/removals\.": LOG,
    r"^/_/leaked-tokens/$|^/_/oidc/": "takes reports of leaked tokens, and identity tokens",
    r"^/api/v1/.*P<format>|^/api/v1/<drf_format": SAME,
    r"^/api/v1/$": STATIC,
    r"^/healthz$|^/robots\.txt$|^/help/.|^/accounts/|^/admin/": STATIC,
    r"^/legacy/$|^/upload/2\.0/|^/api/v1/publishers/|/report/$": WRITES,
    r"^/legacy/<project:name>/<version:version>/$": "leads to the page of a release, unseen",
    r"^/stages/": SECRET,
    r"^/api/v1/projects/<project:name>/(?!downloads/)": WRITES,
    r"^/project/<project:name>/(stages|files|releases|settings|people|publishers|history)/": OWNERS,
    r"^/\(\?:": "answers what is nowhere else: not found, or the same with a slash",
}


def test_every_address_is_a_door_or_says_why_it_is_none():
    every, doors = set(addresses(urls.urlpatterns)), {*DOORS, *LISTS}
    assert doors - every == set()
    exempt = {route for route in every for pattern in EXEMPT if re.search(pattern, route)}
    assert every - doors - exempt == set()
    assert doors & exempt == set()


def test_no_exemption_is_out_of_use():
    every = list(addresses(urls.urlpatterns))
    unused = [each for each in EXEMPT if not any(re.search(each, route) for route in every)]
    assert unused == []


def addresses(patterns: list[Any], prefix: str = "/") -> Iterator[str]:
    """Every address, those that others bring (allauth, the admin, DRF) included."""
    for pattern in patterns:
        route = prefix + str(pattern.pattern).removeprefix("^")
        if isinstance(pattern, URLResolver):
            yield from addresses(pattern.url_patterns, route)
        else:
            yield route


# -- everything at once --------------------------------------------------------------------------


def test_every_door_shows_what_may_be_seen_of_every_state_and_nothing_more(client, settings):
    settings.Q_CLUSTER = {}  # jobs wait for a commit that never comes; search is brought up below
    everything = states.every_state()
    states.arrange(everything)
    for key in Project.objects.values_list("pk", flat=True):
        search.update(key)
    may = {state: May(state) for state in everything}
    require_query_sets_agree(may)
    wrong = [
        f"{route}: {state}: {got} instead of {wanted}"
        for route, pairs in DOORS.items()
        for ask, expect in pairs
        for state in everything
        if (got := ask(client, state)) != (wanted := expect(state, may[state]))
    ]
    wrong += [
        f"{route}: {name}"
        for route, lists in LISTS.items()
        for read, predicate, whole in lists
        for name in differences(read(client), may, predicate, whole=whole)
    ]
    assert wrong == []


def differences(text: str, may: dict[State, May], predicate: Predicate, *, whole: bool) -> set[str]:
    """Which projects a list names wrongly, or (where it shows the `whole`) leaves out."""
    named = {name.lower() for name in re.findall(r"\b[Ww]\d{4}\b", text)}
    wanted = {state.name for state, allowed in may.items() if predicate(allowed)}
    assert named, "the list is empty"
    return named ^ wanted if whole else named - wanted


def require_query_sets_agree(may: dict[State, May]) -> None:
    """What all doors ask says the same as the rules."""

    def those(predicate: Predicate) -> set[str]:
        return {state.name for state, allowed in may.items() if predicate(allowed)}

    def named(queryset: Any, path: str = "normalized_name") -> set[str]:
        return set(queryset.values_list(path, flat=True))

    assert named(Project.objects.known()) == those(is_known)
    assert named(Project.objects.listed()) == those(is_listed)
    offered = Release.objects.offered()
    assert named(offered, "project__normalized_name") == those(has_a_release)
    assert named(offered.with_files(), "project__normalized_name") == those(is_recommended)
    shown = {state.files[kind] for state, allowed in may.items() for kind in allowed.show_files}
    assert named(File.objects.offered(), "filename") == shown


# -- what the pages say about it -----------------------------------------------------------------


PAGES = ["/simple/demo/", "/api/v1/projects/demo/", "/project/demo/"]
VERBS = [projects.archive, projects.deprecate, projects.quarantine]


@pytest.mark.parametrize("verb", VERBS, ids=lambda verb: verb.__name__)
@pytest.mark.parametrize("page", PAGES)
def test_every_page_of_a_project_tells_its_status_and_why(client, page, verb):
    project = verb(published().project, actor=SYSTEM, reason="so be it")
    text = text_of(client.get(page))
    assert project.status in text or "in quarantine" in text
    assert "so be it" in text


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("what", ["release", "file"])
def test_every_page_of_a_project_tells_that_something_is_yanked_and_why(client, page, what):
    release = published()
    if what == "release":
        releases.yank(release, actor=SYSTEM, reason="wobbles")
    else:
        files.yank(release.files.get(), actor=SYSTEM, reason="wobbles")
    assert "wobbles" in text_of(client.get(page))


@pytest.mark.parametrize("page", PAGES)
def test_every_page_of_a_deprecated_project_names_its_successor(client, page):
    projects.deprecate(published().project, actor=SYSTEM, reason="old", successor="shinier")
    assert "shinier" in text_of(client.get(page))


@pytest.mark.parametrize("page", PAGES)
def test_a_quarantine_hides_the_successor(client, page):
    project = published().project
    projects.deprecate(project, actor=SYSTEM, successor="evil-twin")
    projects.quarantine(project, actor=SYSTEM, reason="odd")
    assert "evil-twin" not in text_of(client.get(page))


@pytest.mark.parametrize("level", ["project", "release", "file"])
@pytest.mark.parametrize("before", ["active", "archived", "deprecated", "yanked"])
def test_clearing_a_quarantine_brings_back_the_same_bytes(client, level, before):
    release = published(extra_metadata=f"Summary: {SUMMARY}")
    project, file = release.project, release.files.get()
    if before == "yanked":
        releases.yank(release, actor=SYSTEM, reason="wobbles")
    elif before != "active":
        states.STATUS_VERBS[before](project, actor=SYSTEM, reason="so be it")
    verbs, item = {
        "project": (projects, project),
        "release": (releases, release),
        "file": (files, file),
    }[level]
    seen = bodies(client, file)
    verbs.quarantine(item, actor=SYSTEM, reason="odd")
    assert bodies(client, file) != seen
    verbs.clear(item, actor=SYSTEM)
    assert bodies(client, file) == seen


def bodies(client: Client, file: File) -> list[str]:
    addresses = ["/simple/demo/", "/project/demo/", file.get_absolute_url(), "/pypi/demo/1.0/json"]
    texts = [text_of(client.get(address)) for address in addresses]
    # The number of the last change is the one thing that moves.
    return [re.sub(r'"last_serial":\d+', "", text) for text in texts]
