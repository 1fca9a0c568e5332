"""Rows: every table of the admin, generated from what is registered there, with its actions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from django.contrib import admin

from accounts import people, recoveries
from accounts.actors import SYSTEM
from moderation import hits, prohibitions
from packages import marks
from packages.models import TeamMember
from tests.permissions.actions import Action, Body
from tests.permissions.project_pages import (
    archived,
    file_deleted,
    file_yanked,
    in_quarantine,
    private,
    public,
    release_deleted,
    release_yanked,
)
from tests.permissions.project_pages import deleted as project_deleted
from tests.permissions.world import World

ONCE = ("public",)
WHY = {"reason": "Because it is so.", "confirmed": "1"}


class Rights(NamedTuple):
    """Whose it is to look, to add, to change and to delete rows of a table."""

    view: str
    add: str = "nobody"
    change: str = "nobody"
    delete: str = "nobody"


# Whoever writes here opens accounts, gives powers or runs jobs: nothing that is handed on.
LIBRARYS = Rights("administer", "administer", "administer", "administer")
LOOKED_AT = Rights("serve")
MADE = Rights("serve", "serve")
TABLES: dict[str, Rights] = {
    "auth.group": LIBRARYS,
    "account.emailaddress": LIBRARYS,
    "socialaccount.socialaccount": LIBRARYS,
    "mfa.authenticator": LIBRARYS,
    "usersessions.usersession": LIBRARYS,
    "django_q.schedule": LIBRARYS,
    "django_q.success": Rights("administer", "nobody", "administer", "administer"),
    "django_q.failure": Rights("administer", "nobody", "administer", "administer"),
    "django_q.ormq": Rights("administer", "nobody", "administer", "administer"),
    "accounts.prohibitedusername": MADE,
    "accounts.prohibitedemaildomain": MADE,
    "accounts.signupinvitation": MADE,
    "accounts.user": MADE,
    "accounts.frozenuser": LOOKED_AT,
    "accounts.apitoken": LOOKED_AT,
    "accounts.ciidentity": LOOKED_AT,
    "accounts.auditevent": LOOKED_AT,
    "packages.project": Rights("keep", change="keep"),
    "packages.release": LOOKED_AT,
    "packages.file": LOOKED_AT,
    "packages.publisher": LOOKED_AT,
    "packages.team": LOOKED_AT,
    "packages.teammember": LOOKED_AT,
    "packages.teamrole": LOOKED_AT,
    "packages.journalentry": LOOKED_AT,
    "moderation.case": Rights("decide", change="decide"),
    "moderation.readyreason": Rights("serve", "serve", "serve", "serve"),
    "moderation.heldupload": Rights("decide"),
    "moderation.similarityexception": Rights("prohibit", "prohibit"),
    "moderation.prohibitedname": Rights("prohibit", "prohibit", "prohibit"),
    "moderation.policysetting": LOOKED_AT,
    "moderation.reservedprefix": Rights("serve", "serve", "serve"),
}


def owns_the_team(world: World) -> None:
    TeamMember.objects.filter(pk=world.place["packages.teammember"]).update(kind="owner")


def trusted(world: World) -> None:
    people.trust(world.things["accounts.user"], actor=SYSTEM, reason="Known.")


def frozen(world: World) -> None:
    people.freeze(world.things["accounts.user"], actor=SYSTEM, reason="Odd.")


def recovering(world: World) -> None:
    user = world.things["accounts.user"]
    recoveries.begin(user, email="back@example.org", actor=SYSTEM, reason="Lost his phone.")


def released(world: World) -> None:
    row, stranger = world.things["prohibited"], world.people["stranger"]
    prohibitions.release(row, stranger, actor=SYSTEM, reason="His.")


class Act(NamedTuple):
    """An action of a list: whose it is, how it shows, and in which state it makes a difference."""

    who: str
    does: str
    before: Any = None


ACTS: dict[str, dict[str, Act]] = {
    "account.emailaddress": {"make_verified": Act("administer", "account_emailaddress")},
    "django_q.success": {"resubmit_task": Act("administer", "django_q_ormq")},
    "django_q.failure": {"resubmit_task": Act("administer", "django_q_ormq")},
    "accounts.prohibitedusername": {"allow": Act("serve", "username.allow")},
    "accounts.prohibitedemaildomain": {"allow": Act("serve", "email_domain.allow")},
    "accounts.signupinvitation": {"withdraw": Act("serve", "signup.withdraw")},
    "accounts.user": {
        "trust": Act("serve", "user.trust"),
        "distrust": Act("serve", "user.distrust", trusted),
        "freeze": Act("serve", "user.freeze"),
        "unfreeze": Act("serve", "user.unfreeze", frozen),
        "sign_out": Act("serve", "session.end_all"),
        "revoke": Act("serve", "token.revoke_all"),
        "delete": Act("administer", "user.delete"),
    },
    "accounts.frozenuser": {"unfreeze": Act("serve", "user.unfreeze")},
    "accounts.apitoken": {"revoke": Act("serve", "token.revoke")},
    "packages.project": {
        "quarantine": Act("keep", "project.quarantined"),
        "clear": Act("keep", "project.active", in_quarantine),
        "archive": Act("keep", "project.archived"),
        "deprecate": Act("keep", "project.deprecated"),
        "activate": Act("keep", "project.active", archived),
        "make_private": Act("keep", "project.private", public),
        "make_public": Act("keep", "project.public", private),
        "delete_project": Act("keep", "project.delete"),
        "restore_project": Act("keep", "project.restore", project_deleted),
    },
    "packages.release": {
        "yank": Act("serve", "release.yank"),
        "unyank": Act("serve", "release.unyank", release_yanked),
        "quarantine": Act("serve", "release.quarantine"),
        "clear": Act("serve", "release.clear", lambda world: _hide(world, "release")),
        "delete_release": Act("serve", "release.delete"),
        "restore_release": Act("serve", "release.restore", release_deleted),
    },
    "packages.file": {
        "yank": Act("serve", "file.yank"),
        "unyank": Act("serve", "file.unyank", file_yanked),
        "quarantine": Act("serve", "file.quarantine"),
        "clear": Act("serve", "file.clear", lambda world: _hide(world, "file")),
        "delete_file": Act("serve", "file.delete"),
        "restore_file": Act("serve", "file.restore", file_deleted),
    },
    "packages.publisher": {"remove": Act("serve", "publisher.remove")},
    "packages.team": {"end": Act("serve", "team.delete")},
    "packages.teammember": {
        "make_owner": Act("serve", "team.change"),
        "make_member": Act("serve", "team.change", owns_the_team),
        "remove": Act("serve", "team.remove"),
    },
    "packages.teamrole": {"revoke": Act("serve", "team.revoke")},
    "moderation.similarityexception": {"withdraw": Act("prohibit", "similarity.withdraw")},
    "moderation.prohibitedname": {
        "allow": Act("prohibit", "name.allow"),
        "take_back": Act("prohibit", "name.take_back", released),
    },
    "moderation.reservedprefix": {"free": Act("serve", "prefix.free")},
}
NO_ROWS = {
    f"{prefix}-{name}_FORMS": "0"
    for prefix in ("roles", "team_roles", "former_names")
    for name in ("TOTAL", "INITIAL")
}
# What is sent to add or to change a row; with nothing the form is shown again.
ADDED: dict[str, tuple[str, Mapping[str, Any]]] = {
    "accounts.prohibitedusername": ("username.prohibit", {"name": "boss", "reason": "No."}),
    "accounts.prohibitedemaildomain": (
        "email_domain.prohibit",
        {"domain": "spam.example", "reason": "No."},
    ),
    "accounts.signupinvitation": ("signup.invite", {"email": "a@example.org", "reason": "Yes."}),
    "moderation.similarityexception": (
        "similarity.except",
        {"candidate": "demmo", "target": "demo", "owner": "", "reason": "Known."},
    ),
    "moderation.prohibitedname": (
        "name.prohibit",
        {
            "names": "verboten",
            "reason": "No.",
            "confirmed": "1",
            "seen": hits.mark([hits.Hit("verboten")]),
        },
    ),
    "moderation.reservedprefix": (
        "prefix.keep",
        {"prefix": "corp", "people": "", "reason": "Ours"},
    ),
    "moderation.readyreason": (
        "moderation_readyreason",
        {"kind": "approved", "text": "Fine.", "position": "1"},
    ),
    "auth.group": ("auth_group", {"name": "friends"}),
}
CHANGED: dict[str, tuple[str, Mapping[str, Any]]] = {
    "packages.project": ("project.limits", {"reason": "More.", **NO_ROWS}),
    "moderation.prohibitedname": ("name.change_prohibition", {"reason": "Another."}),
    "moderation.reservedprefix": (
        "prefix.keep",
        {"people": "stranger", "reason": "Ours.", "why": "He joined."},
    ),
    "auth.group": ("auth_group", {"name": "friends"}),
}
DELETED = {"auth.group", "moderation.readyreason", "mfa.authenticator"}
DELETED |= {"account.emailaddress", "socialaccount.socialaccount", "django_q.schedule"}


def _hide(world: World, kind: str) -> None:
    marks.quarantine(world.things[kind], actor=SYSTEM, reason="Odd.")


def _table(label: str) -> str:
    return label.replace(".", "_")


def _row(
    method: str, route: str, who: str, does: str = "", body: Body = None, **more: Any
) -> Action:
    return Action(method, route, who, does, body, "desk", modes=ONCE, **more)


def _of_table(label: str, rights: Rights) -> Iterator[Action]:
    place = f"admin/{label.replace('.', '/')}/"
    one, at = f"{place}<path:object_id>/", {"object_id": label}
    yield _row("GET", place, rights.view)
    yield _row("GET", f"{place}add/", rights.add)
    yield _row("POST", f"{place}add/", rights.add, *ADDED.get(label, ("", None)))
    yield _row("GET", f"{one}change/", rights.view, at=at)
    yield _row("POST", f"{one}change/", rights.change, *CHANGED.get(label, ("", None)), at=at)
    yield _row("GET", f"{one}history/", rights.view, at=at)
    yield _row("GET", f"{one}delete/", rights.delete, at=at)
    does = _table(label) if label in DELETED else ""
    yield _row("POST", f"{one}delete/", rights.delete, does, {"post": "yes"}, at=at)
    for name, act in ACTS.get(label, {}).items():
        yield _act(place, label, name, act)
    if rights.delete != "nobody":
        yield _act(place, label, "delete_selected", Act(rights.delete, does), post="yes")


def _act(place: str, label: str, name: str, act: Act, **more: str) -> Action:
    def body(world: World) -> Mapping[str, Any]:
        return {"action": name, "_selected_action": world.place[label], **WHY, **more}

    return _row("POST", place, act.who, act.does, body, before=act.before, variant=name)


PERSON_VERBS: dict[str, Act] = {
    "freeze": Act("serve", "user.freeze"),
    "unfreeze": Act("serve", "user.unfreeze", frozen),
    "sign-out": Act("serve", "session.end_all"),
    "revoke": Act("serve", "token.revoke_all"),
    "recover": Act("serve", "user.recover_begin"),
    "finish-recovery": Act("serve", "user.recover", recovering),
    "cancel-recovery": Act("serve", "user.recover_cancel", recovering),
    "trust": Act("serve", "user.trust"),
    "distrust": Act("serve", "user.distrust", trusted),
    "rights": Act("administer", "user.rights"),
    "delete": Act("administer", "user.delete"),
}


def _of_person(name: str, act: Act) -> Iterator[Action]:
    """A verb on the page of a person: looked at, then done."""
    route = "admin/accounts/user/<int:pk>/do/<slug:verb>/"
    at = {"pk": "accounts.user", "verb": name}
    body = {"reason": "Because it is so.", "email": "back@example.org", "is_staff": "on"}
    yield _row("GET", route, act.who, at=at, variant=name)
    yield _row("POST", route, act.who, act.does, body, at=at, before=act.before, variant=name)


ACTIONS: list[Action] = [row for each in TABLES.items() for row in _of_table(*each)]
# As the admin spells it: every app that has a table.
_LABELS = "|".join(dict.fromkeys(model._meta.app_label for model in admin.site._registry))
ACTIONS += [
    _row("GET", f"admin/^(?P<app_label>{_LABELS})/$", "keep", at={"app_label": "packages"}),
    # accounts of staff are for administrators, their passwords included
    _row(
        "POST",
        "admin/accounts/user/<int:pk>/do/<slug:verb>/",
        "administer",
        "user.delete",
        WHY,
        at={"pk": "of staff", "verb": "delete"},
        variant="of staff",
    ),
    # nobody chooses the password of somebody else
    *(
        _row(method, "admin/accounts/user/<id>/password/", "nobody", at={"id": "accounts.user"})
        for method in ("GET", "POST")
    ),
    *(row for verb in PERSON_VERBS.items() for row in _of_person(*verb)),
    _row("GET", "admin/moderation/similarityexception/check/", "decide"),
    _row(
        "POST",
        "admin/moderation/prohibitedname/<int:pk>/release/",
        "prohibit",
        "name.release",
        {"username": "stranger", "reason": "His."},
        at={"pk": "prohibited"},
    ),
    _row("GET", "admin/moderation/prohibitedname/release/", "prohibit"),
    _row(
        "POST",
        "admin/moderation/prohibitedname/release/",
        "prohibit",
        "name.release",
        {"name": "forbidden", "username": "stranger", "reason": "His."},
    ),
    _row("GET", "admin/moderation/policysetting/<slug:code>/set/", "serve"),
    _row(
        "POST",
        "admin/moderation/policysetting/<slug:code>/set/",
        "serve",
        "policy.change",
        lambda world: world.things["policy form"],
    ),
    _row(
        "POST",
        "admin/moderation/policysetting/<slug:code>/set/",
        "serve",
        "moderation_dryrun",
        lambda world: {**world.things["policy form"], "rehearse": "1"},
        variant="rehearse",
    ),
]
