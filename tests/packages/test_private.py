"""Private projects and private indexes: every door, asked by everybody (SIM-13)."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from django.utils import timezone

from accounts import tokens
from accounts.actors import SYSTEM
from accounts.models import User
from packages import projects, reach, readers
from packages.models import FormerName, Project, Role, Stage, Team, TeamMember, TeamRole
from packages.models.reader import ANYBODY, KEEPER, MEMBER
from packages.names import version_sort_key
from packages.simple import guarded, page_files, root_files, store
from search import tasks as search
from tests.factories import doors
from tests.factories.doors import Asker, Reply
from tests.factories.index import published
from tests.factories.people import AdministratorFactory, UserFactory, actor

pytestmark = pytest.mark.django_db

MODES = ("", "members", "roles")
SECRET, PLAIN, ABSENT = "secret", "simply", "absent"
STAGE = {SECRET: "s" * 43, PLAIN: "p" * 43, ABSENT: "a" * 43}
METADATA = "Summary: A demonstration\nClassifier: Topic :: Utilities"


@dataclass(frozen=True)
class World:
    """A private and a public project of the keeper's, and everybody who may ask."""

    shas: dict[str, str]
    reader: User
    member: User
    stranger: User
    administrator: User


@pytest.fixture
def world(settings):
    settings.Q_CLUSTER = {}  # jobs wait for a commit that never comes
    keeper = UserFactory(username="keeper", trusted=True)
    shas = {}
    for name in (SECRET, PLAIN):
        release = published(name, uploader=keeper, extra_metadata=METADATA)
        shas[name] = release.files.get().sha256
        _stage(release.project, STAGE[name])
    secret = Project.objects.get(normalized_name=SECRET)
    projects.make_private(secret, actor=SYSTEM)
    for project in Project.objects.all():
        search.update(project.pk)
    return World({**shas, ABSENT: shas[SECRET]}, *_people(secret))


def _stage(project: Project, token: str) -> None:
    key = version_sort_key("2.0")
    Stage.objects.create(
        project=project, version="2.0", sort_key=key, session_token=token, expires_at=timezone.now()
    )


def _people(secret: Project) -> tuple[User, User, User, User]:
    reader, member = UserFactory(), UserFactory()
    Role.objects.create(project=secret, user=reader, kind="reader")
    team = Team.objects.create(name="crew")
    TeamMember.objects.create(team=team, user=member, kind="member")
    TeamRole.objects.create(team=team, project=secret, kind="reader")
    return reader, member, UserFactory(), AdministratorFactory()


def _token(user: User, *names: str, actions: list[str] | None = None) -> Asker:
    scope = {"actions": actions or ["read"], "limited": bool(names)}
    token, text = tokens.mint(user, actor=SYSTEM, name="test", **scope)
    reach.limit_token(token, Project.objects.filter(normalized_name__in=names))
    return doors.with_token(text)


def _revoked(user: User) -> Asker:
    token, text = tokens.mint(user, actor=SYSTEM, name="test")
    tokens.revoke(token, actor=SYSTEM)
    return doors.with_token(text)


# -- the rules: who sees what in which kind of index ----------------------------------------------

ASKERS: dict[str, Callable[[World], Asker]] = {
    "anonymous": lambda world: doors.anybody(),
    "stranger": lambda world: doors.signed_in(world.stranger),
    "reader": lambda world: doors.signed_in(world.reader),
    "member of a team": lambda world: doors.signed_in(world.member),
    "administrator": lambda world: doors.signed_in(world.administrator),
    "token that reads": lambda world: _token(world.reader),
    "token of a member": lambda world: _token(world.member),
    "token for it": lambda world: _token(world.reader, SECRET),
    "token of an administrator": lambda world: _token(world.administrator),
    "token for another": lambda world: _token(world.reader, PLAIN),
    "token that uploads": lambda world: _token(world.reader, actions=["upload", "yank", "manage"]),
    "token of a stranger": lambda world: _token(world.stranger),
    "revoked token": lambda world: _revoked(world.reader),
    "no token at all": lambda world: doors.with_token("gate-nonsense"),
}
INSIDERS = {"reader", "member of a team", "token that reads", "token of a member", "token for it"}
ADMINISTRATORS = {"administrator", "token of an administrator"}
NOBODY = {"anonymous", "revoked token", "no token at all"}
USELESS = {"revoked token", "no token at all"}
NO_READING = {"token that uploads"}
LIMITED = {"token for it", "token for another"}


