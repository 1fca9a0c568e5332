"""Rows: the upload APIs, and trusted publishing."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from functools import partial
from typing import Any

from packages.models import FileSession
from packages.uploads import messages
from tests.permissions.actions import Action
from tests.permissions.project_pages import no_files
from tests.permissions.world import NAME, World, distribution
from tests.protocol.clients import BOUNDARY, form

SESSION = "upload/2.0/sessions/<uuid:session>/"
FILE = f"{SESSION}files/<uuid:file>/"
JSON = messages.CONTENT_TYPE
OCTETS = "application/octet-stream"
META = {"meta": {"api-version": "2.0"}}
_at = partial(Action, door="upload", content_type=JSON)


def _form(name: str, version: str) -> Callable[[World], bytes]:
    def body(world: World) -> bytes:
        with distribution(name, version) as path:
            return form(path, {"name": name})

    return body


def _legacy(who: str, name: str, version: str, does: str, variant: str) -> Action:
    return Action(
        "POST",
        "legacy/",
        who,
        does,
        _form(name, version),
        "upload",
        variant=variant,
        content_type=f"multipart/form-data; boundary={BOUNDARY}",
    )


def _json(**members: Any) -> bytes:
    return json.dumps({**META, **members}).encode()


def _announcement(world: World) -> bytes:
    with distribution(NAME, "3.0", sdist=True) as path:
        data, filename = path.read_bytes(), path.name
    hashes = {"sha256": hashlib.sha256(data).hexdigest()}
    return _json(filename=filename, size=len(data), hashes=hashes, mechanism="http-post-bytes")


def _bytes(world: World) -> bytes:
    content: bytes = world.things["bytes"]
    return content


def arrived(world: World) -> None:
    """The bytes of the announced file are here."""
    from packages.uploads import incoming, staged_files

    item = FileSession.objects.get(pk=world.things["file session"].pk)
    with incoming.temporary_file() as place:
        content = incoming.Incoming(place, item.size, item.hashes)
        content.write(world.things["bytes"])
        content.close()
        staged_files.receive(item, content)


ACTIONS: list[Action] = [
    _legacy("upload", NAME, "2.0", "file.publish", "to the project"),
    _legacy("upload a new name", "brand-new", "1.0", "project.register", "of a new name"),
    _legacy("nobody", "forbidden", "1.0", "project.register", "of a prohibited name"),
    _at("POST", "upload/2.0/", "upload", "stage.open", _json(name=NAME, version="4.0")),
    _at("GET", SESSION, "upload"),
    _at("DELETE", SESSION, "upload", "stage.cancel"),
    _at("POST", f"{SESSION}publish/", "upload", "stage.publish", _json(), before=no_files),
    _at("POST", f"{SESSION}extend/", "upload", "packages_stage", _json(**{"extend-for": 172800})),
    _at("POST", f"{SESSION}files/", "upload", "packages_filesession", _announcement),
    _at("GET", FILE, "upload"),
    _at("DELETE", FILE, "upload", "packages_filesession"),
    _at("POST", f"{FILE}content/", "upload", "packages_filesession", _bytes, content_type=OCTETS),
    _at("POST", f"{FILE}complete/", "upload", "packages_stagedfile", _json(), before=arrived),
    _at("POST", f"{FILE}extend/", "upload", "packages_stage", _json(**{"extend-for": 172800})),
    # whoever has the secret itself may do with it what it is for; who he is is not asked
    Action(
        "POST",
        "_/oidc/burn-token",
        "everybody",
        "token.revoke",
        lambda world: json.dumps({"token": world.things["minted text"]}).encode(),
        "open",
        content_type="application/json",
        modes=("public",),
    ),
    Action(
        "POST",
        "_/leaked-tokens/",
        "everybody",
        "token.revoke",
        lambda world: json.dumps([{"token": world.things["token text"]}]).encode(),
        "open",
        content_type="application/json",
        modes=("public",),
    ),
    *[
        Action(
            "POST",
            f"_/oidc/{path}mint-token",
            "nobody",
            "token.mint",
            json.dumps({"token": "e30.e30.e30"}).encode(),
            "open",
            content_type="application/json",
            modes=("public",),
            variant="without an identity",
        )
        for path in ("", "github/")
    ],
]
