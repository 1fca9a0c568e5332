"""Uploads that look odd and must pass: old tools, rare features, all that people really send.

Each is published, comes back byte for byte, and reads well in an installer.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import stat
import struct
import tarfile
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from urllib.parse import urljoin, urlsplit

import pytest
from django.db import DataError
from django.http import HttpResponse
from django.test import Client, override_settings
from packaging.metadata import parse_email
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name, parse_sdist_filename, parse_wheel_filename
from packaging.version import Version

from accounts.models import User
from tests.factories import dists
from tests.factories.index import published
from tests.factories.people import UserFactory, token_for
from tests.packages.uploads.adversarial import tars, zips
from tests.packages.uploads.adversarial.attempts import (
    BOUNDARY,
    SDIST,
    WHEEL,
    Attempt,
    attempt,
    raw_part,
    sdist,
    text_part,
    wheel,
)

SIMPLE_JSON = "application/vnd.pypi.simple.v1+json"
DIST_INFO = "demo-1.0.dist-info"


@dataclass(frozen=True)
class Oddity:
    """An upload that passes; `items` are numbers of the field notes' adversarial inputs."""

    slug: str
    build: Callable[[], Attempt]
    items: tuple[int, ...] = ()
    before: Callable[[User], object] | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    defect: str = ""


# -- metadata ----------------------------------------------------------------------------------


def described(text: str, content_type: str = "text/markdown", version: str = "2.1") -> Attempt:
    """A wheel with this description."""
    lines = f"Description-Content-Type: {content_type}" if content_type else ""
    return wheel(metadata_version=version, extra_metadata=lines, description=text)


def said(lines: str, version: str = "2.5", **knobs: Any) -> Attempt:
    """A wheel with these lines in its METADATA."""
    return wheel(metadata_version=version, extra_metadata=lines, **knobs)


def rewritten(change: Callable[[bytes], bytes]) -> Attempt:
    """A wheel whose METADATA went through `change`, RECORD in step."""
    members = dists.wheel_members(extra_metadata="Summary: What it is", description="Hello\nworld")
    path = f"{DIST_INFO}/METADATA"
    members[path] = change(members[path])
    members[f"{DIST_INFO}/RECORD"] = dists.record(members, f"{DIST_INFO}/RECORD")
    return attempt(WHEEL, dists.zip_bytes(members))


HOSTILE = """\
<script>alert(1)</script> [x](javascript:alert(1)) ![y](data:image/svg+xml,<svg onload=alert(1)>)

\u202etxt.exe\u202c
""" + "".join(f"{'  ' * n}- deeper\n" for n in range(60))