def may_see(asker: str, name: str, mode: str) -> bool:
    if name == ABSENT:
        return False
    if asker in ADMINISTRATORS:
        return True
    if name == SECRET and asker in INSIDERS:
        return True
    if name == SECRET or mode == "roles":
        return False
    return mode == "" or asker not in NOBODY | NO_READING | LIMITED


def may_use(asker: str, door: str, mode: str) -> bool:
    """The API, and XML-RPC, take no credentials rather than useless ones."""
    return not (asker in USELESS and door.startswith("/api/"))


@pytest.mark.parametrize("mode", MODES)
def test_every_door_shows_a_project_to_whom_it_may_and_nothing_to_others(world, settings, mode):
    settings.PRIVATE = mode
    wrong = [
        f"{asker}: {complaint}"
        for asker, make in ASKERS.items()
        for complaint in _complaints(make(world), asker, world, mode)
    ]
    assert wrong == []


def _complaints(asking: Asker, asker: str, world: World, mode: str) -> Iterator[str]:
    for door, headers in doors.OF_A_PROJECT.items():
        for name in (SECRET, PLAIN):
            reply = _ask(asking, world, door, headers, name)
            shown = reply.status in (200, 206, 301, 302, 304) and not _leads_to_sign_in(reply)
            if shown != (may_see(asker, name, mode) and may_use(asker, door, mode)):
                yield f"{door} of {name}: {reply.status}"
            if shown and name == SECRET and not _is_confidential(reply):
                yield f"{door}: {reply.headers}"
        if not may_see(asker, SECRET, mode):
            yield from _differences(asking, world, door, headers)


def _ask(
    asking: Asker, world: World, door: str, headers: dict[str, str], name: str, method: str = "GET"
) -> Reply:
    place = {"name": name, "sha": world.shas[name], "stage": STAGE[name], "first": name[0]}
    sent = {key: value.format(**place) for key, value in headers.items()}
    return asking.get(door.partition("#")[0].format(**place), method, **sent)


def _differences(asking: Asker, world: World, door: str, headers: dict[str, str]) -> Iterator[str]:
    """The same status, headers and body, by GET and by HEAD."""
    for method in ("GET", "HEAD"):
        one, other = (
            _plain(_ask(asking, world, door, headers, name, method), name)
            for name in (SECRET, ABSENT)
        )
        if one != other:
            yield f"{door} tells {SECRET} from {ABSENT}: {one} {other}"


def _plain(reply: Reply, name: str) -> tuple[int, dict[str, str], str]:
    """Without what differs each time, and what the address says itself."""
    status, headers, text = reply.without(name)
    text = re.sub(r'csrfmiddlewaretoken" value="\w+"', "", text).replace(STAGE[name], "STAGE")
    return status, {key: _placed(value, name) for key, value in headers.items()}, text


def _placed(value: str, name: str) -> str:
    return value.replace(STAGE[name], "STAGE").replace(f"/{name[0]}/NAME", "/N/NAME")


def _leads_to_sign_in(reply: Reply) -> bool:
    return reply.headers.get("location", "").startswith("/accounts/login/")


def _is_confidential(reply: Reply) -> bool:
    """Kept by nobody, and told apart by whoever keeps answers all the same."""
    stored = "surrogate-control" in reply.headers or "public" in reply.headers["cache-control"]
    named = {"Authorization", "Cookie"} <= set(reply.headers["vary"].split(", "))
    return "no-store" in reply.headers["cache-control"] and named and not stored


