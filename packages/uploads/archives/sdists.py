"""Reading source distributions (PEP 517, PEP 625, PEP 643)."""

import stat
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from packages.names import Distribution
from packages.uploads.archives import gzips, nested, paths, tars, zip_entries
from packages.uploads.archives.budget import Budget
from packages.uploads.archives.contents import Contents, Member
from packages.uploads.archives.onlookers import Onlooker, tapped
from packages.uploads.archives.tars import TarMember
from packages.uploads.archives.texts import Utf8Check, looks_like_license
from packages.uploads.findings import Finding, Unreadable, quoted, refuse, warn
from packages.uploads.rules import Rules


def read(
    path: Path, distribution: Distribution, rules: Rules, onlooker: Onlooker | None = None
) -> Contents:
    """Read an sdist in one pass; whatever is wrong becomes a finding."""
    contents = Contents()
    seen: list[TarMember] = []
    readable = True
    try:
        with path.open("rb") as file:
            size = path.stat().st_size
            stream = gzips.Stream(gzips.unpacked(file, Budget(size, rules)))
            watch = nested.Watch(size, rules)
            members = _watched(tars.read_members(stream, rules), watch, onlooker)
            _read_members(members, rules, contents, seen)
    except Unreadable as broken:
        contents.findings.append(broken.finding)
        readable = bool(seen)  # of what is no archive at all, one sentence is enough
    contents.members = tuple(Member(m.name, m.size) for m in seen if m.kind != "folder")
    contents.findings += [*_problems(seen)]
    contents.findings += _layout(seen, distribution, contents) if readable else []
    contents.license_files = frozenset(
        _below_top(member.name) for member in seen if member.kind != "folder"
    )
    return contents


Members = Iterator[tuple[TarMember, Iterator[bytes]]]


def _watched(members: Members, watch: nested.Watch, onlooker: Onlooker | None) -> Members:
    """The same members; what of their content passes by is looked into."""
    for member, content in members:
        sniffed = _sniffed(content, watch.member())
        if onlooker and member.kind == "file":
            sniffed = tapped(onlooker, member.name, member.size, sniffed)
        yield member, sniffed
        for _ in sniffed:
            pass  # what nobody else wanted to read


def _sniffed(content: Iterator[bytes], inside: nested.Sniffer) -> Iterator[bytes]:
    for piece in content:
        inside.feed(piece)
        yield piece
    inside.close()


def _read_members(
    members: Members, rules: Rules, contents: Contents, seen: list[TarMember]
) -> None:
    for member, content in members:
        seen.append(member)
        if member.kind != "file":
            continue
        inside = _below_top(member.name)
        if inside == "PKG-INFO":
            contents.metadata = _bounded(content, rules.metadata_size)
        elif looks_like_license(inside) and not _is_utf8(content):
            contents.not_utf8 |= {inside}


def _bounded(content: Iterator[bytes], limit: int) -> bytes:
    collected = bytearray()
    for piece in content:
        collected += piece
        if len(collected) > limit:
            raise Unreadable(
                "metadata-too-large", f"PKG-INFO has more than {limit} bytes; shorten it."
            )
    return bytes(collected)


def _is_utf8(content: Iterator[bytes]) -> bool:
    check = Utf8Check()
    for piece in content:
        check.feed(piece)
    check.feed(b"", final=True)
    return check.valid


def _below_top(name: str) -> str:
    """The path inside the top folder."""
    return name.partition("/")[2]


def _problems(members: list[TarMember]) -> Iterator[Finding]:
    """Everything wrong with names, kinds and links of the members."""
    for member in members:
        path = paths.problem(member.name)
        if path:
            yield path
        yield from _kind(member)
    yield from _links(members)
    names = [member.name for member in members if member.kind != "folder"]
    for name in paths.duplicates(names):
        yield refuse(
            "duplicate-member",
            f"The member {quoted(name)} is there twice, and readers disagree which one counts;"
            " build the source distribution again.",
        )
    folders = [member.name + "/" for member in members if member.kind == "folder"]
    yield from _collisions(names, folders)