METADATA = [
    *(
        Oddity(f"metadata-{version}", partial(said, "", version))
        for version in ("1.0", "1.1", "1.2", "2.0", "2.1", "2.2", "2.3", "2.4", "2.5", "2.6")
    ),
    *(
        Oddity(f"pkg-info-{version}", partial(sdist, metadata_version=version))
        for version in ("1.0", "1.1", "1.2", "2.1", "2.2", "2.4", "2.6")
    ),
    Oddity("description-not-ascii", partial(described, "Gr\u00fc\u00dfe \u4f60\u597d \U0001f40d")),
    Oddity("description-3-MB", partial(described, "lorem ipsum\n" * 250_000), (50,)),
    Oddity("description-hostile", partial(described, HOSTILE), (40,)),
    Oddity(
        "description-rst-raw",
        partial(
            described, ".. raw:: html\n\n   <b>x</b>\n\n.. include:: /etc/passwd", "text/x-rst"
        ),
        (40,),
    ),
    Oddity("description-of-unknown-type", partial(described, "<p>Hi</p>", "text/html")),
    Oddity(
        "description-gfm",
        partial(described, "# Hi", "text/markdown; charset=UTF-8; variant=GFM"),
    ),
    Oddity("description-in-a-header", partial(said, "Description: Hi\n        there", "1.0")),
    Oddity("metadata-crlf", partial(rewritten, lambda data: data.replace(b"\n", b"\r\n")), (37,)),
    Oddity("metadata-lone-cr", partial(rewritten, lambda data: data.replace(b"\n", b"\r")), (37,)),
    Oddity("metadata-unknown-header", partial(said, "X-Foo: bar\nHome-Page2: none")),
    Oddity("metadata-UNKNOWN", partial(said, "Summary: UNKNOWN\nHome-page: UNKNOWN", "1.2")),
    Oddity("metadata-folded-author", partial(said, "Author: Ada\n  Lovelace", "2.1"), (37,)),
    Oddity("metadata-folded-summary-of-old", partial(said, "Summary: a\n  b", "1.2"), (37,)),
    Oddity("metadata-stray-line", partial(said, "a line that is no field", "2.1")),
    Oddity("metadata-lower-case-fields", partial(said, "summary: Hi\nauthor: Zo\u00eb")),
    Oddity("deprecated-fields", partial(said, "Home-page: https://example.com\nRequires: os")),
    Oddity("license-file-before-its-time", partial(said, "License-File: LICENSE", "2.1")),
    Oddity("license-of-many-lines", partial(said, "License: MIT\n        Permission is granted")),
    Oddity("license-not-canonical", partial(said, "License-Expression: mit or apache-2.0")),
    Oddity("license-deprecated", partial(said, "License-Expression: GPL-2.0+")),
    Oddity("license-ref", partial(said, "License-Expression: LicenseRef-My.Own OR MIT")),
    Oddity("license-files", partial(said, "", license_files={"a/LICENSE": "MIT", "NOTICE": "x"})),
    Oddity(
        "license-file-latin-1",
        partial(said, "", license_files={"LICENSE": "Zo\u00eb".encode("latin-1")}),
    ),
    Oddity(
        "urls-with-one-label",
        partial(
            said,
            "Project-URL: Docs, https://example.com/a,b\nProject-URL: Docs, https://example.org",
        ),
        (41,),
    ),
    Oddity("url-idn", partial(said, "Project-URL: Docs, https://ex\u00e4mple.com"), (41,)),
    Oddity("url-git", partial(said, "Project-URL: Code, git://example.com/x"), (41,)),
    Oddity("classifier-private", partial(said, "Classifier: Private :: Do Not Upload")),
    Oddity("extras", partial(said, "Provides-Extra: a-b\nProvides-Extra: c", requires=["x"])),
    Oddity("extras-old-spelling", partial(said, "Provides-Extra: A_b\nProvides-Extra: a.B", "2.1")),
    Oddity("dynamic", partial(said, "Dynamic: Requires-Dist\nDynamic: license-file")),
    Oddity("import-names", partial(said, "Import-Name: demo\nImport-Name: demo._x; private")),
    Oddity("import-name-empty", partial(said, "Import-Name:")),
    Oddity("1000-requirements", partial(wheel, requires=[f"p{n}>=1.{n}" for n in range(1000)])),
    Oddity("depends-on-itself", partial(wheel, requires=["demo[all]", 'demo; extra == "all"'])),
    Oddity("requirement-old-form", partial(wheel, requires=["six (>=1.0)", "x(>2)"])),
    Oddity("requirement-doubtful", partial(wheel, requires=['x; python_version in "3.8 3.9"'])),
    Oddity("requires-python-arbitrary", partial(said, "Requires-Python: >=2.7, !=3.0.*, <4")),
    Oddity(
        "100-urls", partial(said, "\n".join(f"Project-URL: {n}, https://a.b/" for n in range(100)))
    ),
    Oddity("summary-of-512", partial(said, "Summary: " + "\u00fc" * 512)),
]

# -- names, versions, tags ---------------------------------------------------------------------


def tagged(tag: str) -> Attempt:
    """A wheel for this platform."""
    return wheel(tag=tag)


def of_version(filename_version: str, metadata_version: str) -> Attempt:
    """A wheel whose METADATA spells the version otherwise than its filename."""
    return wheel(version=metadata_version, filename=f"demo-{filename_version}-py3-none-any.whl")


