"""Rows: the JSON API, for sessions and tokens."""

from __future__ import annotations

from functools import partial

from tests.permissions import project_pages as pages
from tests.permissions.actions import Action

API = "api/v1/projects/<project:name>/"
WHY = {"reason": "Because."}
_read = partial(Action, "GET", door="program")
_post = partial(Action, "POST", door="program")
_delete = partial(Action, "DELETE", door="program")
CLAIMS = {"repository": "ann/another", "workflow": "release.yml", "environment": ""}
REPORT = {"kind": "malware", "text": "It steals the keys of my house."}
PERSON, OWNER = "api/v1/people/<str:username>/", {"username": "owner"}

ACTIONS: list[Action] = [
    _post(f"{API}archive/", "manage", "project.archived", WHY),
    _post(f"{API}deprecate/", "manage", "project.deprecated", WHY),
    _post(f"{API}activate/", "manage", "project.active", WHY, before=pages.archived),
    _post(f"{API}make-private/", "manage", "project.private", WHY, modes=pages.PUBLIC),
    _post(f"{API}make-public/", "manage", "project.public", WHY, before=pages.private),
    _post(
        f"{API}rename/",
        "manage",
        "project.rename",
        {"name": "demo-renamed"},
        before=pages.nothing_staged,
    ),
    _post(f"{API}restore/", "manage", "project.restore", WHY, before=pages.deleted),
    _post(
        f"{API}restore/",
        "keep",
        "project.restore",
        WHY,
        before=pages.taken_away,
        variant="what a moderator took away",
    ),
    _post(
        f"{API}former-names/<project:former>/", "manage", "project.redirect", {"redirects": False}
    ),
    _delete(
        r"api/v1/^projects/(?P<pk>[A-Za-z0-9][A-Za-z0-9._-]*)/$",
        "manage",
        "project.delete",
        {**WHY, "confirm": "demo"},
    ),
    *[
        Action(
            "DELETE" if verb == "delete" else "POST",
            f"{API}{pages.PLACES[kind]}{'' if verb == 'delete' else f'{verb}/'}",
            pages.WHOSE[verb],
            f"{kind}.{verb}",
            WHY,
            door="program",
            before=before,
            sees="acts",
        )
        for (kind, verb), before in pages.ITEM_STATES.items()
    ],
    _read(f"{API}events/", "manage"),
    # stages
    _read(f"{API}stages/", "see its stages"),
    _read(f"{API}stages/<uuid:session>/", "see its stages"),
    _delete(f"{API}stages/<uuid:session>/", "publish", "stage.cancel", WHY),
    _post(
        f"{API}stages/<uuid:session>/publish/",
        "publish",
        "stage.publish",
        WHY,
        before=pages.no_files,
    ),
    # publishers
    _read(f"{API}publishers/", "see its publishers and teams"),
    _post(f"{API}publishers/", "manage", "publisher.add", {"issuer": "forge", "claims": CLAIMS}),
    _delete(f"{API}publishers/<uuid:publisher>/", "manage", "publisher.remove"),
    _read("api/v1/publishers/pending/", "manage one's own", modes=("public",)),
    _post(
        "api/v1/publishers/pending/",
        "prepare a publisher",
        "publisher.prepare",
        {"issuer": "forge", "claims": CLAIMS, "name": "brand-new"},
        modes=("public",),
    ),
    _delete(
        "api/v1/publishers/pending/<uuid:publisher>/",
        "own and manage",
        "publisher.withdraw",
        at={"publisher": "pending"},
        modes=("public",),
    ),
    # reports, figures, one's history
    _read(f"{API}observations/", "report by program", sees="reads"),
    _post(f"{API}observations/", "report by program", "observation.report", REPORT, sees="reads"),
    _read(f"{PERSON}observations/", "report by program", at=OWNER, modes=("public",)),
    _post(
        f"{PERSON}observations/",
        "report by program",
        "observation.report",
        REPORT,
        at=OWNER,
        modes=("public",),
    ),
    _read("api/v1/figures/", "see the figures", modes=("public",)),
    _read("api/v1/account/events/", "read one's whole history", modes=("public",)),
]
