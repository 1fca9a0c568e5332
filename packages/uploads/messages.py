"""The JSON of the Upload 2.0 API (PEP 694, draft of 2026-07-29), read strictly."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.conf import settings

from packages.models import FileSession, FileStatus, Stage, StageStatus
from packages.uploads import staging
from packages.uploads.staged_files import ALGORITHMS, MECHANISM, WEAK, UnknownMechanism
from packages.uploads.staging import InvalidSession
from pypi_site.lib import strict_json
from pypi_site.lib.problems import Problem, TooLarge

API_VERSION = "2.0"
CONTENT_TYPE = "application/vnd.pypi.upload.v2+json"
BODY_LIMIT = 64 * 1024
META = {"api-version": API_VERSION, "_experimental": "PEP 694, draft of 2026-07-29"}
_HEX = re.compile(r"[0-9a-f]+")
Absolute = Callable[[str], str]


class UnsupportedVersion(Problem):
    """Only 2.0 is offered."""

    code, title = "unsupported-api-version", "Unsupported API version"


@dataclass(frozen=True)
class Announcement:
    """A file that will come; `hashes` maps names of hashlib to lower-case hex."""

    filename: str
    size: int
    hashes: dict[str, str]


# -- reading --------------------------------------------------------------------------------------


def parse(body: bytes) -> dict[str, Any]:
    """The object in `body`, with the right ``meta``.  Raises `Problem` with one sentence."""
    if len(body) > BODY_LIMIT:
        raise TooLarge(f"The request has more than {BODY_LIMIT} bytes of JSON; send less.")
    try:
        value = strict_json.loads(body)
    except ValueError:
        raise InvalidSession(
            "The body is not a JSON object in UTF-8 with each member once, as PEP 694 describes it;"
            " correct it."
        ) from None
    if not isinstance(value, dict):
        raise InvalidSession("The body must be a JSON object.")
    _check_version(value)
    return value


def _check_version(value: dict[str, Any]) -> None:
    meta = value.get("meta")
    version = meta.get("api-version") if isinstance(meta, dict) else None
    if version != API_VERSION:
        raise UnsupportedVersion(
            f'Send "meta": {{"api-version": "{API_VERSION}"}}; this index speaks no other version.'
        )


def text(value: dict[str, Any], name: str) -> str:
    """A member that must be text without white space around it (VER-7)."""
    found = value.get(name)
    if not isinstance(found, str) or not found or found != found.strip() or "\0" in found:
        raise InvalidSession(f"The member {name!r} must be a text without white space around it.")
    return found


def announcement(value: dict[str, Any]) -> Announcement:
    """The body of a file upload session's request (U2-11 to U2-14)."""
    if text(value, "mechanism") != MECHANISM:
        raise UnknownMechanism(f"Use the mechanism {MECHANISM}; it is the only one here.")
    return Announcement(text(value, "filename"), _size(value), _hashes(value))


def _size(value: dict[str, Any]) -> int:
    size = value.get("size")
    if type(size) is not int or not 0 < size < 2**63:
        raise InvalidSession("The member 'size' must be the number of bytes, more than zero.")
    return size


def _hashes(value: dict[str, Any]) -> dict[str, str]:
    hashes = value.get("hashes")
    if not isinstance(hashes, dict) or len(hashes) > len(ALGORITHMS):
        raise InvalidSession(f"The member 'hashes' must name one or more of {_offered()}.")
    digests = {name.lower(): _digest(name.lower(), digest) for name, digest in hashes.items()}
    if len(digests) < len(hashes):
        raise InvalidSession("The member 'hashes' names an algorithm twice; name it once.")
    if digests.keys() <= WEAK:
        raise InvalidSession(f"The member 'hashes' must name one or more of {_offered()}.")
    return digests


def _digest(name: str, digest: object) -> str:
    if name not in ALGORITHMS:
        raise InvalidSession(f"The hash {name[:32]!r} is not taken; use one of {_offered()}.")
    length = 2 * hashlib.new(name).digest_size
    if not isinstance(digest, str) or len(digest) != length or not _HEX.fullmatch(digest.lower()):
        raise InvalidSession(f"The hash {name} must be {length} hexadecimal digits.")
    return digest.lower()


def _offered() -> str:
    return ", ".join(sorted(ALGORITHMS - WEAK))


def seconds(value: dict[str, Any]) -> int:
    """``extend-for``, in seconds."""
    asked = value.get("extend-for")
    if type(asked) is not int or asked <= 0:
        raise InvalidSession(
            "The member 'extend-for' must be a whole number of seconds above zero."
        )
    return asked


# -- writing --------------------------------------------------------------------------------------


def session(stage: Stage, absolute: Absolute) -> dict[str, Any]:
    """A publishing session as clients read it; links that no longer work are left out."""
    path = staging.session_path(stage)
    links = {"session": absolute(path)}
    if stage.editable:
        links |= {
            "upload": absolute(f"{path}files/"),
            "publish": absolute(f"{path}publish/"),
            "extend": absolute(f"{path}extend/"),
        }
    previewed = settings.UPLOAD_PREVIEWS and stage.closed_at is None
    if previewed:
        links["stage"] = absolute(preview_path(stage))
    files = stage.file_sessions.live().order_by("filename")
    body: dict[str, Any] = {
        "meta": META,
        "links": links,
        "mechanisms": [MECHANISM],
        "name": stage.project.name,
        "version": stage.version,
        "expires-at": _instant(stage),
        "status": str(stage.status),
        "files": {item.filename: _entry(item, stage, absolute) for item in files},
    }
    if settings.UPLOAD_PREVIEWS:
        body["session-token"] = stage.session_token
    return body | ({"notices": stage.notices} if stage.notices else {})


def preview_path(stage: Stage) -> str:
    """Where whoever knows the token sees the stage: ``/stages/<token>/``."""
    return f"/stages/{stage.session_token}/"


def _instant(stage: Stage) -> str:
    assert stage.expires_at
    return stage.expires_at.strftime("%Y-%m-%dT%H:%M:%SZ")


def _entry(item: FileSession, stage: Stage, absolute: Absolute) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "status": str(item.status),
        "link": absolute(file_path(stage, item)),
    }
    return entry | ({"notices": item.notices} if item.notices else {})


def file_path(stage: Stage, item: FileSession) -> str:
    """Where a file session answers."""
    return f"{staging.session_path(stage)}files/{item.identifier}/"


def file(item: FileSession, absolute: Absolute) -> dict[str, Any]:
    """A file session; the mechanism's keys stand flat and nested, as the draft says both (G4)."""
    stage = item.stage
    path = file_path(stage, item)
    links = {"file-upload-session": absolute(path)}
    mechanism: dict[str, Any] = {"identifier": MECHANISM}
    if item.status == FileStatus.PENDING and stage.editable:
        links |= {"complete": absolute(f"{path}complete/"), "extend": absolute(f"{path}extend/")}
        bytes_url = {"file_url": absolute(f"{path}content/")}
        mechanism |= {**bytes_url, MECHANISM: bytes_url}
    body: dict[str, Any] = {
        "meta": META,
        "links": links,
        "filename": item.filename,
        "status": str(item.status),
        "expires-at": _instant(stage),
        "mechanism": mechanism,
    }
    return body | ({"notices": item.notices} if item.notices else {})


def is_final(stage: Stage) -> bool:
    """Whether publication has happened, rather than waiting for a moderator."""
    return stage.status == StageStatus.PUBLISHED
