"""Every file of a distribution with its bytes, for whoever looks into what was accepted."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from packages.uploads.archives import gzips, tars, zips
from packages.uploads.archives.budget import Budget
from packages.uploads.archives.contents import Member
from packages.uploads.rules import Rules

Walk = Iterator[tuple[Member, Iterator[bytes]]]


def walk(path: Path, rules: Rules, *, sdist: bool) -> Walk:
    """The files of the archive at `path`, links and folders apart, in the archive's order.

    The content of a member must be read before the next one is asked for; what nobody reads of a
    wheel is not unpacked.  Raises `Unreadable` where the archive breaks off.
    """
    with path.open("rb") as file:
        size = path.stat().st_size
        budget = Budget(size, rules)
        if sdist:
            stream = gzips.Stream(gzips.unpacked(file, budget))
            for entry, content in tars.read_members(stream, rules):
                if entry.kind == "file":
                    yield Member(entry.name, entry.size), content
            return
        for stored in zips.read_members(file, size, rules):
            if not stored.entry.is_folder and stored.entry.readable:
                member = Member(stored.entry.name, stored.entry.size)
                yield member, zips.read_chunks(file, stored, budget)
