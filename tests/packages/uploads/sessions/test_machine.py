"""Two people, both upload APIs, a moderator and a process that dies at any moment, in any order.

After every step the index, the storage and the model of the machine must agree.
"""

from __future__ import annotations

import hashlib
import itertools
import os
import time
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from functools import cache
from typing import Any, ClassVar

import pytest
from django.db.models import Q
from django.db.models.signals import post_save
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from accounts.models import AuditEvent
from moderation import decisions
from packages import storage, tasks
from packages.models import File, FileSession, JournalEntry, Project, Role, Stage, StagedFile
from packages.uploads.policies import ALLOW, Submission, Verdict, hold
from tests.factories.people import ModeratorFactory, UserFactory, actor
from tests.packages.uploads.sessions import client as driver
from tests.packages.uploads.sessions.client import PROBLEM, Dist, Session, offered, page

_numbers = itertools.count()
_armed: set[str] = set()


class Crash(Exception):
    """The process died here."""


def _crash_if(point: str) -> None:
    if point in _armed:
        _armed.clear()
        raise Crash(point)


def fall_over(submission: Submission) -> Verdict:
    """A policy that dies before it answers."""
    _crash_if("policy")
    return ALLOW


def look_at_bob(submission: Submission) -> Verdict:
    """A policy that has its doubts about one of the two."""
    if submission.actor.user and submission.actor.user.first_name == "Bob":
        return hold("bob", "It comes from Bob.")
    return ALLOW


def _die(sender: type, **kwargs: Any) -> None:
    _crash_if(sender.__name__)


# Rows that are written between a blob and the commit; the process may die after each.
ROWS = (File, StagedFile, FileSession, Stage, JournalEntry, Project, Role, AuditEvent)
POINTS = ["policy", *(model.__name__ for model in ROWS)]
POLICIES = [f"{__name__}.fall_over", f"{__name__}.look_at_bob"]

SESSION_MOVES = {
    None: {"open"},
    "open": {"processing", "published", "canceled"},
    "error": {"processing", "published", "canceled"},
    "processing": {"published", "error"},
    "published": set(),
    "canceled": set(),
}
PLAIN_MOVES = {
    None: {"processing", "published"},
    "processing": {"published", "canceled"},
    "published": set(),
    "canceled": set(),
}
FILE_MOVES = {
    None: {"pending", "completed"},  # at once by the legacy API
    "pending": {"completed", "error", "canceled"},
    "completed": {"canceled"},
    "error": {"canceled"},
    "canceled": set(),
}


@cache
def dist(name: str, version: str, kind: str) -> Dist:
    if kind == "sdist":
        return driver.sdist(name, version)
    return driver.wheel(name, version, description="" if kind == "wheel" else "other bytes")


PEOPLE = st.sampled_from(["ana", "bob"])
WHICH = st.integers(0, 1)  # which of the two projects
VERSIONS = st.sampled_from(["1.0", "2.0"])
KINDS = st.sampled_from(["wheel", "sdist", "other wheel"])
DEATH = st.sampled_from([*[""] * 2 * len(POINTS), *POINTS])
RECENT = st.integers(0, 5)  # counted from the newest


