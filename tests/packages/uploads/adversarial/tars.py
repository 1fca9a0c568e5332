"""Source distributions whose gzip or tar is a trap, or whose layout is none."""

from __future__ import annotations

import gzip
import hashlib
import io
import struct
import tarfile
from collections.abc import Callable
from functools import partial

from tests.factories import dists
from tests.packages.uploads.adversarial.attempts import SDIST, Attempt, Row, attempt, sdist

MB = 1_000_000
TOP = "demo-1.0"


def nested_without_end() -> bytes:
    """Ten tars, each in the next."""
    data = b""
    for _ in range(10):
        data = dists.tar_bytes({"inside.tar": data})
    return with_members((f"{TOP}/inside.tar", data))


def packed(data: bytes) -> Attempt:
    """These bytes as a source distribution."""
    return attempt(SDIST, data)


def good_tar() -> bytes:
    """A faultless source distribution before compression, to be spoilt."""
    return dists.tar_bytes(dists.sdist_members())


def with_members(*more: tuple[str | tarfile.TarInfo, bytes], **knobs) -> bytes:
    """One with more members."""
    return dists.tar_gz_bytes([*dists.sdist_members().items(), *more], **knobs)


def with_member(name: str, kind: bytes = tarfile.REGTYPE, target: str = "", mode: int = 0o644):
    """One more member that is special."""
    info = tarfile.TarInfo(name)
    info.type, info.linkname, info.mode = kind, target, mode
    return with_members((info, b""), tar_format=tarfile.GNU_FORMAT)


def header(name: str, kind: bytes, data: bytes, size: int | None = None) -> bytes:
    """A raw header with its data."""
    info = tarfile.TarInfo(name)
    info.type, info.size = kind, len(data) if size is None else size
    return info.tobuf(tarfile.USTAR_FORMAT) + data + bytes(-len(data) % 512)


def with_extension(kind: bytes, data: bytes, size: int = 0) -> bytes:
    """One with an extended header before its last member."""
    member = header(f"{TOP}/x", tarfile.REGTYPE, b"x" * size)
    body = good_tar().rstrip(b"\0")
    body += bytes(-len(body) % 512)
    return gzip.compress(body + header("ext", kind, data) + member + bytes(1024))


def record(key: str, value: str) -> bytes:
    """A pax record, its length included in its length."""
    text = f" {key}={value}\n".encode()
    length = len(text) + len(str(len(text)))
    return str(len(text) + len(str(length))).encode() + text


def negative_size() -> bytes:
    """A size below zero, in GNU's binary form."""
    block = bytearray(tarfile.TarInfo(f"{TOP}/x").tobuf(tarfile.GNU_FORMAT))
    block[124:136] = b"\xff" * 11 + b"\xf0"
    block[148:156] = b" " * 8
    struct.pack_into("8s", block, 148, f"{sum(block):06o}\0 ".encode())
    return gzip.compress(bytes(block))


