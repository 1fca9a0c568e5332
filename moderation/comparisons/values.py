"""What a comparison is made of, and what it may cost."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from moderation.comparisons.diffs import Line
from packages import names
from packages.uploads.rules import KIB, MIB


@dataclass(frozen=True)
class Limits:
    """How much a comparison may cost; `unpacked` (of each archive) and `text` (of each file) are
    bytes, `diffs` files, `lines` those of one diff."""

    seconds: float = 8.0
    members: int = 20_000
    unpacked: int = 512 * MIB
    text: int = 256 * KIB
    diffs: int = 100
    lines: int = 400


@dataclass(frozen=True)
class Side:
    """One of the two files: where its bytes are, and what its metadata requires."""

    path: Path
    filename: str
    version: str
    requires: tuple[str, ...] = ()

    @property
    def sdist(self) -> bool:
        return self.filename.endswith(".tar.gz")


@dataclass(frozen=True)
class Change:
    """A member that was added, removed or changed (`kind`); sizes are bytes, None where it is not.

    `diff` has the lines of a text, at most `Limits.lines` of them (`cut`: there are more).
    """

    path: str
    kind: str
    size_before: int | None
    size_after: int | None
    diff: tuple[Line, ...] = ()
    cut: bool = False


@dataclass(frozen=True)
class Comparison:
    """Everything that changed, what matters most first; sizes are bytes.

    `remarks` say in sentences what could not be seen.
    """

    before: Side
    after: Side
    changes: tuple[Change, ...]
    unchanged: int
    new_dependencies: tuple[str, ...]
    dropped_dependencies: tuple[str, ...]
    new_entry_points: tuple[str, ...]
    dropped_entry_points: tuple[str, ...]
    new_build_requirements: tuple[str, ...]
    new_startup_hooks: tuple[str, ...]
    new_native_code: tuple[str, ...]
    size_before: int
    size_after: int
    unpacked_before: int
    unpacked_after: int
    remarks: tuple[str, ...] = ()

    @property
    def backwards(self) -> bool:
        """Whether it is with a newer version, where none stands below."""
        old, new = self.before.version, self.after.version
        return names.version_sort_key(old) > names.version_sort_key(new)

    @property
    def complete(self) -> bool:
        """Whether everything was seen."""
        return not self.remarks

    @property
    def added(self) -> tuple[Change, ...]:
        return self._of_kind("added")

    @property
    def removed(self) -> tuple[Change, ...]:
        return self._of_kind("removed")

    @property
    def changed(self) -> tuple[Change, ...]:
        return self._of_kind("changed")

    def _of_kind(self, kind: str) -> tuple[Change, ...]:
        return tuple(change for change in self.changes if change.kind == kind)
