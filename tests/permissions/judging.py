"""Ask for real, in a savepoint, and say what is wrong with the answer."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from django.db import transaction
from django.http import HttpResponseBase
from django.test import RequestFactory, override_settings
from django.test.client import ClientHandler

from accounts.models import AuditEvent
from pypi_site.lib.problems import Problem
from tests.permissions import footprints
from tests.permissions.actions import Action
from tests.permissions.actors import ACTORS, Asker, Kind
from tests.permissions.capabilities import WHO, knows, may_come, whose
from tests.permissions.footprints import Ground
from tests.permissions.verbs import Verb
from tests.permissions.world import ABSENT, NAME, TEAM, World

FACTORY = RequestFactory()
SIGN_IN = ("/accounts/login/", "/admin/login/")
FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True)
class Answer:
    status: int
    location: str
    body: str

    @property
    def leads_to_sign_in(self) -> bool:
        return self.status == 302 and self.location.startswith(SIGN_IN)

    def without_names(self, door: str) -> tuple[int, str]:
        """What must not tell a private project or a team from none; to programs, every word."""
        told = f"{self.location} {self.body if door == 'program' else ''}"
        for name in (NAME, TEAM, ABSENT):
            told = told.replace(name, "...")
        return self.status, told


@contextmanager
def taken_back() -> Iterator[None]:
    """Whatever happens in here has not happened."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def as_wanted(kind: Kind) -> AbstractContextManager[None]:
    """With the settings of an actor; whoever has none keeps what Django remembers of them."""
    return override_settings(**kind.settings) if kind.settings else nullcontext()


class Court:
    """Asks in one world; `mode` is how private it is."""

    def __init__(self, world: World, mode: str, askers: Mapping[str, Asker]) -> None:
        self.world, self.mode, self.askers = world, mode, askers
        self.handler = ClientHandler(enforce_csrf_checks=False)

    def complaints(self, action: Action) -> list[str]:
        """Everything that is wrong with how this action is guarded."""
        found: list[str] = []
        with taken_back():
            if action.before:
                action.before(self.world)
            ground = Ground(last=_last_event())
            for name, kind in ACTORS.items():
                with as_wanted(kind):
                    found += [f"{name}: {each}" for each in self._cell(action, name, kind, ground)]
        return found

    def _cell(self, action: Action, name: str, kind: Kind, ground: Ground) -> list[str]:
        allowed = name in whose(action, self.mode)
        with taken_back():
            answer = self._ask(action, self.askers[name])
            suspects = ground.suspects()
            now = {table: footprints.digest(table) for table in suspects}
            shows = self._shows(action.does, ground.last, now)
        before = {table: ground.digest(table) for table in now}
        changed = sorted(table for table in now if now[table] != before[table])
        if allowed:
            done = shows or (action.does in changed)
            return list(_wrongly_refused(action, answer, done=done))
        return [*_wrongly_done(changed), *self._wrong_class(action, name, kind, answer)]

    def surprises(self, action: Action, names: Iterable[str], ignored: bool) -> Iterator[str]:
        """What a method that no row names does all the same; `ignored` if it may be answered."""
        ground = Ground()
        for name in names:
            with taken_back():
                answer = self._ask(action, self.askers[name])
                suspects = ground.suspects()
                now = {table: footprints.digest(table) for table in suspects}
            changed = [table for table in now if now[table] != ground.digest(table)]
            if changed or answer.status >= 500:
                yield f"{name}: {answer.status}, changed {changed}"
            elif not ignored and not _is_turned_away(answer):
                yield f"{name}: {answer.status}, and no row names the method"

    def _shows(self, does: str, last: int, now: Mapping[str, str]) -> bool:
        if "." not in does or "accounts_auditevent" not in now:
            return False
        return AuditEvent.objects.filter(pk__gt=last, action=does).exists()

    def _ask(self, action: Action, asker: Asker, **instead: Any) -> Answer:
        body, content_type = _body(action, self.world)
        request = FACTORY.generic(
            action.method,
            action.address(self.world, **instead),
            body,
            content_type=content_type,
            **asker.headers,
        )
        return _answer(self.handler(request.environ))

    # -- verbs ---------------------------------------------------------------------------------

    def complaints_about(self, verb: Verb) -> list[str]:
        """The same of a function, called by everybody whom a door lets become an actor."""
        found: list[str] = []
        with taken_back():
            if verb.before:
                verb.before(self.world)
            ground = Ground(last=_last_event())
            for name, asker in self.askers.items():
                if asker.acts is not None:
                    with as_wanted(ACTORS[name]):
                        found += [f"{name}: {each}" for each in self._call(verb, name, ground)]
        return found

    def _call(self, verb: Verb, name: str, ground: Ground) -> Iterator[str]:
        acts = self.askers[name].acts
        assert acts
        # permissions are kept on the object, and a verb must not find what another test left there
        user = acts.user and type(acts.user).objects.get(pk=acts.user.pk)
        with taken_back():
            refusal: Exception | None = None
            try:
                with transaction.atomic():
                    verb.call(self.world, replace(acts, user=user))
            except Problem as problem:
                refusal = problem
            suspects = ground.suspects()
            now = {table: footprints.digest(table) for table in suspects}
            shows = self._shows(verb.does, ground.last, now)
        changed = sorted(table for table in now if now[table] != ground.digest(table))
        if name not in WHO[verb.who]:
            yield from _wrongly_done(changed)
            if refusal is None:
                yield "should be refused"
        elif refusal is not None:
            yield f"should be let in: {refusal!r} {getattr(refusal, 'detail', '')}"
        elif verb.does and not (shows or verb.does in changed):
            yield f"was let in, and {verb.does} does not show"

    # -- refused, but how? ---------------------------------------------------------------------

    def _wrong_class(self, action: Action, name: str, kind: Kind, answer: Answer) -> Iterator[str]:
        if not _is_right(action, kind, answer, at_the_gate=self.mode == "roles"):
            yield f"refused by {answer.status} {answer.location} {answer.body[:150]}"
        for what, knowing in knows(action, self.mode).items():
            if name not in knowing:
                instead = dict.fromkeys(_named(action, what), ABSENT)
                yield from self._differences(action, name, answer, instead)

    def _differences(
        self, action: Action, name: str, answer: Answer, instead: dict[str, str]
    ) -> Iterator[str]:
        """Whoever may not know of a thing is told what he is told of a name that nobody has."""
        with taken_back():
            other = self._ask(action, self.askers[name], **instead)
        if answer.without_names(action.door) != other.without_names(action.door):
            yield f"tells it from nothing: {_first(answer)} and {_first(other)}"


