"""Reading wheels (PEP 427, PEP 491, PEP 639, PEP 770, PEP 815)."""

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from packages import names
from packages.names import Distribution
from packages.uploads.archives import entry_points, nested, records, wheel_file, zips
from packages.uploads.archives.budget import Budget
from packages.uploads.archives.contents import Contents, Member
from packages.uploads.archives.onlookers import Onlooker, Tap
from packages.uploads.archives.records import Record, Row
from packages.uploads.archives.texts import Utf8Check
from packages.uploads.archives.zips import CorruptMember, Stored
from packages.uploads.findings import Finding, Unreadable, quoted, refuse, warn
from packages.uploads.rules import Rules

SIGNATURES = ("RECORD.jws", "RECORD.p7s")
DATA_SCHEMES = {"purelib", "platlib", "headers", "scripts", "data"}


@dataclass(frozen=True)
class _Wheel:
    """An open wheel, framing checked."""

    file: BinaryIO
    members: dict[str, Stored]
    dist_info: str
    size: int
    rules: Rules
    onlooker: Onlooker | None

    @property
    def license_folder(self) -> str:
        """Where the files that License-File names must be (PEP 639)."""
        return f"{self.dist_info}/licenses/"

    def read(self, name: str, limit: int) -> bytes | None:
        """A file of `.dist-info` as a whole; None if it is not there."""
        member = self.members.get(f"{self.dist_info}/{name}")
        if member is None or not member.entry.readable:
            return None
        return zips.read_bytes(self.file, member, limit, Budget(self.size, self.rules))


def read(
    path: Path, distribution: Distribution, rules: Rules, onlooker: Onlooker | None = None
) -> Contents:
    """Read a wheel: headers first, then `.dist-info`, then every byte once against RECORD."""
    contents = Contents()
    try:
        with path.open("rb") as file:
            wheel = _open(file, distribution, rules, contents, onlooker)
            if wheel.dist_info:
                _read_dist_info(wheel, distribution, contents)
                _read_everything(wheel, contents)
    except Unreadable as broken:
        contents.findings.append(broken.finding)
    return contents


def _open(
    file: BinaryIO,
    distribution: Distribution,
    rules: Rules,
    contents: Contents,
    onlooker: Onlooker | None,
) -> _Wheel:
    size = os.fstat(file.fileno()).st_size
    stored = zips.read_members(file, size, rules)
    contents.findings += zips.problems(stored)
    members = {m.entry.name: m for m in stored if not m.entry.is_folder}
    contents.members = tuple(Member(name, m.entry.size) for name, m in members.items())
    dist_info = _dist_info(members, distribution, contents.findings)
    return _Wheel(file, members, dist_info, size, rules, onlooker)


def _dist_info(members: Iterable[str], distribution: Distribution, findings: list[Finding]) -> str:
    """The one `.dist-info` folder, named after the file; empty if there is not one."""
    tops = {name.partition("/")[0] for name in members if "/" in name}
    found = sorted(top for top in tops if top.endswith(".dist-info"))
    if len(found) != 1:
        findings.append(
            refuse(
                "several-dist-info" if found else "missing-dist-info",
                f"The wheel must have exactly one .dist-info folder, and has {len(found)}; build it"
                " again.",
            )
        )
        return ""
    if not _is_named_after(found[0], distribution):
        findings.append(
            refuse(
                "dist-info-mismatch",
                f"The folder {quoted(found[0])} does not have the name and version of the file"
                f" {quoted(distribution.filename)}; build the wheel again instead of renaming it.",
            )
        )
    return found[0]


def _is_named_after(dist_info: str, distribution: Distribution) -> bool:
    name, _, version = dist_info.removesuffix(".dist-info").rpartition("-")
    try:
        same_version = names.parse_version(version) == names.parse_version(distribution.version)
    except names.InvalidVersion:
        return False
    return same_version and names.normalize(name) == distribution.normalized_name


def _read_dist_info(wheel: _Wheel, distribution: Distribution, contents: Contents) -> None:
    """METADATA, WHEEL and entry_points.txt; a broken one does not keep us from the next."""
    rules = wheel.rules

    def checked(
        name: str, limit: int, check: Callable[[bytes], Iterable[Finding]], *, needed: bool
    ) -> None:
        try:
            data = wheel.read(name, limit)
        except CorruptMember as broken:
            contents.findings.append(broken.finding)
            return
        if data is not None:
            contents.findings.extend(check(data))
        elif needed:
            contents.findings.append(_missing(wheel, name))

    def keep(data: bytes) -> Iterable[Finding]:
        contents.metadata = data
        return ()

    checked("METADATA", rules.metadata_size, keep, needed=True)
    checked(
        "WHEEL", rules.small_file_size, lambda d: wheel_file.problems(d, distribution), needed=True
    )
    checked("entry_points.txt", rules.small_file_size, entry_points.problems, needed=False)
    contents.findings.extend(_folders(wheel))
    folder = wheel.license_folder
    contents.license_files = frozenset(
        name.removeprefix(folder) for name in wheel.members if name.startswith(folder)
    )


