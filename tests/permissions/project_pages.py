"""Rows: the pages of a project, for its people."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from accounts.actors import SYSTEM
from packages import files as file_verbs
from packages import projects, renames
from packages import releases as release_verbs
from tests.factories.people import actor
from tests.permissions.actions import Action
from tests.permissions.world import World

PAGE = "project/<project:name>/"
PUBLIC = ("public", "roles")  # where the project itself is
WHY = {"reason": "Because."}


def archived(world: World) -> None:
    projects.archive(world.project, actor=SYSTEM)


def private(world: World) -> None:
    world.project.refresh_from_db()
    if not world.project.private:
        projects.make_private(world.project, actor=SYSTEM)


def public(world: World) -> None:
    world.project.refresh_from_db()
    if world.project.private:
        projects.make_public(world.project, actor=SYSTEM)


def deleted(world: World) -> None:
    """By an owner, so another may take it back."""
    projects.delete(world.project, actor=actor(world.people["owner"]), reason="Gone.")


def taken_away(world: World) -> None:
    """By a moderator, so no owner takes it back."""
    projects.delete(world.project, actor=actor(world.people["keeper"]), reason="Gone.")


def file_taken_away(world: World) -> None:
    file_verbs.delete(world.things["file"], actor=actor(world.people["keeper"]), reason="Gone.")


def no_files(world: World) -> None:
    """The stage is complete as it is."""
    world.things["stage"].file_sessions.all().delete()


def nothing_staged(world: World) -> None:
    world.project.stages.all().delete()


def in_quarantine(world: World) -> None:
    projects.quarantine(world.project, actor=SYSTEM)


def redirects_no_more(world: World) -> None:
    renames.set_redirect(world.things["former"], actor=SYSTEM, on=False)


def release_yanked(world: World) -> None:
    release_verbs.yank(world.things["release"], actor=SYSTEM)


def release_deleted(world: World) -> None:
    owner = actor(world.people["owner"])
    release_verbs.delete(world.things["release"], actor=owner, reason="Gone.")


def file_yanked(world: World) -> None:
    file_verbs.yank(world.things["file"], actor=SYSTEM)


def file_deleted(world: World) -> None:
    file_verbs.delete(world.things["file"], actor=actor(world.people["owner"]), reason="Gone.")


ITEM_STATES: dict[tuple[str, str], Callable[[World], object] | None] = {
    ("release", "yank"): None,
    ("release", "unyank"): release_yanked,
    ("release", "delete"): None,
    ("release", "restore"): release_deleted,
    ("file", "yank"): None,
    ("file", "unyank"): file_yanked,
    ("file", "delete"): None,
    ("file", "restore"): file_deleted,
}
WHOSE = {"yank": "yank", "unyank": "yank", "delete": "manage", "restore": "manage"}
PLACES = {"release": "releases/<version:version>/", "file": "files/<filename:filename>/"}

_read = partial(Action, "GET")
_post = partial(Action, "POST")

ACTIONS: list[Action] = [
    *[
        _read(f"{PAGE}{page}/", "see what insiders see")
        for page in ("files", "releases", "people", "publishers", "history", "settings")
    ],
    *[
        _post(
            f"{PAGE}{PLACES[kind]}{verb}/",
            WHOSE[verb],
            f"{kind}.{verb}",
            WHY,
            before=before,
        )
        for (kind, verb), before in ITEM_STATES.items()
    ],
    # settings
    _post(f"{PAGE}settings/archive/", "manage", "project.archived", WHY),
    _post(f"{PAGE}settings/deprecate/", "manage", "project.deprecated", WHY),
    _post(f"{PAGE}settings/activate/", "manage", "project.active", WHY, before=archived),
    _post(f"{PAGE}settings/hide/", "manage", "project.private", WHY, modes=PUBLIC),
    _post(f"{PAGE}settings/publicise/", "manage", "project.public", WHY, before=private),
    _post(
        f"{PAGE}settings/rename/",
        "manage",
        "project.rename",
        {"name": "demo-renamed"},
        before=nothing_staged,
    ),
    _post(f"{PAGE}settings/delete/", "manage", "project.delete", {**WHY, "confirm": "demo"}),
    _post(f"{PAGE}settings/restore/", "manage", "project.restore", before=deleted),
    _post(
        f"{PAGE}settings/restore/",
        "keep",
        "project.restore",
        before=taken_away,
        variant="what a moderator took away",
    ),
    _post(
        f"{PAGE}{PLACES['file']}restore/",
        "keep",
        "file.restore",
        before=file_taken_away,
        variant="what a moderator took away",
    ),
    *[
        _post(
            f"{PAGE}settings/{verb}/",
            "keep",
            does,
            body,
            before=in_quarantine,
            variant="in quarantine",
            modes=PUBLIC,
        )
        for verb, does, body in [
            ("hide", "project.private", WHY),
            ("delete", "project.delete", {**WHY, "confirm": "demo"}),
        ]
    ],
    _post(
        f"{PAGE}settings/former-names/<project:former>/", "manage", "project.redirect", {"on": "no"}
    ),
    # people
    _post(
        f"{PAGE}people/invite/",
        "manage",
        "role.invite",
        {"recipient": "newcomer", "kind": "owner"},
    ),
    _post(
        f"{PAGE}people/<int:pk>/role/", "manage", "role.change", {"on": "owner"}, at={"pk": "role"}
    ),
    _post(
        f"{PAGE}people/<int:pk>/remove/", "remove a maintainer", "role.remove", at={"pk": "role"}
    ),
    _post(
        f"{PAGE}people/invitations/<uuid:identifier>/withdraw/",
        "manage",
        "role.withdraw",
        at={"identifier": "invitation"},
    ),
    # publishers
    _read(f"{PAGE}publishers/add/<slug:issuer>/", "manage"),
    _post(
        f"{PAGE}publishers/add/<slug:issuer>/",
        "manage",
        "publisher.add",
        {"repository": "ann/another", "workflow": "release.yml", "environment": ""},
    ),
    _post(
        f"{PAGE}publishers/<uuid:identifier>/remove/",
        "manage",
        "publisher.remove",
        WHY,
        at={"identifier": "publisher"},
    ),
    # stages
    _read(f"{PAGE}stages/", "see its stages"),
    _post(f"{PAGE}stages/switch/", "switch its staging", "project.set_staging", {"on": "yes"}),
    _post(
        f"{PAGE}stages/<uuid:session>/publish/", "publish", "stage.publish", WHY, before=no_files
    ),
    _post(f"{PAGE}stages/<uuid:session>/discard/", "publish", "stage.cancel", WHY),
    # reports
    _post(
        f"{PAGE}report/",
        "report",
        "observation.report",
        {"kind": "malware", "text": "It steals the keys of my house."},
        door="open",
        sees="reads",
    ),
    # whoever is named nowhere that one may read seems not to be there: see test_person_reports
    _post(
        "user/<str:username>/report/",
        "report",
        "observation.report",
        {"kind": "malware", "text": "It steals the keys of my house."},
        door="open",
        at={"username": "owner"},
        modes=("public",),
    ),
]