def _kind(member: TarMember) -> Iterator[Finding]:
    if member.kind == "special":
        yield refuse(
            "special-file", f"The member {quoted(member.name)} is a device or pipe; leave it out."
        )
    if member.mode & (stat.S_ISUID | stat.S_ISGID):
        yield zip_entries.privileged(member.name, is_folder=member.kind == "folder")


def _collisions(names: list[str], folders: list[str]) -> Iterator[Finding]:
    for name, other in paths.collisions(names):
        yield warn(
            "colliding-members",
            f"The members {quoted(name)} and {quoted(other)} are one file on systems that ignore"
            " case or Unicode form; rename one.",
        )
    for name in paths.files_used_as_folders([*names, *folders]):
        yield refuse(
            "file-used-as-folder",
            f"The member {quoted(name)} is a file or link and a folder; rename one.",
        )


def _links(members: list[TarMember]) -> Iterator[Finding]:
    """Links must stay below the top folder, and must not lead through each other."""
    links = {member.name for member in members if member.kind == "symlink"}
    files: set[str] = set()
    for member in members:
        target = _target(member)
        if target is not None and not _is_safe(member, target, links, files):
            yield refuse(
                "unsafe-link",
                f"The link {quoted(member.name)} leads to {quoted(member.target)}, which is outside"
                " the source distribution, behind another link or not there; put the file there.",
            )
        if member.kind == "file":
            files.add(member.name)


def _target(member: TarMember) -> str | None:
    """Where a link leads: a symbolic one from its folder, a hard one from the archive's root."""
    if member.kind == "symlink":
        return str(PurePosixPath(member.name).parent / member.target)
    return member.target if member.kind == "hardlink" else None


def _is_safe(member: TarMember, target: str, links: set[str], files: set[str]) -> bool:
    if member.kind == "hardlink":
        return target in files
    if member.target[:1] in ("", "/") or len(target) > paths.MAX_PATH_BYTES:
        return False
    resolved = _resolved(target, links)
    if resolved is None or paths.problem(resolved):
        return False
    return _top(resolved) == _top(member.name)


def _top(path: str) -> str:
    return path.partition("/")[0]


def _resolved(path: str, links: set[str]) -> str | None:
    """A path (as pathlib writes it) without `..`; None if nobody can tell where it leads.

    It must not climb above the archive. Nor may it climb at all if it passes a link, because
    `link/..` is where the link leads to, and not where it is.
    """
    steps = path.split("/")
    passed = links if ".." in steps else set()
    parts: list[str] = []
    for step in steps:
        if (passed and "/".join(parts) in passed) or (step == ".." and not parts):
            return None
        if step == "..":
            parts.pop()
        else:
            parts.append(step)
    return "/".join(parts)


def _layout(
    members: list[TarMember], distribution: Distribution, contents: Contents
) -> Iterator[Finding]:
    """One top folder, named after the file, with PKG-INFO and pyproject.toml in it."""
    tops = sorted({_top(member.name) for member in members})
    expected = distribution.filename.removesuffix(".tar.gz")
    if len(tops) != 1:
        shown = ", ".join(map(quoted, tops[:3])) or "nothing"
        yield refuse(
            "several-top-folders",
            f"The source distribution must hold exactly one folder, {quoted(expected)}, and holds"
            f" {shown}; build it again with a current build tool.",
        )
    elif tops[0] != expected:
        yield warn(
            "unexpected-top-folder",
            f"The top folder is named {quoted(tops[0])} instead of {quoted(expected)}; build the"
            " source distribution with a current build tool.",
        )
    yield from _expected_files(members, contents)


def _expected_files(members: list[TarMember], contents: Contents) -> Iterator[Finding]:
    inside = {_below_top(member.name) for member in members if member.kind == "file"}
    if contents.metadata is None:
        yield refuse(
            "missing-pkg-info",
            "The source distribution has no PKG-INFO in its top folder; build it with a current"
            " build tool.",
        )
    if "pyproject.toml" not in inside:
        yield warn(
            "missing-pyproject",
            "The source distribution has no pyproject.toml; add one with a [build-system] table"
            " (PEP 518).",
        )