def _first(answer: Answer) -> str:
    return f"{answer.status} {answer.location} {answer.body[:150]}"


def _named(action: Action, what: str) -> list[str]:
    """The parameters of the address that name a project, or the team."""
    if what == "team":
        return [name for name, thing in action.at.items() if thing == TEAM]
    return [name for name in ("name", "pk") if name not in action.at]


def _is_turned_away(answer: Answer) -> bool:
    """The method is not taken, or not from this one."""
    return answer.status in (401, 403, 405) or answer.leads_to_sign_in


def _last_event() -> int:
    return AuditEvent.objects.order_by("-pk").values_list("pk", flat=True).first() or 0


def _body(action: Action, world: World) -> tuple[bytes, str]:
    given = action.body(world) if callable(action.body) else action.body
    if isinstance(given, bytes):
        return given, action.content_type
    if action.door == "program":
        return json.dumps(given or {}).encode(), "application/json"
    return urlencode(given or {}, doseq=True).encode(), action.content_type or FORM


def _answer(response: HttpResponseBase) -> Answer:
    content = getattr(response, "content", None)
    body = content if content is not None else b"".join(response)  # type: ignore[call-overload]
    return Answer(response.status_code, response.get("Location", ""), body.decode(errors="replace"))


def _wrongly_refused(action: Action, answer: Answer, *, done: bool) -> Iterator[str]:
    if answer.status >= 400 or answer.leads_to_sign_in:
        yield f"should be let in: {answer.status} {answer.location} {answer.body[:200]}"
    elif action.does and not done:
        yield f"was let in, and {action.does} does not show: {answer.status} {answer.location}"


def _wrongly_done(changed: list[str]) -> Iterator[str]:
    if changed:
        yield f"should be refused, and changed {', '.join(changed)}"


# How a door refuses whoever it knows: without a GET, whoever sees something is told that he may not
# change it, and sees it again.
_REFUSALS = {
    "page": ((403, 404), (200, 302, 400, 403, 404)),
    "desk": ((302, 403, 404), (200, 302, 403, 404)),
    "program": ((403, 404), (403, 404)),
    "upload": ((403, 404), (403, 404)),
    "open": ((403, 404), (400, 403, 404, 422)),
}


def _is_right(action: Action, kind: Kind, answer: Answer, *, at_the_gate: bool) -> bool:
    """Whether somebody in his position is to be refused like this.

    The gate of a private index looks at every header that is sent, also where pages do not.
    """
    if at_the_gate and kind.headers_sent and answer.status in (401, 403):
        return True
    if answer.leads_to_sign_in:
        return action.door in ("open", "desk") or (action.door == "page" and not kind.signed_in)
    if action.door in ("page", "desk") and not kind.signed_in:
        return False
    return answer.status in _statuses(action, kind)


def _statuses(action: Action, kind: Kind) -> tuple[int, ...]:
    if action.door in ("program", "upload") and not may_come(kind, action.door):
        return (401, 403) if kind.headers_sent else (401,)
    if action.door == "upload" and action.who == "nobody":
        return (400, 403)  # it is the file that is refused, whoever sends it
    return _REFUSALS[action.door][action.method != "GET"]