def _missing(wheel: _Wheel, name: str) -> Finding:
    return refuse(
        f"missing-{name.lower()}",
        f"The wheel has no file {quoted(f'{wheel.dist_info}/{name}')}; build it again.",
    )


def _folders(wheel: _Wheel) -> Iterator[Finding]:
    """Signatures that PEP 815 withdrew, and what the `.data` folder may hold."""
    for name in SIGNATURES:
        if f"{wheel.dist_info}/{name}" in wheel.members:
            yield warn(
                "deprecated-signature",
                f"The wheel has a signature {name}, which build tools must not add any more (PEP"
                " 815).",
            )
    for name in wheel.members:
        top, _, rest = name.partition("/")
        if top.endswith(".data") and rest:
            yield from _data_file(name, rest)


def _data_file(name: str, rest: str) -> Iterator[Finding]:
    scheme, slash, path = rest.partition("/")
    if scheme not in DATA_SCHEMES or not slash:
        yield refuse(
            "unknown-data-scheme",
            f"The file {quoted(name)} is in a part of .data that installers do not know; use"
            " purelib, platlib, headers, scripts or data.",
        )
    elif scheme == "scripts" and "/" in path:
        yield refuse(
            "folder-in-scripts",
            f"The file {quoted(name)} is in a folder of scripts, where only files may be; move it"
            " up.",
        )


def _read_everything(wheel: _Wheel, contents: Contents) -> None:
    """Unpack every member once and compare it with RECORD."""
    record = _record(wheel, contents)
    own = {f"{wheel.dist_info}/{name}" for name in SIGNATURES}
    if record is not None:
        contents.findings += record.findings
        contents.findings += records.compare_names(record, set(wheel.members), own)
    rows = record.rows if record else {}
    own.add(f"{wheel.dist_info}/RECORD")
    reading = _Reading(wheel, contents)
    for name, member in wheel.members.items():
        if member.entry.readable:
            row = None if name in own else rows.get(name)
            contents.findings += reading.member(member, row)


def _record(wheel: _Wheel, contents: Contents) -> Record | None:
    try:
        data = wheel.read("RECORD", wheel.rules.record_size)
    except CorruptMember as broken:
        contents.findings.append(broken.finding)
        return None
    if data is None:
        contents.findings.append(_missing(wheel, "RECORD"))
        return None
    return records.parse(data, wheel.rules.members + len(SIGNATURES) + 1)


class _Reading:
    """Every member once: its bytes against RECORD, its licence's encoding, what is nested in it."""

    def __init__(self, wheel: _Wheel, contents: Contents) -> None:
        self.wheel, self.contents = wheel, contents
        self.budget = Budget(wheel.size, wheel.rules)
        self.watch = nested.Watch(wheel.size, wheel.rules)

    def member(self, member: Stored, row: Row | None) -> Iterator[Finding]:
        """Read a member to its end, whatever RECORD says, so that damage is always found."""
        algorithm = row.algorithm if row and row.algorithm in records.ALGORITHMS else "sha256"
        hasher, text, inside = hashlib.new(algorithm), Utf8Check(), self.watch.member()
        tap = Tap(self.wheel.onlooker, member.entry.name, member.entry.size)
        is_license = member.entry.name.startswith(self.wheel.license_folder)
        try:
            for chunk in zips.read_chunks(self.wheel.file, member, self.budget):
                hasher.update(chunk)
                inside.feed(chunk)
                tap.feed(chunk)
                if is_license:
                    text.feed(chunk)
        except CorruptMember as broken:
            yield broken.finding
            return
        inside.close()
        tap.close()
        text.feed(b"", final=True)
        if not text.valid:
            self._note_not_utf8(member)
        if row:
            yield from records.compare(member.entry.name, row, hasher.digest(), member.entry.size)

    def _note_not_utf8(self, member: Stored) -> None:
        path = member.entry.name.removeprefix(self.wheel.license_folder)
        self.contents.not_utf8 |= {path}
