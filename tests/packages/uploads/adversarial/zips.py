"""Wheels whose ZIP archive can be read in more than one way, unpacks badly, or never ends."""

from __future__ import annotations

import io
import stat
import struct
import warnings
import zipfile
import zlib
from collections.abc import Callable
from functools import partial

from tests.factories import dists
from tests.packages.uploads.adversarial.attempts import WHEEL, Attempt, Row, attempt, wheel

CENTRAL, LOCAL, END, DESCRIPTOR = b"PK\x01\x02", b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08"
END_SIZE = 22
DIST_INFO = "demo-1.0.dist-info"
MB = 1_000_000


def packed(data: bytes) -> Attempt:
    """These bytes as a wheel."""
    return attempt(WHEEL, data)


def good_zip() -> bytes:
    """A faultless wheel, to be spoilt."""
    return dists.zip_bytes(dists.wheel_members())


def with_members(*more: tuple[str | zipfile.ZipInfo, bytes]) -> bytes:
    """A wheel with members that RECORD does not know."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # zipfile notices duplicates, and writes them
        return dists.zip_bytes([*dists.wheel_members().items(), *more])


def patched(data: bytes, signature: bytes, offset: int, value: bytes, nth: int = 0) -> bytes:
    """The archive with bytes exchanged in the n-th record that has this signature."""
    at = -1
    for _ in range(nth + 1):
        at = data.index(signature, at + 1)
    return data[: at + offset] + value + data[at + offset + len(value) :]


def with_prefix() -> bytes:
    """A shell script in front, the offsets reckoned with it: a self-extracting archive."""
    buffer = io.BytesIO(b"#!/bin/sh\nexit 0\n")
    buffer.seek(0, io.SEEK_END)
    with zipfile.ZipFile(buffer, "a") as archive:
        for name, data in dists.wheel_members().items():
            archive.writestr(name, data)
    return buffer.getvalue()


def with_gap() -> bytes:
    """Bytes between two members that no member owns."""
    data, hidden = good_zip(), b"hidden"
    first, directory = data.index(LOCAL, 4), data.index(CENTRAL)
    changed = bytearray(data[:first] + hidden + data[first:])
    at = directory + len(hidden)
    for number in range(data.count(CENTRAL)):
        if number:
            (offset,) = struct.unpack_from("<L", changed, at + 42)
            struct.pack_into("<L", changed, at + 42, offset + len(hidden))
        at += 46 + struct.unpack_from("<H", changed, at + 28)[0]
    struct.pack_into("<L", changed, len(changed) - 6, directory + len(hidden))
    return bytes(changed)


def overlapping() -> bytes:
    """The first member's data reaches into the second member."""
    data = dists.zip_bytes(dists.wheel_members(), compression=zipfile.ZIP_STORED)
    for signature, offset in ((LOCAL, 18), (CENTRAL, 20)):
        data = patched(data, signature, offset, struct.pack("<LL", 90, 90))
    return data


def sharing() -> bytes:
    """Many members in the directory, all of them the first one: a bomb by overlap."""
    return patched(good_zip(), CENTRAL, 42, bytes(4), nth=1)


class _Pipe(io.RawIOBase):
    """Where nobody can seek, so that zipfile writes data descriptors."""

    def __init__(self) -> None:
        self.data = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data) -> int:  # type: ignore[override]
        self.data += data
        return len(data)


def streamed() -> bytes:
    """A wheel with data descriptors."""
    pipe = _Pipe()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in dists.wheel_members().items():
            archive.writestr(dists.zip_info(name), data)
    return bytes(pipe.data)


