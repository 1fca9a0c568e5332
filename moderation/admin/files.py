"""The files of a case: each with its tree and what changed, each member with its lines."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.http import Http404

from moderation import contents, evidence, highlighting
from moderation.contents import Shown
from moderation.evidence import Artifact, FileEvidence, Place
from moderation.models import Case


def shown(case: Case, key: str) -> dict[str, Any]:
    """One file in detail."""
    file = _file(case, key)
    item = evidence.of_file(file, evidence.places_in(case, file))
    return {"title": file.filename, "item": item}


def _file(case: Case, key: str) -> Artifact:
    file = evidence.file_of(case, key)
    if file is None:
        raise Http404
    return file


def member(case: Case, key: str, name: str, wanted: str = "") -> dict[str, Any]:
    """A member of a file, line by line, by the page; lines that fired are marked."""
    file = _file(case, key)
    found = _read(file, name, wanted)
    places = [place for place in evidence.places_in(case, file) if place["member"] == name]
    fired: dict[int, list[str]] = {}
    for place in places:
        if place["line"]:
            fired.setdefault(place["line"], []).append(place["rule"])
    marked = highlighting.lines(name if found.is_text else "", found.lines)
    return {
        "title": name,
        "file": file,
        "key": key,
        "member": found,
        "places": places,
        "lines": [(at, line, fired.get(at, [])) for at, line in enumerate(marked, found.first)],
    }


def _read(file: Artifact, name: str, wanted: str) -> Shown:
    number = int(wanted) if wanted.isascii() and wanted.isdecimal() and len(wanted) < 10 else 1
    try:
        found = contents.of_member(file, name, number)
    except FileNotFoundError:
        found = None
    if found is None:
        raise Http404
    return found


def located(
    case: Case, files: Sequence[Artifact], shown: Sequence[FileEvidence]
) -> list[tuple[Place, str]]:
    """Every place that fired, and the key of the file that it is in ("": not known)."""
    keys = {file.filename: evidence.key_of(file) for file in files}
    # Reports, and holds of former versions, name no file: the first shown that has such a member.
    homes = {member.name: item.key for item in reversed(shown) for member in item.members}
    return [
        (place, keys.get(place["file"], "") if place["file"] else homes.get(place["member"], ""))
        for place in evidence.places_of(case)
    ]