@pytest.mark.parametrize("mode", MODES)
def test_every_list_names_what_may_be_seen_and_nothing_more(world, settings, mode):
    settings.PRIVATE = mode
    wrong = []
    for asker, make in ASKERS.items():
        asking = make(world)
        allowed = {name for name in (SECRET, PLAIN) if may_see(asker, name, mode)}
        for address in doors.LISTS:
            for name in (SECRET, PLAIN):
                told = doors.names_in(_listed(asking, address, name), name)
                if told != {name} & _told_at(address, asker, allowed, mode):
                    wrong.append(f"{asker}, {address} ({name}): {told}")
        for method in doors.LISTING_CALLS:
            told = doors.names_in(doors.called(asking, method), SECRET, PLAIN)
            if told != (set() if asker in USELESS else allowed):
                wrong.append(f"{asker}, {method}: {told}")
    assert wrong == []


def _told_at(address: str, asker: str, allowed: set[str], mode: str) -> set[str]:
    """Sitemaps are for crawlers, who are nobody."""
    if not may_use(asker, address, mode):
        return set()
    crawled = {PLAIN} if mode == "" else set()
    return crawled if address.startswith("/sitemaps/") else allowed


def _listed(asking: Asker, address: str, name: str) -> str:
    """Without what was typed, which a page of results repeats."""
    text = doors.listed(asking, address, name)
    if "{" in address or "/accounts/login/" in text:
        return "".join(re.findall(r"/project/\w+/", text))
    return text


@pytest.mark.parametrize("mode", MODES)
def test_xml_rpc_answers_about_a_hidden_project_as_about_none(world, settings, mode):
    settings.PRIVATE = mode
    for asker, make in ASKERS.items():
        asking = make(world)
        for method, arguments in doors.calls(SECRET).items():
            found = asking.call(method, *arguments)
            assert bool(found) == may_see(asker, SECRET, mode), (asker, method)
            if not found:
                assert found == asking.call(method, *doors.calls(ABSENT)[method])


def test_the_prepared_pages_of_everybody_hold_nothing_private(world):
    everything = [ASKERS[asker](world) for asker in ("reader", "anonymous", "token that reads")]
    for asking in everything:
        for address in ("/simple/", f"/simple/{SECRET}/", f"/simple/{PLAIN}/"):
            asking.get(address)
    assert page_files.is_stored(PLAIN)
    assert not page_files.is_stored(SECRET)
    stored = b"".join(path.read_bytes() for path in root_files.folder().iterdir())
    assert SECRET.encode() not in stored


# -- a switch -------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_a_project_that_becomes_private_is_gone_at_once_from_memory_and_from_the_disk(settings):
    settings.PAGES_RECHECK_SECONDS = 3600  # only a change marker makes anybody ask again
    release = published(SECRET)
    file = release.files.get()
    addresses = [f"/simple/{SECRET}/", file.get_absolute_url(), f"/pypi/{SECRET}/json"]
    assert {doors.anybody().get(each).status for each in addresses} == {200}
    assert SECRET in doors.anybody().get("/simple/").text
    projects.make_private(release.project, actor=SYSTEM)
    assert not page_files.is_stored(SECRET)
    assert root_files.load() is None
    assert {doors.anybody().get(each).status for each in addresses} == {404}
    assert SECRET not in doors.anybody().get("/simple/").text
    projects.make_public(release.project, actor=SYSTEM)
    assert {doors.anybody().get(each).status for each in addresses} == {200}


@pytest.mark.django_db(transaction=True)
def test_with_the_database_away_nothing_of_what_became_private_is_served(monkeypatch, settings):
    release = published(SECRET)
    published(PLAIN)
    for address in ("/simple/", f"/simple/{SECRET}/", f"/simple/{PLAIN}/"):
        doors.anybody().get(address)
    projects.make_private(release.project, actor=SYSTEM)
    monkeypatch.setattr(store.database, "is_away", lambda: True)
    assert store.find(PLAIN, store.Kind.HTML) is not None
    for name in (SECRET, store.INDEX):
        with pytest.raises(store.DATABASE_AWAY):
            store.find(name, store.Kind.HTML)


def test_an_etag_from_public_times_opens_nothing(world):
    project = Project.objects.get(normalized_name=SECRET)
    projects.make_public(project, actor=SYSTEM)
    page = doors.anybody().get(f"/simple/{SECRET}/")
    feed = doors.anybody().get(f"/feeds/project/{SECRET}/releases.rss")
    projects.make_private(project, actor=SYSTEM)
    for address, reply in {f"/simple/{SECRET}/": page, f"/pypi/{SECRET}/json": feed}.items():
        for tag in (reply.headers["etag"], "*"):
            assert doors.anybody().get(address, **{"if-none-match": tag}).status == 404