def with_zip64_end(**changed: int) -> bytes:
    """A wheel with a ZIP64 end record, some of whose numbers may be others."""
    data = good_zip()
    total, size, offset = struct.unpack("<H2L", data[-12:-2])
    at = len(data) - END_SIZE
    values = {"total": total, "size": size, "offset": offset, "at": at, **changed}
    numbers = (values["total"], values["total"], values["size"], values["offset"])
    end64 = struct.pack("<4sQ2H2L4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, *numbers)
    locator = struct.pack("<4sLQL", b"PK\x06\x07", 0, values["at"], 1)
    return data[:-END_SIZE] + end64 + locator + data[-END_SIZE:]


def with_comment() -> bytes:
    """A comment behind the archive that is an archive itself."""
    other = dists.zip_bytes(dists.wheel_members("evil"))
    data = good_zip()
    return data[:-2] + struct.pack("<H", len(other)) + other


def with_member(name: str, *, mode: int = 0, comment: bytes = b"", extra: bytes = b"") -> bytes:
    """One more member that is special."""
    info = dists.zip_info(name)
    info.comment, info.extra = comment, extra
    if mode:
        info.external_attr = mode << 16
    return with_members((info, b"/etc/passwd"))


def with_renamed_member(written: bytes, meant: bytes) -> bytes:
    """A member whose name zipfile would not write."""
    return with_members((written.decode(), b"")).replace(written, meant)


def with_unicode_path() -> bytes:
    """A member with a second name (Info-ZIP 0x7075) that is another one."""
    field = struct.pack("<BL", 1, zlib.crc32(b"demo/x.py")) + b"demo/y.py"
    return with_member("demo/x.py", extra=struct.pack("<HH", 0x7075, len(field)) + field)


def dos_device() -> bytes:
    """The attribute bit by which DOS marks devices."""
    info = dists.zip_info("demo/x")
    info.external_attr, info.create_system = 0x40, 0
    return with_members((info, b""))


def encrypted() -> bytes:
    """The first member claims to be encrypted."""
    data = patched(good_zip(), CENTRAL, 8, b"\x01\x00")
    return patched(data, LOCAL, 6, b"\x01\x00")


def damaged() -> bytes:
    """The first member's data is not what its checksum says."""
    data = good_zip()
    at = data.index(b"demo/__init__.py") + len(b"demo/__init__.py")
    return data[:at] + b"\xff\xff\xff\xff" + data[at + 4 :]


def bomb() -> Attempt:
    """50 MB of zeros; a thousandth of that on the wire."""
    return wheel(files={"demo/zeros": bytes(50 * MB)})


def bomb_in_many_members() -> Attempt:
    """The same in pieces, none of which is suspicious."""
    return wheel(files={f"demo/zeros{n}": bytes(5 * MB) for n in range(10)})


def nested_bomb() -> Attempt:
    """An archive that is small until somebody opens what is inside, too."""
    return wheel(files={"demo/data.zip": dists.zip_bytes({"zeros": bytes(50 * MB)})})


def nested_without_end() -> Attempt:
    """A zip in a zip in a zip ..."""
    data = b"x"
    for _ in range(10):
        data = dists.zip_bytes({"inside.zip": data})
    return wheel(files={"demo/data.zip": data})


def too_many_members() -> Attempt:
    """The directory of an archive of a million members (nobody need read further)."""
    entry = struct.pack("<4s6H3L5H2L", CENTRAL, 20, 20, *[0] * 7, 1, *[0] * 6) + b"x"
    directory = entry * 60_000
    end = struct.pack("<4s4H2LH", END, 0, 0, 60_000, 60_000, len(directory), 0, 0)
    return packed(directory + end)


def liar_about_size(claimed: int) -> bytes:
    """The first member announces another size than it has."""
    data = good_zip()
    for signature, offset in ((LOCAL, 22), (CENTRAL, 24)):
        data = patched(data, signature, offset, struct.pack("<L", claimed))
    return data


def wheel_in_two_colours() -> bytes:
    """The local header says one name, the central directory another."""
    return patched(good_zip(), LOCAL, 30, b"X")


def gzip_with_zip_behind() -> bytes:
    """A source distribution and a wheel in one file."""
    return dists.tar_gz_bytes(dists.sdist_members()) + good_zip()


def _row(slug: str, data: Callable[[], bytes], finding: str, *items: int) -> Row:
    return Row(f"zip-{slug}", lambda: packed(data()), finding, items=items)


def _wheel(slug: str, finding: str, *items: int, **knobs) -> Row:
    return Row(f"wheel-{slug}", partial(wheel, **knobs), finding, items=items)


def _member(slug: str, name: str, finding: str, *items: int, **facts) -> Row:
    return _row(f"member-{slug}", partial(with_member, name, **facts), finding, *items)


ROWS = [
    _row("not-a-zip", lambda: b"#!/bin/sh\necho I am no wheel\n", "not-a-zip", 23),
    _row("zeros", lambda: bytes(10_000), "not-a-zip", 23),
    _row("a-tar", lambda: dists.tar_gz_bytes(dists.sdist_members()), "not-a-zip", 23),
    _row("gzip-and-zip-at-once", gzip_with_zip_behind, "zip-hidden-data", 23),
    _row("html", lambda: b"<!doctype html><title>Sign in</title>" * 10, "not-a-zip", 23),
    _row("truncated", lambda: good_zip()[:-100], "not-a-zip", 23),
    _row(
        "duplicate-member",
        lambda: with_members(("demo/__init__.py", b"import evil")),
        "duplicate-member",
        24,
    ),
    _row(
        "duplicate-metadata",
        lambda: with_members((f"{DIST_INFO}/METADATA", dists.core_metadata("evil"))),
        "duplicate-member",
        24,
    ),
    _row("script-in-front", lambda: b"#!/bin/sh\n" + good_zip(), "zip-hidden-data", 25),
    _row("script-in-front-reckoned-with", with_prefix, "zip-leading-data", 25),
    _row("data-behind", lambda: good_zip() + b"more", "zip-trailing-data", 25),
    _row("two-archives", lambda: good_zip() + good_zip(), "zip-hidden-data", 25),
    _row("data-between", with_gap, "zip-hidden-data", 25),
    _row(
        "data-before-the-end-record",
        lambda: good_zip()[:-END_SIZE] + b"hidden" + good_zip()[-END_SIZE:],
        "zip-hidden-data",
        25,
    ),
    _row("name-differs-locally", wheel_in_two_colours, "zip-header-mismatch", 26),
    _row(
        "size-differs-locally",
        lambda: patched(good_zip(), LOCAL, 22, b"AAAA"),
        "zip-header-mismatch",
        26,
    ),
    _row(
        "checksum-differs-locally",
        lambda: patched(good_zip(), LOCAL, 14, b"AAAA"),
        "zip-header-mismatch",
        26,
    ),
    _row(
        "method-differs-locally",
        lambda: patched(good_zip(), LOCAL, 8, b"\x00\x00"),
        "zip-header-mismatch",
        26,
    ),
    _row(
        "no-local-header",
        lambda: patched(good_zip(), LOCAL, 0, b"PKXX"),
        "zip-header-mismatch",
        26,
    ),
    _row(
        "fewer-entries-than-held",
        lambda: patched(good_zip(), END, 8, b"\x03\x00\x03\x00"),
        "zip-broken-directory",
        26,
    ),
    _row(
        "more-entries-than-held",
        lambda: patched(good_zip(), END, 8, b"\x05\x00\x05\x00"),
        "zip-broken-directory",
        26,
    ),
    _row(
        "one-of-several-volumes",
        lambda: patched(good_zip(), END, 4, b"\x01\x00"),
        "zip-several-disks",
        26,
    ),
    _row(
        "data-descriptor-lies",
        lambda: patched(streamed(), DESCRIPTOR, 4, b"AAAA"),
        "zip-hidden-data",
        26,
    ),
    _row("zip64-count", partial(with_zip64_end, total=3), "zip64-mismatch", 26),
    _row("zip64-place", partial(with_zip64_end, at=3), "zip64-mismatch", 26),
    _row("zip64-offset", partial(with_zip64_end, offset=3), "zip-hidden-data", 26),
    _row(
        "zip64-sentinel",
        lambda: patched(good_zip(), CENTRAL, 24, b"\xff" * 4),
        "zip64-mismatch",
        26,
    ),
    _row("comment", lambda: good_zip()[:-2] + b"\x02\x00hi", "zip-comment", 26),
    _row("archive-in-the-comment", with_comment, "zip-hidden-data", 26),
    _member("comment", "demo/x", "member-comment", 26, comment=b"hello"),
    _member(
        "broken-extra-field",
        "demo/x",
        "zip-broken-extra-field",
        26,
        extra=struct.pack("<HH", 0xCAFE, 40) + b"short",
    ),
    _member("climbs", "../demo", "path-traversal", 27),
    _member("climbs-later", "demo/../../x", "path-traversal", 27),
    _member("absolute", "/etc/demo", "path-traversal", 27),
    _member("drive", "C:/demo", "path-traversal", 27),
    _member("backslash", "demo\\x", "path-traversal", 27),
    _member("control", "demo/\x01", "control-character-in-member-name", 27),
    _member("right-to-left", "demo/\u202exyp.exe", "control-character-in-member-name", 27),
    _member("dot", "./demo/x", "member-path-not-normal", 27),
    _member("two-slashes", "demo//x", "member-path-not-normal", 27),
    _member("long-component", "demo/" + "x" * 300, "member-path-too-long", 27),
    _member("deep", "x/" * 400 + "x", "member-path-too-long", 27),
    _row(
        "member-NUL",
        partial(with_renamed_member, b"demo/xQy", b"demo/x\0y"),
        "control-character-in-member-name",
        27,
    ),
    _row(
        "member-not-utf8",
        partial(with_renamed_member, b"demo/xQy", b"demo/x\xffy"),
        "non-utf8-member-name",
        27,
    ),
    _row(
        "member-without-utf8-flag",
        partial(with_renamed_member, b"demo/xQQy", "demo/x\u00e9y".encode()),
        "ambiguous-member-name",
        27,
    ),
    _row("member-with-a-second-name", with_unicode_path, "ambiguous-member-name", 27),
    _member("symlink", "demo/x", "symbolic-link", 28, mode=stat.S_IFLNK | 0o777),
    _member("device", "demo/x", "special-file", 28, mode=stat.S_IFCHR | 0o666),
    _member("pipe", "demo/x", "special-file", 28, mode=stat.S_IFIFO | 0o666),
    _member("socket", "demo/x", "special-file", 28, mode=stat.S_IFSOCK | 0o666),
    _member("setuid", "demo/x", "setuid-file", 28, mode=stat.S_IFREG | 0o4755),
    _row("member-dos-device", dos_device, "special-file", 28),
    _row(
        "bzip2",
        lambda: dists.zip_bytes(dists.wheel_members(), compression=zipfile.ZIP_BZIP2),
        "unsupported-compression",
        29,
    ),
    _row(
        "lzma",
        lambda: dists.zip_bytes(dists.wheel_members(), compression=zipfile.ZIP_LZMA),
        "unsupported-compression",
        29,
    ),
    _row("encrypted", encrypted, "encrypted-member", 29),
    Row("zip-bomb", bomb, "compression-bomb", items=(30,)),
    Row("zip-bomb-in-many-members", bomb_in_many_members, "compression-bomb", items=(30,)),
    Row("zip-nested-bomb", nested_bomb, "nested-bomb", items=(30,)),
    Row("zip-nested-without-end", nested_without_end, "nested-too-deep", items=(30,)),
    Row("zip-too-many-members", too_many_members, "too-many-members", items=(30,)),
    _row("overlap", overlapping, "zip-overlap", 30),
    _row("members-share-data", sharing, "zip-overlap", 30),
    _row("size-too-small", partial(liar_about_size, 1), "corrupt-member", 30),
    _row("size-too-large", partial(liar_about_size, 5000), "corrupt-member", 30),
    _row("damaged", damaged, "corrupt-member"),
    _member("differs-in-case", "DEMO/__init__.py", "colliding-members", 31),
    _row(
        "member-differs-in-unicode-form",
        lambda: with_members(("demo/\u00e9", b""), ("demo/e\u0301", b"")),
        "colliding-members",
        31,
    ),
    _member("file-and-folder", "demo/__init__.py/x", "file-used-as-folder", 31),
    _row("empty", lambda: dists.zip_bytes({}), "missing-dist-info", 32),
    _row("no-dist-info", lambda: dists.zip_bytes({"demo.py": b""}), "missing-dist-info", 32),
    _wheel("two-dist-info", "several-dist-info", 32, unlisted={"evil-1.0.dist-info/METADATA": ""}),
    _wheel("no-metadata", "missing-metadata", 32, replace={"*/METADATA": None}),
    _row(
        "metadata-is-a-folder",
        lambda: dists.zip_bytes(
            [
                *(p for p in dists.wheel_members().items() if not p[0].endswith("/METADATA")),
                (f"{DIST_INFO}/METADATA/", b""),
            ]
        ),
        "missing-metadata",
        32,
    ),
    _wheel("metadata-of-11-MB", "metadata-too-large", 32, 40, description="lorem " * 2 * MB),
]