NAMES = [
    Oddity("name-of-128-characters", partial(wheel, "d" * 128)),
    Oddity("name-of-128-characters-sdist", partial(sdist, "d" * 128)),
    Oddity("name-of-one-letter", partial(wheel, "q")),
    Oddity("name-of-digits", partial(sdist, "2048")),
    Oddity("name-mixed", partial(wheel, "Foo.Bar_baz--Qux")),
    *(
        Oddity(f"version-{version}", partial(wheel, version=version))
        for version in (
            "1!2.0",
            "1.0.post1",
            "1.0.dev3",
            "1.0a1",
            "1.0b2.post3.dev4",
            "1.0rc1",
            "0",
            "2026.11.22.1",
            "1." + "0" * 61 + "1",
        )
    ),
    Oddity("version-epoch-sdist", partial(sdist, version="1!2.0")),
    Oddity("version-v1.0", partial(wheel, version="v1.0")),
    Oddity("version-1.0-1", partial(wheel, version="1.0-1")),
    Oddity("version-1.0ALPHA1", partial(sdist, version="1.0ALPHA1")),
    Oddity("version-01.0-in-filename", partial(of_version, "01.0", "1.0")),
    Oddity("version-1.0.0-in-filename", partial(of_version, "1.0.0", "1.0")),
    Oddity(
        "version-local-where-allowed",
        partial(wheel, version="1.0+cu129"),
        (9,),
        settings={"UPLOAD_ALLOW_LOCAL_VERSIONS": True},
    ),
    Oddity(
        "direct-reference-where-allowed",
        partial(wheel, requires=["x @ https://example.com/x.whl"]),
        (43,),
        settings={"UPLOAD_ALLOW_DIRECT_REFERENCES": True},
    ),
    Oddity(
        "version-1.0.0-joins-1.0",
        partial(sdist, version="1.0.0"),
        (11,),
        lambda user: published(uploader=user),
    ),
    *(
        Oddity(f"build-{build}", partial(wheel, build=build))
        for build in ("1", "2post", "20260101.1")
    ),
    *(
        Oddity(f"tag-{tag}", partial(tagged, tag))
        for tag in (
            "py2.py3-none-any",
            "py3.py2-none-any",
            "cp310.cp311.cp312-none-any",
            "cp38-abi3-manylinux_2_17_x86_64.manylinux2014_x86_64",
            "cp315-abi3.abi3t-win_amd64",
            "cp314-cp314t-musllinux_1_2_x86_64",
            "cp313-cp313-linux_x86_64",
            "cp313-cp313-linux_armv7l",
            "cp312-cp312-macosx_10_9_universal2",
            "cp312-cp312-macosx_11_0_arm64",
            "cp312-cp312-macosx_26_0_arm64",
            "cp312-cp312-macosx_16_0_arm64",
            "cp313-cp313-ios_13_0_arm64_iphoneos",
            "cp313-cp313-android_24_arm64_v8a",
            "cp314-cp314-pyemscripten_2026_0_wasm32",
            "cp312-cp312-win_arm64",
            "pp310-pypy310_pp73-win_amd64",
            "cp311-cp311-freebsd_13_2_release_amd64",
            f"{'.'.join(f'py{n}' for n in range(3, 23))}-none-any",
        )
    ),
    Oddity(
        "tags-32",
        partial(tagged, f"{'.'.join(f'py{n}' for n in range(10, 42))}-none-any"),
        (19,),
    ),
    Oddity(
        "filename-of-229-characters",
        partial(wheel, "d" * 120, tag=f"{'.'.join(f'py{n}' for n in range(10, 29))}-none-any"),
        (20,),
    ),
    *(
        Oddity(f"filename-{filename}", partial(make, name, filename=filename), (21,))
        for make, name, filename in (
            (sdist, "zope.interface", "zope.interface-1.0.tar.gz"),
            (sdist, "Demo", "Demo-1.0.tar.gz"),
            (sdist, "foo-bar", "foo-bar-1.0.tar.gz"),
            (wheel, "Jinja2", "Jinja2-1.0-py3-none-any.whl"),
            (wheel, "Foo.Bar", "Foo.Bar-1.0-py3-none-any.whl"),
        )
    ),
]

# -- archives ----------------------------------------------------------------------------------


def zipped(data: Callable[[], bytes]) -> Callable[[], Attempt]:
    """These bytes as a wheel."""
    return lambda: attempt(WHEEL, data())


def tarred(data: Callable[[], bytes]) -> Callable[[], Attempt]:
    """These bytes as a source distribution."""
    return lambda: attempt(SDIST, data())


