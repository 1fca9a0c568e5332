"""Versions that are none, or that are here already under another spelling."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from accounts.models import User
from tests.factories.index import published
from tests.packages.uploads.adversarial.attempts import WHEEL, Attempt, Row, form_row, sdist, wheel


def in_form(version: str) -> Attempt:
    """A good wheel, announced under another version."""
    return wheel().with_fields(version=version)


def in_metadata(version: str) -> Attempt:
    """A wheel whose METADATA says another version than form and filename."""
    lines = f"Metadata-Version: 2.1\nName: demo\nVersion: {version}\n"
    return wheel(replace={"*/METADATA": lines})


def _published(version: str, user: User, *, as_sdist: bool = False) -> None:
    published("demo", version, uploader=user, sdist=as_sdist)


def _form(slug: str, version: str, item: int) -> Row:
    build = partial(in_form, version)
    return Row(f"version-{slug}", build, "form-version-mismatch", items=(item,))


def _metadata(slug: str, version: str, *items: int) -> Row:
    build = partial(in_metadata, version)
    return Row(f"metadata-version-{slug}", build, "invalid-version", items=items)


def _again(slug: str, first: str, second: str) -> Row:
    """The second spelling of a version that has this file."""
    return Row(
        f"version-{slug}",
        partial(wheel, version=second, filename=f"demo-{second}-py3-none-any.whl"),
        code="file-exists",
        status=409,
        items=(11,),
        before=partial(_published, first),
        afterwards="demo-9.9-py3-none-any.whl",
    )


def _long_when_normal(slug: str, make: Callable[..., Attempt], filename: str) -> Row:
    """Its normal form is longer than what was sent."""
    return Row(
        f"version-long-when-normal-{slug}",
        partial(make, version=LONG, filename=filename),
        "invalid-filename",
        items=(13,),
        afterwards=WHEEL,
    )


LONG = "1" * 61 + "r1"  # that is .post1

ROWS = [
    Row(
        "version-local",
        partial(wheel, version="1.0+local"),
        "local-version",
        items=(9,),
        afterwards=WHEEL,
    ),
    Row(
        "version-local-sdist",
        partial(sdist, version="1.0+cu129"),
        "local-version",
        items=(9,),
        afterwards=WHEEL,
    ),
    _form("5000-digits", "9" * 5000, 10),
    _metadata("5000-digits", "9" * 5000, 10),
    _again("1.0.0-after-1.0", "1.0", "1.0.0"),
    _again("1.0rc1-after-1.0c1", "1.0c1", "1.0rc1"),
    Row(
        "version-1.0.0-sdist-after-1.0",
        partial(sdist, version="1.0.0"),
        code="file-exists",
        status=409,
        items=(11,),
        before=partial(_published, "1.0", as_sdist=True),
        afterwards="demo-9.9.tar.gz",
    ),
    _form("arabic-digits", "\u0661.\u0660", 12),
    _form("underscore", "1_0", 12),
    _form("wildcard", "1.0.*", 12),
    _form("path", "../1.0", 12),
    _form("banana", "banana", 12),
    _form("letter", "1.0.x", 12),
    _form("another", "2.0", 12),
    form_row("version-empty", "'version' is missing", partial(in_form, ""), 12),
    form_row("version-NUL", "NUL", partial(in_form, "1.0\0"), 12),
    _metadata("arabic-digits", "\u0661.\u0660", 12),
    _metadata("underscore", "1_0", 12),
    _metadata("wildcard", "1.0.*", 12),
    _metadata("path", "../1.0", 12),
    _metadata("empty", "", 12),
    _metadata("legacy", "2004d-final", 12),
    _form("300-local-segments", "1.0+" + ".".join("a" * 300), 13),
    _form("epoch-of-1000-digits", "1" * 1000 + "!1.0", 13),
    _metadata("300-local-segments", "1.0+" + ".".join("a" * 300), 13),
    _metadata("epoch-of-1000-digits", "1" * 1000 + "!1.0", 13),
    _metadata("65-characters", "1." + "0" * 63, 13),
    _long_when_normal("wheel", wheel, f"demo-{LONG}-py3-none-any.whl"),
    _long_when_normal("sdist", sdist, f"demo-{LONG}.tar.gz"),
]
