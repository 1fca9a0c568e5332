"""The members of an archive as a tree, as plain values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

MOST = 1500  # members that a page shows; nobody reads more
DEEPEST = 12  # what lies deeper is named by the rest of its path

Place = tuple[str, ...]


@dataclass(frozen=True)
class Leaf:
    """A file: `marks` says in a word each what a moderator should notice."""

    name: str
    path: str
    size: int
    marks: tuple[str, ...] = ()


@dataclass
class Folder:
    """A folder; `count` and `size` are those of everything below it, `marked` of marked files."""

    name: str
    folders: list[Folder] = field(default_factory=list)
    leaves: list[Leaf] = field(default_factory=list)
    count: int = 0
    size: int = 0
    marked: int = 0


def plant(members: Iterable[tuple[str, int]], marks: Mapping[str, Iterable[str]]) -> Folder:
    """The tree of these paths and sizes, folders and files in order of name.

    Of too many what bears a mark is shown first.
    """
    known: dict[Place, Folder] = {(): Folder("")}
    chosen = sorted(members, key=lambda member: (member[0] not in marks, member))[:MOST]
    for path, size in sorted(chosen):
        parts = path.split("/")
        place = tuple(parts[:-1][:DEEPEST])
        leaf = Leaf("/".join(parts[len(place) :]), path, size, tuple(marks.get(path, ())))
        for folder in _way_to(place, known):
            folder.count += 1
            folder.size += size
            folder.marked += bool(leaf.marks)
        known[place].leaves.append(leaf)
    return known[()]


def _way_to(place: Place, known: dict[Place, Folder]) -> list[Folder]:
    """Every folder from the root to this one, made where it is not there yet."""
    way = [known[()]]
    for depth in range(1, len(place) + 1):
        inner = place[:depth]
        if inner not in known:
            known[inner] = Folder(inner[-1])
            way[-1].folders.append(known[inner])
        way.append(known[inner])
    return way
