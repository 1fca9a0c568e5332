"""What is inside a stored file, and what the checks say of it; looked at once, and then kept.

A stored file never changes.  At a glance little is unpacked, so that a page of several files costs
a bounded time whatever they hold.
"""

from __future__ import annotations

import hashlib
import json
import zlib
from dataclasses import dataclass, replace

from django.core.cache import caches

from packages import storage
from packages.models import Artifact, Project, StagedFile
from packages.uploads import checks, limits
from packages.uploads.archives.contents import Member
from packages.uploads.rules import MIB, Rules

A_DAY = 86_400  # seconds; then the checks of a new version, or other limits, count
AT_A_GLANCE = 32 * MIB  # that are unpacked
_REVISION = 1  # of what is kept
_TOO_MUCH = "archive-too-large"


@dataclass(frozen=True)
class Look:
    """The members, and what the checks say; not `complete` if that was not looked at to its end."""

    members: tuple[Member, ...]
    remarks: tuple[str, ...]
    complete: bool


def of_file(file: Artifact, *, whole: bool) -> Look:
    """Look at a stored file in whole, or at a glance if nobody has looked yet.

    Raises `FileNotFoundError` when its bytes are gone.
    """
    if not storage.exists(file.sha256):
        raise FileNotFoundError(file.sha256)
    every = limits.rules(_project_of(file))
    few = replace(
        every,
        uncompressed_size=min(AT_A_GLANCE, every.uncompressed_size),
        nested_work=min(AT_A_GLANCE, every.nested_work),
    )
    known = _kept(file, every) or (None if whole else _kept(file, few))
    return known or _look(file, every if whole else few, whole=whole)


def _project_of(file: Artifact) -> Project:
    return file.stage.project if isinstance(file, StagedFile) else file.release.project  # type: ignore[attr-defined]


def _look(file: Artifact, rules: Rules, *, whole: bool) -> Look:
    with storage.local_copy(file.sha256) as path:
        found = checks.inspect(path, file.filename, rules)
    complete = whole or all(each.code != _TOO_MUCH for each in found.findings)
    remarks = [each.message for each in found.findings] if complete else _remarked(file)
    look = Look(found.members, tuple(remarks), complete)
    _keep(file, rules, look)
    return look


def _remarked(file: Artifact) -> list[str]:
    """What the checks said when it came: those of half a file would say that it lacks the rest."""
    remarks = file.remarks if isinstance(file, StagedFile) else []
    return [remark["message"] for remark in remarks]


# -- kept ------------------------------------------------------------------------------------------


def _kept(file: Artifact, rules: Rules) -> Look | None:
    packed = caches["descriptions"].get(_key(file, rules))
    if packed is None:
        return None
    members, remarks, complete = json.loads(zlib.decompress(packed))
    return Look(tuple(Member(*each) for each in members), tuple(remarks), complete)


def _keep(file: Artifact, rules: Rules, look: Look) -> None:
    members = [(member.name, member.size) for member in look.members]
    packed = zlib.compress(json.dumps([members, look.remarks, look.complete]).encode())
    caches["descriptions"].set(_key(file, rules), packed, A_DAY)


def _key(file: Artifact, rules: Rules) -> str:
    """What the checks say depends on the name of the file, too, and on the limits."""
    facts = [_REVISION, file.sha256, file.filename, rules.file_size, rules.uncompressed_size]
    digest = hashlib.sha256(json.dumps(facts).encode()).hexdigest()
    return f"inspection:{digest}"