def zip64() -> bytes:
    """Every member with sizes of 64 bits."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in dists.wheel_members().items():
            with archive.open(dists.zip_info(name), "w", force_zip64=True) as member:
                member.write(data)
    return buffer.getvalue()


def folder(name: str, mode: int = 0o755) -> tuple[zipfile.ZipInfo, bytes]:
    """The entry of a folder."""
    info = dists.zip_info(name)
    info.external_attr = (stat.S_IFDIR | mode) << 16 | 0x10
    return info, b""


def aligned() -> bytes:
    """A member with padding in its extra field, as zipalign makes it."""
    members = dists.wheel_members()
    info, content = dists.zip_info("demo/__init__.py"), members.pop("demo/__init__.py")
    info.extra = struct.pack("<HH", 0xCAFE, 2) + b"ab\0\0\0"
    return dists.zip_bytes([(info, content), *members.items()])


def recorded(change: Callable[[str], str]) -> Attempt:
    """A wheel whose RECORD went through `change`."""
    members = dists.wheel_members()
    path = f"{DIST_INFO}/RECORD"
    members[path] = change(members[path].decode()).encode()
    return attempt(WHEEL, dists.zip_bytes(members))


def hashed(line: Callable[[bytes], str]) -> Attempt:
    """A wheel whose RECORD has another hash of `__init__.py`."""
    path = "demo/__init__.py"
    content = dists.wheel_members()[path]
    row = dists.record_row(path, content)
    return recorded(lambda text: text.replace(row, line(content)))


def says(text: str) -> Attempt:
    """A wheel with this WHEEL."""
    members = dists.wheel_members()
    members[f"{DIST_INFO}/WHEEL"] = text.encode()
    members[f"{DIST_INFO}/RECORD"] = dists.record(members, f"{DIST_INFO}/RECORD")
    return attempt(WHEEL, dists.zip_bytes(members))


def as_git_archive() -> bytes:
    """A global header with the commit before everything."""
    head = tars.header("pax_global_header", tarfile.XGLTYPE, tars.record("comment", "0" * 40))
    return gzip.compress(head + tars.good_tar(), mtime=0)


def linked(kind: bytes, target: str) -> bytes:
    """A link within the source distribution."""
    return tars.with_member("demo-1.0/link", kind, target)


LONG_PATH = "demo/" + "d" * 90 + "/" + "f" * 90 + ".py"

ARCHIVES = [
    Oddity("wheel-signed", partial(wheel, unlisted={"*/RECORD.jws": "{}", "*/RECORD.p7s": ""})),
    Oddity("wheel-streamed", zipped(zips.streamed), (26,)),
    Oddity("wheel-zip64", zipped(zip64), (26,)),
    Oddity("wheel-zip64-end", zipped(zips.with_zip64_end), (26,)),
    Oddity("wheel-padded", zipped(aligned), (26,)),
    Oddity(
        "wheel-stored",
        zipped(lambda: dists.zip_bytes(dists.wheel_members(), compression=zipfile.ZIP_STORED)),
        (29,),
    ),
    Oddity(
        "wheel-with-folders",
        zipped(lambda: zips.with_members(folder("demo/"), folder(f"{DIST_INFO}/"))),
        (32,),
    ),
    Oddity(
        "wheel-setgid-folder", zipped(lambda: zips.with_members(folder("demo/", 0o2755))), (28,)
    ),
    Oddity("wheel-empty-init", partial(wheel, files={"demo/__init__.py": ""})),
    Oddity("wheel-without-modules", partial(wheel, files={})),
    Oddity("wheel-not-ascii-member", partial(wheel, files={"demo/gr\u00fc\u00dfe.py": ""}), (27,)),
    Oddity("wheel-comma-in-member", partial(wheel, files={"demo/a,b.txt": "x"})),
    Oddity("wheel-long-path", partial(wheel, files={LONG_PATH: ""}), (27,)),
    Oddity(
        "wheel-with-a-small-archive-of-zeros",
        partial(wheel, files={"demo/x.zip": dists.zip_bytes({"zeros": bytes(15_000_000)})}),
        (30,),
    ),
    Oddity("wheel-15-MB-of-zeros", partial(wheel, files={"demo/zeros": bytes(15_000_000)}), (30,)),
    Oddity(
        "wheel-vendors-another",
        partial(wheel, files={"demo/_vendor/x-1.0.dist-info/METADATA": "Name: x\n"}),
        (32,),
    ),
    Oddity("wheel-sbom", partial(wheel, files={f"{DIST_INFO}/sboms/x.json": "{ not even JSON"})),
    Oddity(
        "wheel-data",
        partial(
            wheel, files={"demo-1.0.data/scripts/run": "#!python\n", "demo-1.0.data/data/x/y": ""}
        ),
    ),
    Oddity(
        "wheel-scripts", partial(wheel, entry_points="[console_scripts]\nrun = demo:main [x]\n")
    ),
    Oddity("wheel-odd-plugin", partial(wheel, entry_points="[my group]\nmy plugin = demo:y\n")),
    Oddity("record-crlf", partial(recorded, lambda text: text.replace("\n", "\r\n"))),
    Oddity("record-without-size", partial(recorded, lambda text: text.replace(",20\n", ",\n"))),
    Oddity(
        "record-sha512",
        partial(hashed, partial(dists.record_row, "demo/__init__.py", algorithm="sha512")),
    ),
    Oddity(
        "record-hex",
        partial(hashed, lambda c: f"demo/__init__.py,sha256={hashlib.sha256(c).hexdigest()},20"),
    ),
    Oddity(
        "wheel-file-1.9",
        partial(says, "Wheel-Version: 1.9\nRoot-Is-Purelib: TRUE\nTag: py3-none-any\n"),
    ),
    Oddity("wheel-file-without-tags", partial(says, "Wheel-Version: 1.0\nRoot-Is-Purelib: true\n")),
    Oddity(
        "wheel-retagged",
        partial(says, "Wheel-Version: 1.0\nRoot-Is-Purelib: false\nTag: py3-none-linux_x86_64\n"),
    ),
    Oddity("sdist-without-pyproject", partial(sdist, replace={"*/pyproject.toml": None})),
    Oddity("sdist-other-top", partial(sdist, top="demo-v1.0"), (34,)),
    Oddity("sdist-of-git-archive", tarred(as_git_archive), (33,)),
    *(
        Oddity(
            f"sdist-tar-format-{number}",
            tarred(partial(tars.with_members, (f"demo-1.0/{LONG_PATH}", b""), tar_format=number)),
            (33, 36),
        )
        for number in (tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT)
    ),
    Oddity("sdist-symlink", tarred(partial(linked, tarfile.SYMTYPE, "PKG-INFO")), (33,)),
    Oddity("sdist-hardlink", tarred(partial(linked, tarfile.LNKTYPE, "demo-1.0/PKG-INFO")), (33,)),
    Oddity(
        "sdist-case", tarred(partial(tars.with_members, ("demo-1.0/a", b""), ("demo-1.0/A", b"")))
    ),
    Oddity("sdist-gzip-with-name", tarred(lambda: _gzip_with_name(tars.good_tar())), (35,)),
    Oddity(
        "sdist-zeros-behind", tarred(lambda: gzip.compress(tars.good_tar() + bytes(10_240))), (35,)
    ),
]


def _gzip_with_name(data: bytes) -> bytes:
    """As gzip(1) writes it: name and time of the file in the header."""
    buffer = io.BytesIO()
    with gzip.GzipFile("demo-1.0.tar", "wb", fileobj=buffer, mtime=1_700_000_000) as packer:
        packer.write(data)
    return buffer.getvalue()


# -- requests ----------------------------------------------------------------------------------


def form(**fields: Any) -> Attempt:
    """A good wheel with other fields; None leaves one out."""
    return wheel().with_fields(**fields)


def enveloped(**changes: Any) -> Attempt:
    """A good wheel in another envelope."""
    return wheel().changed(**changes)


def digested(*names: str, upper: bool = False) -> Attempt:
    """A good wheel with these digests only."""
    data = wheel().data
    known = {
        "sha256_digest": hashlib.sha256(data).hexdigest(),
        "blake2_256_digest": hashlib.blake2b(data, digest_size=32).hexdigest(),
        "md5_digest": hashlib.md5(data, usedforsecurity=False).hexdigest(),
    }
    sent = {name: known[name] if name in names else None for name in known}
    return form(
        **{name: value.upper() if value and upper else value for name, value in sent.items()}
    )


def file_first() -> Attempt:
    """The file before the fields."""
    parts = [text_part(name, str(value)) for name, value in wheel().fields.items()]
    return enveloped(fields={}, extra=b"".join(parts))


def in_quotes() -> Attempt:
    """A boundary in quotes, and upper case where it does not matter."""
    return enveloped(headers={"Content-Type": f'Multipart/Form-Data; Boundary="{BOUNDARY}"'})


def by_bearer(user_token: str) -> Attempt:
    """A token in the header that OAuth invented."""
    return enveloped(headers={"Authorization": f"Bearer {user_token}"})


def attempt_by(user: User, upload: Attempt) -> HttpResponse:
    """The answer to an upload by this user."""
    return upload.send(Client(), token_for(user), "*/*")


def _identical_before(user: User) -> None:
    assert attempt_by(user, wheel()).status_code == 200


SIGNATURE = raw_part(b'form-data; name="gpg_signature"; filename="x.asc"', b"-----BEGIN PGP")
FLIT = {"pyversion": None, "metadata_version": "2.3", "protocol_version": "1"}

REQUESTS = [
    Oddity("1500-repeated-fields", partial(form, classifiers=["Topic :: Utilities"] * 1500), (50,)),
    Oddity(
        "3-MB-description-in-the-form", partial(form, description="lorem ipsum\n" * 250_000), (50,)
    ),
    Oddity(
        "fields-UNKNOWN", partial(form, summary="UNKNOWN", home_page="UNKNOWN", license="UNKNOWN")
    ),
    Oddity("fields-empty-as-uv", partial(form, requires_python="", summary="", keywords="")),
    Oddity(
        "fields-contradict-the-file", partial(form, summary="Other", requires_python=">=9"), (45,)
    ),
    Oddity("fields-nobody-knows", partial(form, foo="bar", **{":x": "y"})),
    Oddity("fields-not-ascii", partial(form, author="Zo\u00eb \U0001f40d", summary="\u4f60\u597d")),
    Oddity("import-names-plural", partial(form, import_names=["demo", "demo.x"])),
    Oddity("import-name-singular", partial(form, import_name="demo", import_namespace="x")),
    Oddity("provides-extras", partial(form, provides_extras=["a", "b"], provides_extra="c")),
    Oddity("attestations-as-text", partial(form, attestations="[]"), (52,)),
    Oddity("comment", partial(form, comment="Built on a Tuesday")),
    Oddity("gpg-signature", partial(enveloped, extra=SIGNATURE), (52,)),
    Oddity("no-pyversion", lambda: sdist().with_fields(**FLIT)),
    Oddity("no-protocol-version", partial(form, protocol_version=None), (51,)),
    Oddity("no-filetype", partial(form, filetype=None, metadata_version=None)),
    Oddity("wrong-filetype", partial(form, filetype="sdist", pyversion="source")),
    Oddity("part-without-content-type", partial(enveloped, part_headers=b""), (48,)),
    Oddity(
        "part-as-zip", partial(enveloped, part_headers=b"Content-Type: application/zip\r\n"), (48,)
    ),
    Oddity("part-lower-case-headers", partial(enveloped, part_headers=b"content-type: x/y\r\n")),
    Oddity(
        "part-with-its-size",
        lambda: enveloped(part_headers=f"Content-Length: {len(wheel().data)}\r\n".encode()),
    ),
    Oddity(
        "filename-without-quotes",
        partial(enveloped, disposition=f"form-data; name=content; filename={WHEEL}".encode()),
    ),
    Oddity(
        "digests-upper-case",
        partial(digested, "sha256_digest", "blake2_256_digest", "md5_digest", upper=True),
        (47,),
    ),
    Oddity("digest-sha256-only", partial(digested, "sha256_digest"), (47,)),
    Oddity("digest-md5-only", partial(digested, "md5_digest"), (47,)),
    Oddity("digest-blake2-only", partial(digested, "blake2_256_digest"), (47,)),
    Oddity("digest-empty-is-none", partial(form, md5_digest="", blake2_256_digest="")),
    Oddity("form-spells-otherwise", partial(form, name="DEMO", version="v1.0.0"), (45,)),
    Oddity("version-with-newline", partial(form, version="1.0\n"), (9,)),
    Oddity("file-first", file_first),
    Oddity("boundary-in-quotes", in_quotes, (49,)),
    Oddity("no-newline-at-the-end", partial(enveloped, framing=lambda body: body[:-2]), (49,)),
    Oddity("newline-in-front", partial(enveloped, framing=lambda body: b"\r\n" + body), (49,)),
    Oddity("accept-nonsense", partial(enveloped, headers={"Accept": "*/*;q=0, ;;,, x;q=NaN"})),
    Oddity("identical-again", wheel, (21,), _identical_before),
    Oddity("10000-fields", partial(form, keywords=None, platform=["any"] * 10_000), (49,)),
]

ODDITIES = [*METADATA, *NAMES, *ARCHIVES, *REQUESTS]


def metadata_inside(sent: Attempt) -> bytes:
    """METADATA or PKG-INFO, by way of the standard library."""
    if sent.filename.endswith(".whl"):
        with zipfile.ZipFile(io.BytesIO(sent.data)) as wheel_file:
            paths = [n for n in wheel_file.namelist() if n.endswith(".dist-info/METADATA")]
            return wheel_file.read(next(path for path in paths if path.count("/") == 1))
    with tarfile.open(fileobj=io.BytesIO(sent.data)) as archive:
        member = next(m for m in archive if m.name.endswith("/PKG-INFO"))
        content = archive.extractfile(member)
        assert content
        return content.read()


def fetched(client: Client, address: str) -> bytes:
    """What an installer downloads."""
    response = client.get(address)
    assert response.status_code == 200, address
    return b"".join(response) if response.streaming else response.content


def expect_an_installer_reads(client: Client, sent: Attempt) -> None:
    """The simple page names the file as packaging understands it, and both addresses work."""
    parse = parse_wheel_filename if sent.filename.endswith(".whl") else parse_sdist_filename
    name, version, *_ = parse(sent.filename)
    page_path = f"/simple/{name}/"
    page = client.get(page_path, headers={"Accept": SIMPLE_JSON}).json()
    (entry,) = [file for file in page["files"] if file["filename"] == sent.filename]
    assert page["name"] == name == canonicalize_name(name)
    assert version in {Version(listed) for listed in page["versions"]}
    SpecifierSet(entry.get("requires-python") or "")
    assert entry["hashes"]["sha256"] == hashlib.sha256(sent.data).hexdigest()
    address = urlsplit(urljoin(f"http://testserver{page_path}", entry["url"])).path
    assert fetched(client, address) == sent.data
    inside = metadata_inside(sent)
    raw, _ = parse_email(inside)
    assert canonicalize_name(raw["name"]) == name
    assert Version(raw["version"]) == version
    if sent.filename.endswith(".whl") or raw["metadata_version"] >= "2.2":
        assert fetched(client, f"{address}.metadata") == inside
        assert entry["core-metadata"] == {"sha256": hashlib.sha256(inside).hexdigest()}
    else:  # what an sdist says about itself counts since PEP 643
        assert entry["core-metadata"] is False


def _parameter(oddity: Oddity):
    marks = [pytest.mark.xfail(reason=oddity.defect, raises=DataError)] if oddity.defect else []
    return pytest.param(oddity, id=oddity.slug, marks=marks)


@pytest.mark.django_db
@pytest.mark.parametrize("oddity", [_parameter(oddity) for oddity in ODDITIES])
def test_an_odd_upload_is_published_and_comes_back_as_it_went_in(oddity: Oddity):
    user = UserFactory(trusted=True)
    if oddity.before:
        oddity.before(user)
    sent = oddity.build()
    with override_settings(**oddity.settings):
        response = attempt_by(user, sent)
    assert response.status_code == 200, response.content
    assert response["Content-Type"] == "text/plain; charset=utf-8"
    assert all(line.startswith("Warning: ") for line in response.content.decode().splitlines())
    expect_an_installer_reads(Client(), sent)


@pytest.mark.django_db
def test_a_bearer_token_is_as_good_as_a_basic_one():
    sent = by_bearer(token_for(UserFactory(trusted=True)))
    assert sent.send(Client(), "", "*/*").status_code == 200
    expect_an_installer_reads(Client(), sent)


@pytest.mark.django_db
def test_a_claim_on_the_standard_library_waits_for_a_moderator():
    response = attempt_by(UserFactory(trusted=True), said("Import-Name: os"))
    assert response.status_code == 202


def test_the_table_is_as_long_as_promised_and_no_two_oddities_are_alike():
    slugs = {oddity.slug for oddity in ODDITIES}
    assert len(slugs) == len(ODDITIES) >= 65