def zeros(size: int) -> bytes:
    """Many zeros compressed, without ever holding them."""
    packer = gzip.GzipFile(fileobj=(buffer := io.BytesIO()), mode="wb", mtime=0)
    packer.write(good_tar().rstrip(b"\0"))
    for _ in range(size // MB):
        packer.write(bytes(MB))
    packer.close()
    return buffer.getvalue()


def nested(levels: int) -> bytes:
    """gzip in gzip in gzip."""
    data = good_tar()
    for _ in range(levels):
        data = gzip.compress(data, mtime=0)
    return data


def too_many_members() -> bytes:
    """More members than an sdist may have, all empty, and named so that they are no bomb."""
    start, places = f"{TOP}/".encode(), "0" * 64
    block = bytearray(tarfile.TarInfo(f"{TOP}/{places}").tobuf(tarfile.USTAR_FORMAT))
    block[148:156] = b" " * 8
    rest = sum(block) - sum(places.encode())
    packer = gzip.GzipFile(fileobj=(buffer := io.BytesIO()), mode="wb", compresslevel=1, mtime=0)
    for number in range(50_001):
        name = hashlib.sha256(b"%d" % number).hexdigest().encode()
        block[len(start) : len(start) + 64] = name
        block[148:156] = b"%06o\0 " % (rest + sum(name))
        packer.write(block)
    packer.close()
    return buffer.getvalue()


def through_links() -> bytes:
    """Two links that are harmless alone and lead out together."""
    folder, deep, climb = (tarfile.TarInfo(f"{TOP}/{n}") for n in ("a/b/c", "deep", "x/climb"))
    folder.type, deep.type, climb.type = tarfile.DIRTYPE, tarfile.SYMTYPE, tarfile.SYMTYPE
    deep.linkname, climb.linkname = "a/b/c", "../deep/../../.."
    return with_members((folder, b""), (deep, b""), (climb, b""))


def behind_link() -> bytes:
    """A file that is to be written where a link points."""
    link = tarfile.TarInfo(f"{TOP}/link")
    link.type, link.linkname = tarfile.SYMTYPE, "sub"
    return with_members((link, b""), (f"{TOP}/link/x", b""))


def linked_pkg_info() -> bytes:
    """PKG-INFO is a link to another file."""
    members = dists.sdist_members()
    text = members.pop(f"{TOP}/PKG-INFO")
    link = tarfile.TarInfo(f"{TOP}/PKG-INFO")
    link.type, link.linkname = tarfile.SYMTYPE, "other"
    return dists.tar_gz_bytes([*members.items(), (f"{TOP}/other", text), (link, b"")])


def prefixed() -> bytes:
    """All paths begin with `./`."""
    return dists.tar_gz_bytes({f"./{n}": data for n, data in dists.sdist_members().items()})


def _row(slug: str, data: Callable[[], bytes], finding: str, *items: int) -> Row:
    return Row(f"tar-{slug}", lambda: packed(data()), finding, items=items)


def _member(slug: str, finding: str, item: int, name: str, *facts) -> Row:
    return _row(f"member-{slug}", partial(with_member, name, *facts), finding, item)


def _link(slug: str, kind: bytes, target: str) -> Row:
    return _member(slug, "unsafe-link", 33, f"{TOP}/link", kind, target)


def _pax(slug: str, finding: str, data: bytes, *, size: int = 0) -> Row:
    return _row(f"pax-{slug}", partial(with_extension, tarfile.XHDTYPE, data, size), finding, 33)


def _sdist(slug: str, finding: str, *items: int, **knobs) -> Row:
    return Row(f"sdist-{slug}", partial(sdist, **knobs), finding, items=items)


ROWS = [
    _member("absolute", "path-traversal", 33, "/etc/passwd"),
    _member("climbs", "path-traversal", 33, f"{TOP}/../../x"),
    _member("backslash", "path-traversal", 33, f"{TOP}/a\\b"),
    _member("bell", "control-character-in-member-name", 33, f"{TOP}/a\x07"),
    _member("not-utf8", "non-utf8-member-name", 33, f"{TOP}/caf\udce9"),
    _member("character-device", "special-file", 33, f"{TOP}/x", tarfile.CHRTYPE),
    _member("block-device", "special-file", 33, f"{TOP}/x", tarfile.BLKTYPE),
    _member("fifo", "special-file", 33, f"{TOP}/x", tarfile.FIFOTYPE),
    _member("gnu-sparse", "unsupported-tar-member", 33, f"{TOP}/x", tarfile.GNUTYPE_SPARSE),
    _member("multivolume", "unsupported-tar-member", 33, f"{TOP}/x", b"M"),
    _member("setuid", "setuid-file", 33, f"{TOP}/x", tarfile.REGTYPE, "", 0o4755),
    _link("symlink-to-passwd", tarfile.SYMTYPE, "/etc/passwd"),
    _link("symlink-upwards", tarfile.SYMTYPE, "../../x"),
    _link("symlink-to-nothing", tarfile.SYMTYPE, ""),
    _link("hardlink-to-passwd", tarfile.LNKTYPE, "/etc/passwd"),
    _link("hardlink-to-nowhere", tarfile.LNKTYPE, f"{TOP}/not-there"),
    _row("links-together", through_links, "unsafe-link", 33),
    _row("file-behind-link", behind_link, "file-used-as-folder", 33),
    _pax("path-climbs", "path-traversal", record("path", "../evil")),
    _pax("two-paths", "tar-header-mismatch", record("path", "a") + record("path", "b")),
    _pax("size-contradicts", "tar-header-mismatch", record("size", "7"), size=5),
    _pax("size-negative", "tar-header-mismatch", record("size", "-1"), size=5),
    _pax("sparse", "broken-pax-header", record("GNU.sparse.major", "1")),
    _pax("broken", "broken-pax-header", b"99 path=x\n"),
    _pax("path-with-NUL", "broken-pax-header", record("path", "a\0b")),
    _row(
        "global-path",
        lambda: with_extension(tarfile.XGLTYPE, record("path", f"{TOP}/a")),
        "broken-pax-header",
        33,
    ),
    _row(
        "gnu-long-name-climbs",
        lambda: with_extension(tarfile.GNUTYPE_LONGNAME, b"../" * 100 + b"x\0"),
        "path-traversal",
        33,
    ),
    _row("size-below-zero", negative_size, "tar-header-mismatch", 33),
    _row("two-tops", lambda: with_members(("evil/x", b"")), "several-top-folders", 34),
    _row("empty", lambda: dists.tar_gz_bytes({}), "several-top-folders", 34),
    _row(
        "no-top",
        lambda: dists.tar_gz_bytes({"PKG-INFO": dists.core_metadata(), "setup.py": b""}),
        "several-top-folders",
        34,
    ),
    _row("dot-in-front", prefixed, "member-path-not-normal", 34),
    _row(
        "two-pkg-infos",
        lambda: with_members((f"{TOP}/PKG-INFO", dists.core_metadata("evil"))),
        "duplicate-member",
        34,
    ),
    _sdist("without-pkg-info", "missing-pkg-info", 34, replace={"*/PKG-INFO": None}),
    _row("pkg-info-is-a-link", linked_pkg_info, "missing-pkg-info", 34),
    _row("bomb", partial(zeros, 100 * MB), "compression-bomb", 35),
    _row("nested-without-end", nested_without_end, "nested-too-deep", 35),
    _row(
        "several-gzips",
        lambda: gzip.compress(good_tar()) + gzip.compress(good_tar()),
        "gzip-several-members",
        35,
    ),
    _row(
        "empty-gzip-behind",
        lambda: gzip.compress(good_tar()) + gzip.compress(b""),
        "gzip-several-members",
        35,
    ),
    _row(
        "garbage-behind",
        lambda: gzip.compress(good_tar()) + b"garbage",
        "gzip-trailing-data",
        35,
    ),
    _row("truncated", lambda: gzip.compress(good_tar())[:-20], "truncated-gzip", 35),
    _row("cut-inside", lambda: gzip.compress(good_tar()[:600]), "truncated-tar", 35),
    _row(
        "wrong-checksum",
        lambda: gzip.compress(good_tar())[:-8] + b"badcheck",
        "corrupt-gzip",
        35,
    ),
    _row("gzips-in-gzips", partial(nested, 10), "truncated-tar", 35),
    _row("not-compressed", good_tar, "not-a-gzip", 35),
    _row("a-zip", lambda: dists.zip_bytes(dists.sdist_members()), "not-a-gzip", 35),
    _row("hidden-behind-the-end", lambda: gzip.compress(good_tar() + b"x"), "tar-trailing-data"),
    _row("no-tar-inside", lambda: gzip.compress(b"nonsense" * 200), "corrupt-tar", 35),
    _row(
        "long-pax-header",
        lambda: with_extension(tarfile.XHDTYPE, record("comment", "x" * 300_000)),
        "extended-header-too-large",
        36,
    ),
    _row("too-many-members", too_many_members, "too-many-members", 36),
    _member("4-KiB-component", "member-path-too-long", 36, f"{TOP}/{'x' * 4096}"),
    _member("deep", "member-path-too-long", 36, f"{TOP}/{'x/' * 80}x"),
    _sdist(
        "license-file-missing",
        "license-file-missing",
        44,
        metadata_version="2.4",
        extra_metadata="License-File: LICENSE",
    ),
    _sdist("pkg-info-of-11-MB", "metadata-too-large", 40, description="lorem " * 2 * MB),
]
