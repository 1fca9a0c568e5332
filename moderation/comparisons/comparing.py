"""Two archives of one kind, or a stored file and the one that it follows.

Both are read by the readers that measure everything (`packages.uploads.archives`), never to a
disk, within `Limits`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

from moderation import members, predecessors
from moderation.comparisons import diffs, reading
from moderation.comparisons.reading import Clock, Index
from moderation.comparisons.values import Change, Comparison, Limits, Side
from packages import storage
from packages.models import File, StagedFile

DEFAULT = Limits()


def of_file(file: StagedFile | File, limits: Limits = DEFAULT) -> Comparison | None:
    """Compare a stored file with the one that it follows; None if it follows none.

    Raises `FileNotFoundError` when the bytes of either are gone.
    """
    previous = predecessors.previous_of(file)
    if previous is None:
        return None
    with _side(previous) as before, _side(file) as after:
        return compare(before, after, limits)


@contextmanager
def _side(file: StagedFile | File) -> Iterator[Side]:
    version = file.stage.version if isinstance(file, StagedFile) else file.release.version
    requires = tuple(file.metadata.get("requires_dist") or ())
    with storage.local_copy(file.sha256) as path:
        yield Side(path, file.filename, version, requires)


def compare(before: Side, after: Side, limits: Limits = DEFAULT) -> Comparison:
    """What changed from one archive to the other, whatever they hold."""
    clock = Clock(limits.seconds)
    old, new = reading.index(before, limits, clock), reading.index(after, limits, clock)
    changes = sorted(_changes(old, new), key=lambda each: _rank(each, sdist=after.sdist))
    told, remarks = _with_diffs(changes, before, after, limits, clock)
    added = [change.path for change in changes if change.kind == "added"]
    return Comparison(
        before=before,
        after=after,
        changes=tuple(told),
        unchanged=len(new.seen) - sum(change.kind != "removed" for change in changes),
        new_dependencies=_without(after.requires, before.requires),
        dropped_dependencies=_without(before.requires, after.requires),
        new_entry_points=_without(new.entry_points, old.entry_points),
        dropped_entry_points=_without(old.entry_points, new.entry_points),
        new_build_requirements=_without(new.build_requirements, old.build_requirements),
        new_startup_hooks=tuple(
            path for path in added if members.is_startup_hook(path, sdist=after.sdist)
        ),
        new_native_code=tuple(path for path in added if members.is_native(path)),
        size_before=before.path.stat().st_size,
        size_after=after.path.stat().st_size,
        unpacked_before=old.unpacked,
        unpacked_after=new.unpacked,
        remarks=tuple(filter(None, (old.remark, new.remark, *remarks))),
    )


def _without(these: Iterable[str], those: Iterable[str]) -> tuple[str, ...]:
    gone = set(those)
    return tuple(sorted(each for each in set(these) if each not in gone))


def _changes(old: Index, new: Index) -> Iterator[Change]:
    for key, now in new.seen.items():
        then = old.seen.get(key)
        if then is None:
            yield Change(now.name, "added", None, now.size)
        elif then.digest != now.digest:
            yield Change(now.name, "changed", then.size, now.size)
    for key, then in old.seen.items():
        if key not in new.seen:
            yield Change(then.name, "removed", then.size, None)


def _rank(change: Change, *, sdist: bool) -> tuple[int, str]:
    return members.rank(change.path, sdist=sdist), change.path


def _with_diffs(
    changes: Sequence[Change], before: Side, after: Side, limits: Limits, clock: Clock
) -> tuple[list[Change], list[str]]:
    """The changes with the lines of the first that are texts; and what was left out."""
    wanted = {
        members.key(change.path, sdist=after.sdist)
        for change in [change for change in changes if change.kind != "removed"][: limits.diffs]
    }
    old = reading.texts(before, wanted, limits, clock)
    new = reading.texts(after, wanted, limits, clock)
    told = []
    for change in changes:
        key = members.key(change.path, sdist=after.sdist)
        if key in new and not clock.over:
            change = _with_diff(change, old.get(key, b""), new[key], limits)  # noqa: PLW2901
        told.append(change)
    late = ["Not every changed line is shown, because the time was over."] if clock.over else []
    return told, late


def _with_diff(change: Change, old: bytes, new: bytes, limits: Limits) -> Change:
    """Whatever holds a NUL is no text; an odd encoding must not hide what changed."""
    if b"\0" in old or b"\0" in new:
        return change
    lines = diffs.of_texts(old.decode(errors="replace"), new.decode(errors="replace"))
    shown = tuple(line for line, _ in zip(lines, range(limits.lines + 1), strict=False))
    return replace(change, diff=shown[: limits.lines], cut=len(shown) > limits.lines)
