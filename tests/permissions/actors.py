"""Everybody who may ask: who he is, and by what he shows it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.test import Client
from django.utils import timezone

from accounts import tokens
from accounts.actors import SYSTEM, Actor
from accounts.models import ApiToken
from packages.models import MintedToken
from tests.permissions import world as worlds
from tests.permissions.world import World

WANTED = {"SECOND_FACTOR_TO_UPLOAD": True, "SECOND_FACTOR_FOR_STAFF": True}


@dataclass(frozen=True)
class Asker:
    """Somebody at a door: the headers that he sends, and what the verbs see of him.

    `acts` is None of whoever no door lets become an `Actor`.
    """

    headers: dict[str, str] = field(default_factory=dict)
    acts: Actor | None = None


@dataclass(frozen=True)
class Kind:
    """How an actor comes to the door: `by` nothing, a session, a token of his, or a CI job's."""

    by: str
    person: str = ""
    settings: dict[str, Any] = field(default_factory=dict)
    actions: tuple[str, ...] = ("upload", "yank", "read", "manage")
    limited_to: str = ""
    trouble: str = ""  # what makes the credentials useless

    @property
    def signed_in(self) -> bool:
        return self.by == "session" and self.person != "frozen"

    @property
    def headers_sent(self) -> bool:
        return self.by in ("token", "job")

    @property
    def useless(self) -> bool:
        return bool(self.trouble) or (self.by == "token" and self.person == "frozen")


def _session(person: str, **settings: Any) -> Kind:
    return Kind("session", person, settings)


def _token(person: str, *actions: str, **more: Any) -> Kind:
    return Kind("token", person, **({"actions": actions} if actions else {}), **more)


ACTORS: dict[str, Kind] = {
    "anonymous": Kind("nothing"),
    # people at a browser
    "stranger": _session("stranger"),
    "neighbour": _session("neighbour"),
    "owner": _session("owner"),
    "maintainer": _session("maintainer"),
    "reader": _session("reader"),
    "member of an owning team": _session("in owning team"),
    "maintainer of an owning team": _session("heads owning team"),
    "member of a maintaining team": _session("in maintaining team"),
    "owner of a maintaining team": _session("heads maintaining team"),
    "member of a reading team": _session("in reading team"),
    "owner of a reading team": _session("heads reading team"),
    "former owner": _session("former owner"),
    "former member of an owning team": _session("left owning team"),
    "frozen owner": _session("frozen"),
    "unverified owner": _session("unverified"),
    "owner without second factor": _session("owner", **WANTED),
    "uploader of a held file": _session("newcomer"),
    "scanner": _session("scanner"),
    "staff": _session("staff"),
    "moderator": _session("moderator"),
    "keeper": _session("keeper"),
    "staff with every permission": _session("clerk"),
    "administrator": _session("administrator"),
    "moderator without second factor": _session("moderator", **WANTED),
    "administrator without second factor": _session("administrator", **WANTED),
    # tokens of people
    "token": _token("owner"),
    "token to upload": _token("owner", "upload"),
    "token to yank": _token("owner", "yank"),
    "token to manage": _token("owner", "manage"),
    "token to read": _token("owner", "read"),
    "token for it": _token("owner", limited_to="it"),
    "token for another": _token("owner", limited_to="other"),
    "token for nothing": _token("owner", limited_to="nothing"),
    "expired token": _token("owner", trouble="expired"),
    "revoked token": _token("owner", trouble="revoked"),
    "token from elsewhere": _token("owner", trouble="elsewhere"),
    "no token at all": _token("owner", trouble="nonsense"),
    "token of a frozen owner": _token("frozen"),
    "token of an unverified owner": _token("unverified"),
    "token without second factor": _token("owner", settings=WANTED),
    "token of a former owner": _token("former owner"),
    "token of a maintainer": _token("maintainer"),
    "token of a reader": _token("reader"),
    "token of a stranger": _token("stranger"),
    "token of a neighbour": _token("neighbour"),
    "token of a member of an owning team": _token("in owning team"),
    "token of a member of a maintaining team": _token("in maintaining team"),
    "token of an owner of a maintaining team": _token("heads maintaining team"),
    "token of an owner of a reading team": _token("heads reading team"),
    "token of a former member of an owning team": _token("left owning team"),
    "token of a scanner": _token("scanner"),
    "token of a moderator": _token("moderator"),
    "token of a moderator to upload": _token("moderator", "upload"),
    "token of a keeper": _token("keeper"),
    "token of staff with every permission": _token("clerk"),
    "token of an administrator": _token("administrator"),
    # CI jobs
    "minted token": Kind("job"),
    "minted token of another": Kind("job", limited_to="other"),
    "minted token of nobody any more": Kind("job", limited_to="nothing"),
    "spent minted token": Kind("job", trouble="spent"),
    "expired minted token": Kind("job", trouble="expired"),
}


def make(kind: Kind, world: World) -> Asker:
    """The actor, in this world."""
    if kind.by == "session":
        return _at_a_browser(kind, world)
    if kind.by == "token":
        return _by_token(_minted(kind, world), kind)
    if kind.by == "job":
        return _by_token(_minted_for_job(kind, world), kind)
    return Asker(acts=Actor(address="127.0.0.1", client="pytest"))


def _at_a_browser(kind: Kind, world: World) -> Asker:
    user = world.people[kind.person]
    client = Client()
    client.force_login(user)
    cookie = {"HTTP_COOKIE": f"sessionid={client.cookies['sessionid'].value}"}
    acts = Actor(user=user, address="127.0.0.1", client="pytest")
    return Asker(cookie, acts if kind.signed_in else None)


def _by_token(text: str, kind: Kind) -> Asker:
    token = tokens.verify(text) if not kind.useless else None
    acts = Actor(token.user, token, "127.0.0.1", "pytest", token.ci) if token else None
    return Asker({"HTTP_AUTHORIZATION": f"Bearer {text}"}, acts)


def _minted(kind: Kind, world: World) -> str:
    networks = ["192.0.2.0/24"] if kind.trouble == "elsewhere" else []
    token, text = tokens.mint(
        world.people[kind.person],
        actor=SYSTEM,
        name="of the matrix",
        actions=kind.actions,
        limited=bool(kind.limited_to),
        networks=networks,
    )
    if kind.limited_to in ("it", "other"):
        worlds.limit(text, world.project if kind.limited_to == "it" else world.things["other"])
    _spoil(token, kind.trouble)
    return "gate-nonsense" if kind.trouble == "nonsense" else text


def _spoil(token: ApiToken, trouble: str) -> None:
    past = timezone.now() - timedelta(hours=1)
    changes = {
        "expired": {"created_at": past - timedelta(hours=1), "expires_at": past},
        "revoked": {"revoked_at": past},
        "spent": {"revoked_at": past, "single_use": True},
    }
    if trouble in changes:
        ApiToken.objects.filter(pk=token.pk).update(**changes[trouble])


def _minted_for_job(kind: Kind, world: World) -> str:
    publisher = world.things["other publisher" if kind.limited_to == "other" else "publisher"]
    text = worlds.mint(world, publisher)
    token = ApiToken.objects.get(identifier=text[5:17])
    if kind.limited_to == "nothing":
        MintedToken.objects.filter(token=token).delete()
    _spoil(token, kind.trouble)
    return text
