"""Filenames that lie, climb, or name nothing that installers know."""

from __future__ import annotations

from functools import partial

from accounts.models import User
from packages import files
from tests.factories.index import published_file
from tests.factories.people import AdministratorFactory, actor
from tests.packages.uploads.adversarial.attempts import (
    SDIST,
    WHEEL,
    Attempt,
    Row,
    form_row,
    sdist,
    wheel,
)

NEXT = "demo-9.9-py3-none-any.whl"


def named(filename: str) -> Attempt:
    """A good distribution under a bad name."""
    make = wheel if filename.lower().endswith(".whl") else sdist
    return make().changed(filename=filename)


def announced(disposition: bytes) -> Attempt:
    """A good wheel whose part is headed like this."""
    return wheel().changed(disposition=b'form-data; name="content"; ' + disposition)


def tagged(tag: str) -> Attempt:
    """A wheel renamed to a tag; WHEEL does not matter any more."""
    return named(f"demo-1.0-{tag}.whl")


def _deleted(user: User) -> None:
    file = published_file(uploader=user)
    files.delete(file, actor=actor(AdministratorFactory()), reason="Test")


def _present(user: User) -> None:
    published_file(uploader=user)


def _present_sdist(user: User) -> None:
    published_file(uploader=user, sdist=True)


def _row(slug: str, filename: str, *items: int) -> Row:
    build = partial(named, filename)
    return Row(f"filename-{slug}", build, "invalid-filename", items=items, afterwards=WHEEL)


def _platform(tag: str) -> Row:
    build = partial(tagged, f"py3-none-{tag}")
    return Row(f"platform-{tag}", build, "unknown-platform", items=(18,), afterwards=WHEEL)


def _mismatch(slug: str, filename: str, finding: str) -> Row:
    return Row(f"filename-{slug}", partial(named, filename), finding, items=(17,))


def _exists(slug: str, build: partial[Attempt], before) -> Row:
    return Row(
        f"filename-{slug}",
        build,
        code="file-exists",
        status=409,
        items=(21,),
        before=before,
        afterwards=NEXT,
    )


ROWS = [
    _row("climbs", f"../../{SDIST}", 14),
    _row("climbs-in-the-middle", f"{SDIST}/../x.tar.gz", 14),
    _row("absolute", f"/etc/{WHEEL}", 14),
    _row("backslash", f"..\\{WHEEL}", 14),
    form_row(
        "filename-with-drive",
        "path",
        partial(named, f"C:\\evil\\{WHEEL}"),
        14,
        afterwards=WHEEL,
    ),
    _row("soh", "demo-1.0\x01.tar.gz", 15),
    _row("del", "demo-1.0\x7f.tar.gz", 15),
    _row("tab", "demo-1.0\t.tar.gz", 15),
    _row("escape", "demo-1.0\x1b[31m.tar.gz", 15),
    _row("nul", f"{SDIST}\x00.exe", 16),
    _row("nul-before-the-end", "demo-1.0.exe\x00.tar.gz", 16),
    _row("twice-tar-gz", "demo-1.0.tar.gz.tar.gz", 16),
    _row("upper-case-extension", "demo-1.0.TAR.GZ", 16),
    _row("upper-case-wheel", "demo-1.0-py3-none-any.WHL", 16),
    _row("space-first", f" {SDIST}", 17),
    _row("newline", "demo\n-1.0.tar.gz", 17),
    _row("newline-last", f"{WHEEL}\n", 17),
    _row("underscores-first", f"__{SDIST}", 17),
    _row("zip", "demo-1.0.zip", 17),
    _row("without-version", "demo.tar.gz", 17),
    _row("without-name", "-1.0.tar.gz", 17),
    _row("version-banana", "demo-banana.tar.gz", 17),
    _mismatch("of-another-project", "django-1.0.tar.gz", "filename-name-mismatch"),
    _mismatch("of-another-version", "demo-2.0.tar.gz", "filename-version-mismatch"),
    _mismatch("post-release-by-hyphen", "demo-1.0-1.tar.gz", "filename-name-mismatch"),
    _mismatch("wheel-of-another-project", "evil-1.0-py3-none-any.whl", "dist-info-mismatch"),
    _mismatch("wheel-of-another-version", NEXT, "dist-info-mismatch"),
    _row("wheel-not-ascii", "d\u00e9mo-1.0-py3-none-any.whl", 18),
    _row("tag-with-space", "demo-1.0-py3-none-any .whl", 18),
    _row("percent", "demo-1.0-py3-none-any%2Ewhl.whl", 18),
    _row("quote", 'demo-1.0-py3-none-"any.whl', 18),
    _platform("banana"),
    _platform("windows_x86_64"),
    _platform("manylinux_x86_64"),
    _row("build-a1", "demo-1.0-a1-py3-none-any.whl", 19),
    _row("empty-tag", "demo-1.0-py3--any.whl", 19),
    _row("empty-part-of-tag", "demo-1.0-py3.-none-any.whl", 19),
    _row("seven-parts", "demo-1.0-1-py3-none-any-variant.whl", 19),
    _row("four-parts", "demo-1.0-py3-any.whl", 19),
    _row("two-parts", "demo-1.0.whl", 19),
    _row(
        "2000-tags",
        "demo-1.0-{0}-{0}-{1}.whl".format(".".join("abcdefghij"), ".".join("abcdefghijklmnopqrst")),
        19,
    ),
    _row("33-tags", f"demo-1.0-{'.'.join(f'py{n}' for n in range(33))}-none-any.whl", 19),
    _row("double-underscore", "de__mo-1.0-py3-none-any.whl", 19),
    _row("300-bytes", f"demo-1.0-py3-none-{'x' * 300}.whl", 20),
    _row("300-bytes-of-name", f"{'d' * 300}-1.0.tar.gz", 20),
    _exists("deleted", partial(wheel), _deleted),
    _exists("deleted-other-bytes", partial(wheel, description="New."), _deleted),
    _exists("in-other-case", partial(wheel, filename="Demo-1.0-py3-none-any.whl"), _present),
    _exists("with-other-bytes", partial(wheel, description="New."), _present),
    _exists("sdist-with-other-bytes", partial(sdist, description="New."), _present_sdist),
    _exists(
        "with-build-01-after-1",
        partial(wheel, build="01"),
        lambda user: published_file(uploader=user, build="1") and None,
    ),
    form_row(
        "filename-twice-rfc-5987",
        "filename",
        partial(announced, f"filename=\"{WHEEL}\"; filename*=UTF-8''evil.whl".encode()),
        22,
    ),
    form_row(
        "filename-twice",
        "filename",
        partial(announced, f'filename="evil-1.0.tar.gz"; filename="{WHEEL}"'.encode()),
        22,
    ),
    form_row(
        "filename-in-rfc-5987-only",
        "has no filename",
        partial(announced, f"filename*=UTF-8''{WHEEL}".encode()),
        22,
    ),
    form_row(
        "filename-not-utf8",
        "failed to decode",
        partial(announced, b'filename="d\xe9mo-1.0.tar.gz"'),
        22,
    ),
    *(
        _row(f"extension-{extension.replace('.', '')}", f"demo-1.0{extension}", 16)
        for extension in (
            ".egg",
            ".exe",
            ".msi",
            ".dmg",
            ".rpm",
            ".deb",
            ".tar",
            ".tgz",
            ".tar.bz2",
            ".tar.xz",
            ".tar.zst",
            ".tar.Z",
            ".pybi",
            ".rim",
            ".whl.metadata",
            "",
        )
    ),
]