def test_a_former_name_of_a_private_project_leads_nowhere_but_for_its_readers(world):
    project = Project.objects.get(normalized_name=SECRET)
    FormerName.objects.create(project=project, name="oldish", normalized_name="oldish")
    reader = ASKERS["reader"](world)
    for address in ("/simple/{}/", "/project/{}/", "/pypi/{}/json", "/api/v1/projects/{}/"):
        assert reader.get(address.format("oldish")).status == 301
        stranger = ASKERS["stranger"](world)
        was, never = (stranger.get(address.format(name)) for name in ("oldish", ABSENT))
        assert was.without("oldish") == never.without(ABSENT)


# -- credentials ----------------------------------------------------------------------------------


def test_useless_credentials_are_challenged_wherever_nothing_is_public(world):
    for asker in ("revoked token", "no token at all"):
        reply = ASKERS[asker](world).get(f"/simple/{ABSENT}/")
        assert reply.status == 401
        assert reply.headers["www-authenticate"] == 'Basic realm="Gatehouse"'
        assert ASKERS[asker](world).get(f"/simple/{PLAIN}/").status == 200


def test_whoever_sends_nothing_is_challenged_only_where_the_site_says_so(world, settings):
    assert doors.anybody().get(f"/simple/{SECRET}/").status == 404
    settings.CHALLENGE = True
    one, other = (doors.anybody().get(f"/simple/{name}/") for name in (SECRET, ABSENT))
    assert one.status == 401
    assert one.headers["www-authenticate"] == 'Basic realm="Gatehouse"'
    assert one.without(SECRET) == other.without(ABSENT)


def test_people_are_led_to_the_sign_in_of_a_private_index_and_programs_challenged(settings):
    settings.PRIVATE = "members"
    page = doors.anybody().get("/project/whatever/?a=b")
    assert page.headers["location"] == "/accounts/login/?next=/project/whatever/%3Fa%3Db"
    for address in ("/simple/", "/pypi/x/json", "/api/v1/projects/", "/feeds/releases.rss"):
        assert doors.anybody().get(address).headers["www-authenticate"], address
    for address in ("/healthz", "/accounts/login/", "/robots.txt", "/help/problems/"):
        assert doors.anybody().get(address).status == 200, address


def test_a_basic_token_reads_as_a_bearer_token_does(world):
    _, text = tokens.mint(world.reader, actor=SYSTEM, name="test", actions=["read"])
    basic = base64.b64encode(f"__token__:{text}".encode()).decode()
    assert Asker({"authorization": f"Basic {basic}"}).get(f"/simple/{SECRET}/").status == 200


# -- the one place --------------------------------------------------------------------------------


def test_the_query_sets_show_anybody_what_is_public_and_no_more(world):
    shown = {
        reader: set(Project.objects.known(reader).values_list("normalized_name", flat=True))
        for reader in (ANYBODY, MEMBER, KEEPER, readers.of_actor(actor(world.reader)))
    }
    assert list(shown.values()) == [{PLAIN}, {PLAIN}, {PLAIN, SECRET}, {PLAIN, SECRET}]


def test_what_is_kept_of_private_pages_is_of_their_present_serial(world):
    guarded.kept.clear()
    asking = ASKERS["reader"](world)
    before = asking.get(f"/simple/{SECRET}/")
    published(SECRET, "3.0", uploader=User.objects.get(username="keeper"))
    assert "secret-3.0" not in before.text
    assert "secret-3.0" in asking.get(f"/simple/{SECRET}/").text


def test_the_public_log_of_removals_tells_nothing_of_private_projects(world):
    for name in (SECRET, PLAIN):
        project = Project.objects.get(normalized_name=name)
        projects.quarantine(project, actor=SYSTEM, reason=f"odd {name}")
    for address in ("/removals/", "/api/v1/removals/", "/feeds/removals.atom"):
        assert SECRET not in doors.anybody().get(address).text, address
    assert PLAIN in doors.anybody().get("/removals/").text
