"""The files of a case: each with its tree and what changed, each member with its lines."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.http import Http404

from moderation import contents, evidence, highlighting
from moderation.comparisons import Limits
from moderation.evidence import Artifact, FileEvidence, Place
from moderation.models import Case


def shown(case: Case, key: str) -> dict[str, Any]:
    """One file in detail."""
    file = _file(case, key)
    item = evidence.of_file(file, list(evidence.places_of(case)), Limits())
    return {"title": file.filename, "item": item}


def _file(case: Case, key: str) -> Artifact:
    file = evidence.file_of(case, key)
    if file is None:
        raise Http404
    return file


def member(case: Case, key: str, name: str) -> dict[str, Any]:
    """One member of a file, line by line; lines that fired are marked."""
    file = _file(case, key)
    try:
        found = contents.of_member(file, name)
    except FileNotFoundError:
        found = None
    if found is None:
        raise Http404
    places = [place for place in evidence.places_of(case) if place["member"] == name]
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
        "lines": [(at, line, fired.get(at, [])) for at, line in enumerate(marked, 1)],
    }


def located(case: Case, shown: Sequence[FileEvidence]) -> list[tuple[Place, str]]:
    """Every place that fired, and the file of the page that has such a member ("": none)."""
    homes = {member.name: item.key for item in reversed(shown) for member in item.members}
    return [(place, homes.get(place["member"], "")) for place in evidence.places_of(case)]
