"""Names of archive members: what is safe to unpack on every system."""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from itertools import pairwise

from packages.uploads.findings import Finding, quoted, refuse

MAX_PATH_BYTES = 1024
MAX_COMPONENT_BYTES = 255
MAX_DEPTH = 64

_DRIVE = re.compile(r"[A-Za-z]:")
# Controls, and the characters that turn the reading direction around.
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2028\u2029\u2066-\u2069]")


def problem(name: str) -> Finding | None:
    """The first thing wrong with a member's name; a folder is named without its last slash."""
    for check in (_characters, _escape, _length, _components):
        finding = check(name)
        if finding:
            return finding
    return None


def _characters(name: str) -> Finding | None:
    if not _encodable(name):
        return refuse(
            "non-utf8-member-name",
            f"The name of the member {quoted(name)} is not UTF-8; rename the file.",
        )
    if _CONTROLS.search(name):
        return refuse(
            "control-character-in-member-name",
            f"The member {quoted(name)} has a control character in its name; rename the file.",
        )
    return None


def _encodable(name: str) -> bool:
    """Whether the name was UTF-8; bytes that were not arrive as lone surrogates."""
    return not any("\ud800" <= character <= "\udfff" for character in name)


def _escape(name: str) -> Finding | None:
    if name.startswith("/") or "\\" in name or _DRIVE.match(name) or ".." in name.split("/"):
        return refuse(
            "path-traversal",
            f"The member {quoted(name)} could be unpacked outside its folder; use relative paths"
            " with '/' and without '..'.",
        )
    return None


def _length(name: str) -> Finding | None:
    parts = name.split("/")
    if (
        len(name.encode()) > MAX_PATH_BYTES
        or len(parts) > MAX_DEPTH
        or any(len(part.encode()) > MAX_COMPONENT_BYTES for part in parts)
    ):
        return refuse(
            "member-path-too-long",
            f"The path of the member {quoted(name)} is longer or deeper than file systems allow;"
            " shorten it.",
        )
    return None


def _components(name: str) -> Finding | None:
    if not {"", "."}.isdisjoint(name.split("/")):
        return refuse(
            "member-path-not-normal",
            f"The member {quoted(name)} has an empty or '.' part in its path; build the archive"
            " again with a current build tool.",
        )
    return None


def duplicates(names: Iterable[str]) -> Iterator[str]:
    """Names that occur again; each once for every further time."""
    seen = set()
    for name in names:
        if name in seen:
            yield name
        seen.add(name)


def collisions(names: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Pairs of different names that are one file where case or Unicode form does not count."""
    seen: dict[str, str] = {}
    for name in sorted(set(names)):
        other = seen.setdefault(_folded(name), name)
        if other != name:
            yield other, name


def _folded(name: str) -> str:
    """The name as case-insensitive file systems compare it."""
    if name.isascii():
        return name.lower()
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def files_used_as_folders(names: Iterable[str]) -> Iterator[str]:
    """Files whose name is also that of a folder; a folder by itself has a slash at its end."""
    # What lies in a folder follows it directly when "/" sorts before all other characters.
    ordered = sorted(set(names), key=lambda name: name.replace("/", "\0"))
    for name, following in pairwise(ordered):
        if following.startswith(name + "/"):
            yield name
