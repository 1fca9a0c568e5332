"""Rows: our functions that take an `actor` and see for themselves who may."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from accounts.actors import SYSTEM, Actor
from moderation import appeals, cases, decisions, rehearsals, tuning
from moderation.policies import registry
from packages import (
    access,
    files,
    invitations,
    marks,
    projects,
    publishers,
    releases,
    renames,
    roles,
)
from packages.uploads import staging
from tests.permissions import desk
from tests.permissions import project_pages as pages
from tests.permissions.world import FACTS, World

Call = Callable[[World, Actor], Any]
WHY = "Because it is so."


@dataclass(frozen=True)
class Verb:
    """As `Action` at a door; `name` is where the function is."""

    name: str
    who: str
    does: str
    call: Call
    before: Callable[[World], object] | None = None

    def __str__(self) -> str:
        return self.name


def on(name: str, who: str, does: str, verb: Any, thing: str = "project", **more: Any) -> Verb:
    """A verb on one thing of the world, with a reason if it takes one."""
    before = more.pop("before", None)

    def call(world: World, actor: Actor) -> Any:
        row = world.project if thing == "project" else world.things[thing]
        subject = type(row).objects.get(pk=row.pk)  # verbs change what they are given
        return verb(subject, actor=actor, **more)

    return Verb(name, who, does, call, before)


def _of_project(word: str, does: str, before: Any = None, who: str = "manage", **more: Any) -> Verb:
    verb = getattr(projects, word)
    return on(f"packages.projects.{word}", who, f"project.{does}", verb, before=before, **more)


def _of_case(word: str, does: str, **more: Any) -> Verb:
    verb = getattr(cases, word)
    return on(f"moderation.cases.{word}", "decide", f"case.{does}", verb, "case", **more)


def _door(word: str, who: str, call: Call) -> Verb:
    return Verb(f"packages.access.{word}", who, "", call)


def _decision(word: str, who: str, does: str, call: Call) -> Verb:
    return Verb(f"moderation.decisions.{word}", who, does, call)


def _let_go(world: World, actor: Actor) -> None:
    """Everybody has it when he asks, as far as a moderator could have claimed it."""
    case = world.things["case"]
    type(case).objects.filter(pk=case.pk).update(claimed_by=actor.user, state="waiting")
    cases.release(case, actor=actor)


VERBS: list[Verb] = [
    # doors
    _door("project_to_upload", "upload", lambda w, a: access.project_to_upload(a, "demo")),
    _door("authorize_upload", "add files", lambda w, a: access.authorize_upload(a, w.project)),
    _door("authorize_management", "manage", lambda w, a: access.authorize_management(a, w.project)),
    _door("authorize_moderation", "keep", lambda w, a: access.authorize_moderation(a)),
    _door("role_on", "see its stages", lambda w, a: access.role_on(a, "demo")),
    _door("project_of", "find it among one's own", lambda w, a: access.project_of(a, "demo")),
    _door("require_uploader", "upload somewhere", lambda w, a: access.require_uploader(a)),
    # projects
    _of_project("archive", "archived"),
    _of_project("deprecate", "deprecated"),
    _of_project("activate", "active", pages.archived),
    _of_project("quarantine", "quarantined", who="keep"),
    _of_project("clear", "active", pages.in_quarantine, who="keep"),
    _of_project("set_staging", "set_staging", on=True),
    _of_project("make_private", "private", pages.public),
    _of_project("make_public", "public", pages.private),
    _of_project("delete", "delete", reason=WHY),
    _of_project("restore", "restore", pages.deleted),
    Verb(
        "packages.renames.rename",
        "manage",
        "project.rename",
        lambda w, a: renames.rename(w.project, "demo-renamed", actor=a),
        pages.nothing_staged,
    ),
    on(
        "packages.renames.set_redirect",
        "manage",
        "project.redirect",
        renames.set_redirect,
        "former",
        on=False,
    ),
    # releases and files
    on("packages.marks.yank", "yank", "release.yank", marks.yank, "release"),
    on(
        "packages.marks.unyank",
        "yank",
        "release.unyank",
        marks.unyank,
        "release",
        before=pages.release_yanked,
    ),
    on(
        "packages.marks.quarantine", "keep", "file.quarantine", marks.quarantine, "file", reason=WHY
    ),
    on(
        "packages.marks.clear",
        "keep",
        "file.clear",
        marks.clear,
        "file",
        before=lambda world: marks.quarantine(world.things["file"], actor=SYSTEM, reason=WHY),
    ),
    on("packages.files.delete", "manage", "file.delete", files.delete, "file", reason=WHY),
    on(
        "packages.files.restore",
        "manage",
        "file.restore",
        files.restore,
        "file",
        before=pages.file_deleted,
    ),
    on(
        "packages.releases.delete",
        "manage",
        "release.delete",
        releases.delete,
        "release",
        reason=WHY,
    ),
    on(
        "packages.releases.restore",
        "manage",
        "release.restore",
        releases.restore,
        "release",
        before=pages.release_deleted,
    ),
    # people
    Verb(
        "packages.roles.invite",
        "manage",
        "role.invite",
        lambda w, a: roles.invite(w.project, "newcomer", "reader", actor=a),
    ),
    on(
        "packages.invitations.withdraw",
        "manage",
        "role.withdraw",
        invitations.withdraw,
        "invitation",
    ),
    Verb(
        "packages.roles.change",
        "manage",
        "role.change",
        lambda w, a: roles.change(w.things["role"], "owner", actor=a),
    ),
    on("packages.roles.remove", "remove a maintainer", "role.remove", roles.remove, "role"),
    # publishers
    Verb(
        "packages.publishers.add",
        "manage",
        "publisher.add",
        lambda w, a: publishers.add(w.project, "forge", FACTS | {"repository": "a/b"}, actor=a),
    ),
    on("packages.publishers.remove", "manage", "publisher.remove", publishers.remove, "publisher"),
    Verb(
        "packages.publishers.prepare",
        "prepare a publisher",
        "publisher.prepare",
        lambda w, a: publishers.prepare("brand-new", "forge", FACTS, actor=a),
    ),
    on(
        "packages.publishers.withdraw",
        "own and manage",
        "publisher.withdraw",
        publishers.withdraw,
        "pending",
    ),
    on("packages.publishers.end", "keep", "publisher.end", publishers.end, "pending", reason=WHY),
    # stages
    Verb(
        "packages.uploads.staging.open_session",
        "upload",
        "stage.open",
        lambda w, a: staging.open_session(a, "demo", "4.0"),
    ),
    Verb(
        "packages.uploads.staging.find_session",
        "upload",
        "",
        lambda w, a: staging.find_session(a, w.things["stage"].identifier),
    ),
    Verb(
        "packages.uploads.staging.find_unended_session",
        "upload",
        "",
        lambda w, a: staging.find_unended_session(a, w.things["stage"].identifier),
    ),
    Verb(
        "packages.uploads.staging.session_to_change",
        "publish",
        "",
        lambda w, a: staging.session_to_change(a, "demo", w.things["stage"].identifier),
    ),
    on(
        "packages.uploads.staging.publish",
        "add files",
        "stage.publish",
        staging.publish,
        "stage",
        before=pages.no_files,
    ),
    # the desk
    Verb(
        "moderation.cases.require_moderator", "decide", "", lambda w, a: cases.require_moderator(a)
    ),
    Verb(
        "moderation.cases.lock_to_work",
        "decide",
        "",
        lambda w, a: cases.lock_to_work(w.things["case"], a),
    ),
    _of_case("claim", "claim"),
    Verb("moderation.cases.release", "decide", "case.release", _let_go),
    _of_case("wait", "wait", reason=WHY),
    _of_case("note", "note", text=WHY),
    _of_case("ask", "ask", reason=WHY),
    Verb(
        "moderation.cases.hand_over",
        "decide",
        "case.hand_over",
        lambda w, a: cases.hand_over(w.things["case"], to=w.people["keeper"], actor=a, reason=WHY),
    ),
    on(
        "moderation.cases.answer",
        "be concerned in person",
        "case.answer",
        cases.answer,
        "reported",
        text=WHY,
    ),
    on(
        "moderation.appeals.file",
        "be concerned in person",
        "case.appeal",
        appeals.file,
        "decision",
        text=WHY,
    ),
    _decision(
        "approve",
        "decide",
        "case.approve",
        lambda w, a: decisions.approve(w.things["held"], actor=a, reason=WHY),
    ),
    _decision(
        "reject",
        "decide",
        "case.reject",
        lambda w, a: decisions.reject(w.things["held"], actor=a, reason=WHY),
    ),
    _decision(
        "dismiss",
        "decide",
        "case.dismiss",
        lambda w, a: decisions.dismiss(w.things["reported"], actor=a, reason=WHY),
    ),
    _decision(
        "quarantine",
        "keep",
        "release.quarantine",
        lambda w, a: decisions.quarantine(
            w.things["reported"], w.things["reported"].subject, actor=a, reason=WHY
        ),
    ),
    _decision(
        "clear",
        "keep",
        "file.clear",
        lambda w, a: decisions.clear(
            w.things["reported"], w.things["decision"].subject, actor=a, reason=WHY
        ),
    ),
    _decision(
        "remove",
        "keep",
        "release.delete",
        lambda w, a: decisions.remove(
            w.things["reported"], w.things["reported"].subject, actor=a, reason=WHY
        ),
    ),
    _decision(
        "prohibit_name",
        "keep",
        "name.prohibit",
        lambda w, a: decisions.prohibit_name(w.things["reported"], actor=a, reason=WHY),
    ),
    _decision(
        "freeze",
        "keep",
        "user.freeze",
        lambda w, a: decisions.freeze(w.things["reported"], w.people["owner"], actor=a, reason=WHY),
    ),
    _decision(
        "decide",
        "decide",
        "case.approve",
        lambda w, a: decisions.decide(
            w.things["case"], "approve", w.things["held"], actor=a, reason=WHY
        ),
    ),
    _decision(
        "undo",
        "keep",
        "file.clear",
        lambda w, a: decisions.undo(w.things["decision"], actor=a, reason=WHY),
    ),
    on(
        "moderation.decisions.confirm",
        "confirm",
        "release.quarantine",
        decisions.confirm,
        "proposal",
        before=desk.proposed,
    ),
    on(
        "moderation.decisions.withdraw",
        "keep",
        "case.withdraw",
        decisions.withdraw,
        "proposal",
        before=desk.proposed,
        reason=WHY,
    ),
    Verb(
        "moderation.tuning.change",
        "serve",
        "policy.change",
        lambda w, a: tuning.change(
            registry.installed()[0], enabled=False, action="", numbers={}, actor=a, reason=WHY
        ),
    ),
    Verb(
        "moderation.tuning.keep_prefix",
        "serve",
        "prefix.keep",
        lambda w, a: tuning.keep_prefix("corp", [], actor=a, reason=WHY),
    ),
    on(
        "moderation.tuning.free_prefix",
        "serve",
        "prefix.free",
        tuning.free_prefix,
        "prefix",
        reason=WHY,
    ),
    Verb(
        "moderation.rehearsals.start",
        "serve",
        "moderation_dryrun",
        lambda w, a: rehearsals.start(registry.installed()[0], {}, actor=a),
    ),
]