class Index(RuleBasedStateMachine):
    """`public` is what the answers so far have promised: files by name of the project."""

    happened: ClassVar[Counter[str]] = Counter()

    @initialize()
    def begin(self) -> None:
        number = next(_numbers)
        self.names = [f"shared{number}", f"free{number}"]
        self.people = {"ana": driver.uploader(), "bob": driver.uploader(first_name="Bob")}
        self.stagers = {who: driver.staging(UserFactory(trusted=True)) for who in ("ana", "bob")}
        self.moderator = actor(ModeratorFactory())
        self.public: dict[str, dict[str, str]] = {}
        self.sessions: list[Session] = []
        self.files: list[driver.FileSession] = []
        self.states: dict[tuple[str, int], str] = {}
        self._share(dist(self.names[0], "0.1", "wheel"))

    def _share(self, first: Dist) -> None:
        assert self.people["ana"].legacy(first).status_code == 200
        self._promise(first.name, {first.filename: first.sha256})
        project = Project.objects.get(normalized_name=first.name)
        for api in (self.people["bob"], *self.stagers.values()):
            Role.objects.create(project=project, user=api.user, kind="maintainer")

    # -- what somebody does ----------------------------------------------------------------------

    @rule(who=PEOPLE, which=WHICH, version=VERSIONS, death=DEATH)
    def open(self, who: str, which: int, version: str, death: str) -> None:
        answer = self._try(lambda: self.people[who].create(self.names[which], version), death)
        if answer is not None and answer.status_code == 201:
            self.sessions.append(Session(self.people[who], answer.json()))

    @precondition(lambda self: self.sessions)
    @rule(who=PEOPLE, recent=RECENT, kind=KINDS, death=DEATH)
    def announce(self, who: str, recent: int, kind: str, death: str) -> None:
        self._announce(self._session(who, recent), kind, death)

    @precondition(lambda self: self.sessions)
    @rule(recent=RECENT, kind=KINDS, death=DEATH)
    def bring(self, recent: int, kind: str, death: str) -> None:
        file = self._announce(self._session("", recent), kind, "")
        if file:
            self._try(file.send, "")
            self._try(file.complete, death)

    @rule(who=PEOPLE, which=WHICH, version=VERSIONS, death=DEATH)
    def release(self, who: str, which: int, version: str, death: str) -> None:
        """What a client does who has his wits together: all of it, in order."""
        before = len(self.sessions)
        self.open(who, which, version, "")
        if len(self.sessions) > before:
            self.bring(0, "wheel", "")
            self.bring(0, "sdist", "")
            self.states_move_only_along_the_table()
            self.publish(who, 0, death)

    @precondition(lambda self: self.files)
    @rule(who=PEOPLE, recent=RECENT, part=st.sampled_from([1.0, 1.0, 0.5, 2.0]), death=DEATH)
    def send(self, who: str, recent: int, part: float, death: str) -> None:
        file = self._file(who, recent)
        data = (file.dist.data * 2)[: int(len(file.dist.data) * part)]
        self._try(lambda: file.send(data), death)

    @precondition(lambda self: self.files)
    @rule(who=PEOPLE, recent=RECENT, death=DEATH)
    def complete(self, who: str, recent: int, death: str) -> None:
        self._try(self._file(who, recent).complete, death)

    @precondition(lambda self: self.files)
    @rule(who=PEOPLE, recent=RECENT, death=DEATH)
    def remove(self, who: str, recent: int, death: str) -> None:
        self._try(self._file(who, recent).remove, death)

    @precondition(lambda self: self.sessions)
    @rule(who=PEOPLE, recent=RECENT, death=DEATH)
    def publish(self, who: str, recent: int, death: str) -> None:
        session = self._session(who, recent)
        shown = self._preview(session)
        answer = self._try(session.publish, death)
        if answer is not None and answer.status_code == 201:
            assert shown is not None
            self.happened["published"] += 1
            self._promise(session.born["name"], shown)

    @precondition(lambda self: self.sessions)
    @rule(who=PEOPLE, recent=RECENT, death=DEATH)
    def cancel(self, who: str, recent: int, death: str) -> None:
        self._try(self._session(who, recent).cancel, death)

    @precondition(lambda self: self.sessions)
    @rule(who=PEOPLE, recent=RECENT, seconds=st.sampled_from([-1, 60, 10**9]), death=DEATH)
    def extend(self, who: str, recent: int, seconds: int, death: str) -> None:
        self._try(lambda: self._session(who, recent).extend(seconds), death)

    @rule(who=PEOPLE, which=WHICH, version=VERSIONS, kind=KINDS, death=DEATH)
    def upload(self, who: str, which: int, version: str, kind: str, death: str) -> None:
        sent = dist(self.names[which], version, kind)
        answer = self._try(lambda: self.people[who].legacy(sent), death)
        if answer is not None and answer.status_code == 200:
            self.happened["uploaded"] += 1
            self._promise(sent.name, {sent.filename: sent.sha256})

    @rule(who=PEOPLE, which=WHICH, version=VERSIONS, kind=KINDS, death=DEATH)
    def upload_into_a_stage(
        self, who: str, which: int, version: str, kind: str, death: str
    ) -> None:
        sent = dist(self.names[which], version, kind)
        answer = self._try(lambda: self.stagers[who].legacy(sent), death)
        if answer is not None and answer.status_code == 200:  # it is public already
            assert self.public[sent.name][sent.filename] == sent.sha256

    # -- what happens to them --------------------------------------------------------------------

    @precondition(lambda self: Stage.objects.held().filter(self._ours()).exists())
    @rule(verdict=st.sampled_from([decisions.approve, decisions.reject]), death=DEATH)
    def decide(self, verdict: Callable, death: str) -> None:
        stage = Stage.objects.held().filter(self._ours()).select_related("project").earliest("pk")
        waiting = dict(stage.files.values_list("filename", "sha256"))
        decided = self._attempt(
            lambda: verdict(stage, actor=self.moderator, reason="because"), death
        )
        if decided is not None:
            self.happened[str(decided.kind)] += 1
            if decided.kind == "approved":
                self._promise(stage.project.normalized_name, waiting)

    @precondition(lambda self: self.sessions)
    @rule(recent=RECENT, death=DEATH)
    def let_expire(self, recent: int, death: str) -> None:
        past = timezone.now() - timedelta(seconds=1)
        identifier = self._session("", recent).url.rstrip("/").rpartition("/")[2]
        Stage.objects.filter(identifier=identifier).update(expires_at=past)
        self._attempt(tasks.expire_sessions, death)

    @rule()
    def sweep(self) -> None:
        """The night comes: everything on disk is old, and what nothing names goes."""
        two_days_ago = time.time() - 2 * 86_400
        top = storage.blobs().path("")
        for folder, _, names in os.walk(top):
            for name in names:
                os.utime(os.path.join(folder, name), (two_days_ago, two_days_ago))  # noqa: PTH118
        self.happened["swept"] += tasks.sweep()["blobs"]

    # -- what must always hold -------------------------------------------------------------------

    @invariant()
    def what_is_public_is_what_was_promised(self) -> None:
        for name in self.names:
            found = page(name)
            assert (found is not None) == (name in self.public)
            shown = {
                f["filename"]: f["hashes"]["sha256"] for f in (found or {"files": []})["files"]
            }
            assert shown == self.public.get(name, {})

    @invariant()
    def every_file_has_its_bytes_and_its_metadata(self) -> None:
        published = File.objects.filter(release__project__normalized_name__in=self.names)
        staged = StagedFile.objects.filter(self._ours("stage__"), stage__in=Stage.objects.active())
        for artifact in (*published, *staged):
            with storage.open_blob(artifact.sha256) as blob:
                assert hashlib.sha256(blob.read()).hexdigest() == artifact.sha256
            metadata = storage.read_metadata(artifact.sha256)
            assert hashlib.sha256(metadata).hexdigest() == artifact.metadata_sha256
        arrived = FileSession.objects.live().filter(self._ours("stage__")).exclude(received="")
        for file in arrived.filter(stage__in=Stage.objects.active()):
            with storage.open_blob(file.received) as blob:
                assert len(blob.read()) == file.received_size

    @invariant()
    def no_filename_is_used_twice(self) -> None:
        published = File.objects.filter(release__project__normalized_name__in=self.names)
        used = list(published.values_list("filename", flat=True))
        assert len(used) == len(set(used)) == sum(map(len, self.public.values()))
        reserved = StagedFile.objects.filter(self._ours("stage__"), reserved=True)
        assert not set(reserved.values_list("filename", flat=True)) & set(used)

    @invariant()
    def nothing_unpublished_is_given_away(self) -> None:
        staged = StagedFile.objects.filter(self._ours("stage__"), stage__in=Stage.objects.active())
        public = {sha256 for files in self.public.values() for sha256 in files.values()}
        for file in staged.exclude(sha256__in=public):
            assert Client().get(f"/files/{file.sha256}/{file.filename}").status_code == 404

    @invariant()
    def states_move_only_along_the_table(self) -> None:
        stages = Stage.objects.filter(self._ours())
        for stage in stages:
            moves = SESSION_MOVES if stage.is_session else PLAIN_MOVES
            self._check_move(("stage", stage.pk), stage.status, moves)
        for file in FileSession.objects.filter(stage__in=stages):
            self._check_move(("file", file.pk), file.status, FILE_MOVES)

    def teardown(self) -> None:
        """At the end people look around, too."""
        for name in getattr(self, "names", []):
            listed = name in self.public
            assert (Client().get(f"/api/v1/projects/{name}/").status_code == 200) == listed
            assert (f"/simple/{name}/" in Client().get("/simple/").content.decode()) == listed
            if not listed:
                assert Client().get(f"/project/{name}/").status_code == 404
                assert (
                    f"/project/{name}/" not in Client().get(f"/search/?q={name}").content.decode()
                )
            assert offered(name) == set(self.public.get(name, {}))

    # -- help ------------------------------------------------------------------------------------

    def _ours(self, prefix: str = "") -> Q:
        return Q(**{f"{prefix}project__normalized_name__in": self.names})

    def _session(self, who: str, recent: int) -> Session:
        session = self.sessions[-1 - recent % len(self.sessions)]
        return session.by(self.people[who]) if who else session

    def _file(self, who: str, recent: int) -> driver.FileSession:
        return self.files[-1 - recent % len(self.files)].by(self.people[who])

    def _announce(self, session: Session, kind: str, death: str) -> driver.FileSession | None:
        chosen = dist(session.born["name"], session.born["version"], kind)
        answer = self._try(lambda: session.announce(chosen), death)
        if answer is None or answer.status_code != 202:
            return None
        self.files.append(driver.FileSession(session.api, chosen, answer.json()))
        return self.files[-1]

    def _preview(self, session: Session) -> dict[str, str] | None:
        address = driver.path_of(session.links["stage"]) + session.born["name"] + "/"
        answer = Client().get(address, headers={"Accept": driver.SIMPLE_JSON})
        if answer.status_code == 404:
            return None
        return {file["filename"]: file["hashes"]["sha256"] for file in answer.json()["files"]}

    def _promise(self, name: str, files: dict[str, str]) -> None:
        known = self.public.setdefault(name, {})
        assert all(known.get(filename, sha256) == sha256 for filename, sha256 in files.items())
        known.update(files)

    def _try(self, call: Callable[[], HttpResponse], death: str) -> HttpResponse | None:
        """The answer; None if the process died before it could be given."""
        answer = self._attempt(call, death)
        if answer is not None:
            assert 200 <= answer.status_code < 500, answer.content
            if answer.status_code >= 400:
                assert answer["Content-Type"] in (PROBLEM, "text/plain; charset=utf-8")
        return answer

    def _attempt(self, call: Callable[[], Any], death: str) -> Any:
        _armed.update({death} - {""})
        try:
            return call()
        except Crash:
            self.happened["crashed"] += 1
            return None
        finally:
            _armed.clear()

    def _check_move(self, key: tuple[str, int], now: str, moves: dict) -> None:
        before = self.states.get(key)
        assert now == before or now in moves[before], f"{key} went from {before} to {now}"
        self.states[key] = now


@pytest.mark.django_db(transaction=True)
def test_whatever_happens_index_and_storage_agree(settings_of_site):
    Index.happened.clear()
    run_state_machine_as_test(
        Index,
        settings=settings(
            max_examples=15,
            stateful_step_count=25,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
    assert Index.happened["crashed"]
    assert Index.happened["published"] + Index.happened["uploaded"] > 0


@pytest.fixture
def settings_of_site(settings):
    """A policy that holds and one that dies; rows that die when they are saved."""
    settings.UPLOAD_POLICIES = POLICIES
    for model in ROWS:
        post_save.connect(_die, sender=model)
    yield settings
    for model in ROWS:
        post_save.disconnect(_die, sender=model)
