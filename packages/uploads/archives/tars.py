"""TAR archives as a stream: one pass, no seeking, no extraction.

Python's tarfile reads single headers; the walk over them is ours, because tarfile believes the
sizes of extended headers, follows sparse maps and forgives what other readers do not.
"""

import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from packages.uploads.archives import pax
from packages.uploads.archives.gzips import Stream
from packages.uploads.findings import Unreadable, quoted
from packages.uploads.rules import Rules

BLOCK = tarfile.BLOCKSIZE

Kind = Literal["file", "folder", "symlink", "hardlink", "special"]

_KINDS: dict[bytes, Kind] = {
    tarfile.REGTYPE: "file",
    tarfile.AREGTYPE: "file",
    tarfile.CONTTYPE: "file",
    tarfile.DIRTYPE: "folder",
    tarfile.SYMTYPE: "symlink",
    tarfile.LNKTYPE: "hardlink",
    tarfile.CHRTYPE: "special",
    tarfile.BLKTYPE: "special",
    tarfile.FIFOTYPE: "special",
}
_EXTENSIONS = {
    tarfile.XHDTYPE: "pax",
    tarfile.SOLARIS_XHDTYPE: "pax",
    tarfile.XGLTYPE: "global",
    tarfile.GNUTYPE_LONGNAME: "path",
    tarfile.GNUTYPE_LONGLINK: "linkpath",
}


@dataclass(frozen=True, slots=True)
class TarMember:
    """What a header says about a member."""

    name: str
    kind: Kind
    size: int
    mode: int
    target: str


def read_members(stream: Stream, rules: Rules) -> Iterator[tuple[TarMember, Iterator[bytes]]]:
    """Every member with its content, which must be read before the next member is asked for."""
    names_size = 0
    for count, (member, padding) in enumerate(_headers(stream, rules)):
        names_size += len(member.name) + len(member.target)
        if count >= rules.members or names_size > rules.record_size:
            raise _too_many(rules)
        content = _content(stream, member)
        yield member, content
        for _ in content:
            pass  # what nobody wanted to read
        if len(stream.read(padding)) < padding:
            raise _truncated()


def _content(stream: Stream, member: TarMember) -> Iterator[bytes]:
    left = member.size
    for piece in stream.take(left):
        left -= len(piece)
        yield piece
    if left:
        raise _truncated()


def _headers(stream: Stream, rules: Rules) -> Iterator[tuple[TarMember, int]]:
    """Members with the length of the padding behind them, extended headers already applied."""
    overrides: dict[str, str] = {}
    extensions = 0
    while (info := _header(stream)) is not None:
        kind = _EXTENSIONS.get(info.type)
        if kind is None:
            member = _member(info, overrides)
            yield member, -member.size % BLOCK
            overrides = {}
            continue
        extensions += 1
        if extensions > 3 * rules.members:
            raise _too_many(rules)
        pax.merge(overrides, _extension(stream, info, kind))
    if overrides:
        raise _truncated()
    _check_end(stream)


def _header(stream: Stream) -> tarfile.TarInfo | None:
    """The next header; None at the end-of-archive block or the end of the data."""
    block = stream.read(BLOCK)
    try:
        return tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
    except (tarfile.EmptyHeaderError, tarfile.EOFHeaderError):  # type: ignore[attr-defined]
        return None
    except (tarfile.HeaderError, ValueError):
        if len(block) < BLOCK:
            raise _truncated() from None
        raise Unreadable(
            "corrupt-tar", "The archive has a damaged header; build the source distribution again."
        ) from None


def _extension(stream: Stream, info: tarfile.TarInfo, kind: str) -> dict[str, str]:
    """What an extended header says about the next member (pax) or its long name (GNU)."""
    if not 0 <= info.size <= pax.MAX_SIZE:
        raise Unreadable(
            "extended-header-too-large",
            f"The archive has an extended header of more than {pax.MAX_SIZE} bytes; build the"
            " source distribution again.",
        )
    data = stream.read(info.size)
    padding = -info.size % BLOCK
    if len(data) + len(stream.read(padding)) < info.size + padding:
        raise _truncated()
    if kind in ("path", "linkpath"):
        return {kind: data.rstrip(b"\0").decode("utf-8", "surrogateescape")}
    return pax.parse(data) if kind == "pax" else pax.parse_global(data)


def _member(info: tarfile.TarInfo, overrides: dict[str, str]) -> TarMember:
    name = overrides.get("path", info.name)
    kind = _KINDS.get(info.type)
    if kind is None:
        raise Unreadable(
            "unsupported-tar-member",
            f"The member {quoted(name)} is of a kind (sparse, for example) that not every installer"
            " can unpack; store it as an ordinary file.",
        )
    return TarMember(
        name=name.rstrip("/") if kind == "folder" else name,
        kind=kind,
        size=_size(name, info, overrides) if kind == "file" else 0,
        mode=info.mode,
        target=overrides.get("linkpath", info.linkname),
    )


def _size(name: str, info: tarfile.TarInfo, overrides: dict[str, str]) -> int:
    """The size of a file; a pax header may repeat it, and change it only if it is huge."""
    size = overrides.get("size", str(info.size))
    if info.size < 0 or not size.isascii() or not size.isdigit() or len(size) > 20:
        raise _bad_size(name)
    if info.size not in (0, int(size)):
        raise _bad_size(name)
    return int(size)


def _bad_size(name: str) -> Unreadable:
    return Unreadable(
        "tar-header-mismatch",
        f"The headers of the member {quoted(name)} disagree about its size; build the source"
        " distribution again.",
    )


def _check_end(stream: Stream) -> None:
    """After the end-of-archive block only zeros may follow."""
    if any(piece.strip(b"\0") for piece in stream.rest()):
        raise Unreadable(
            "tar-trailing-data",
            "The archive has data after its end; build the source distribution again.",
        )


def _truncated() -> Unreadable:
    return Unreadable(
        "truncated-tar", "The archive ends in the middle of a member; upload the whole file."
    )


def _too_many(rules: Rules) -> Unreadable:
    return Unreadable(
        "too-many-members",
        f"The archive has more than {rules.members} members, or names of more than"
        f" {rules.record_size} bytes; leave files out.",
    )
