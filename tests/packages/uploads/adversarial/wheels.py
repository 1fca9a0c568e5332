"""Wheels that are sound archives and no sound wheels: RECORD, WHEEL, entry points, `.data`."""

from __future__ import annotations

from functools import partial

from tests.factories import dists
from tests.packages.uploads.adversarial.attempts import WHEEL, Attempt, Row, attempt, wheel

RECORD = "demo-1.0.dist-info/RECORD"
INIT = "demo/__init__.py"


def recorded(old: str, new: str) -> Attempt:
    """A wheel with something else in its RECORD."""
    members = dists.wheel_members()
    text = members[RECORD].decode()
    assert old in text
    members[RECORD] = text.replace(old, new, 1).encode()
    return attempt(WHEEL, dists.zip_bytes(members))


def hashed(algorithm: str) -> Attempt:
    """A wheel whose RECORD trusts this algorithm."""
    content = dists.wheel_members()[INIT]
    row, weak = (dists.record_row(INIT, content, a) for a in ("sha256", algorithm))
    return recorded(row, weak)


def says(*lines: str) -> Attempt:
    """A wheel with these lines in WHEEL, RECORD in step."""
    members = dists.wheel_members()
    members["demo-1.0.dist-info/WHEEL"] = "".join(f"{line}\n" for line in lines).encode()
    members[RECORD] = dists.record(members, RECORD)
    return attempt(WHEEL, dists.zip_bytes(members))


def _row(slug: str, finding: str, *items: int, **knobs) -> Row:
    return Row(f"wheel-{slug}", partial(wheel, **knobs), finding, items=items)


def _wheel_file(slug: str, finding: str, *lines: str) -> Row:
    return Row(f"wheel-says-{slug}", partial(says, *lines), finding)


def _entry_points(slug: str, finding: str, text: str) -> Row:
    return _row(f"entry-points-{slug}", finding, entry_points=text)


V, ROOT, TAG = "Wheel-Version: 1.0", "Root-Is-Purelib: true", "Tag: py3-none-any"

ROWS = [
    _row("dist-info-of-another", "dist-info-mismatch", 32, name="evil", filename=WHEEL),
    _row("without-wheel-file", "missing-wheel", replace={"*/WHEEL": None}),
    _row("without-record", "missing-record", replace={"*/RECORD": None}),
    _row("file-not-in-record", "file-not-in-record", unlisted={"demo/extra.py": "import os"}),
    _row("file-of-record-missing", "record-file-missing", replace={INIT: None}),
    _row("file-changed-later", "record-hash-mismatch", replace={INIT: "import evil"}),
    Row("wheel-record-md5", partial(hashed, "md5"), "weak-record-hash"),
    Row("wheel-record-sha1", partial(hashed, "sha1"), "weak-record-hash"),
    Row("wheel-record-size", partial(recorded, ",20\n", ",21\n"), "record-size-mismatch"),
    Row(
        "wheel-record-line-twice",
        partial(recorded, f"{RECORD},,\n", f"{RECORD},,\n{INIT},,\n"),
        "duplicate-record-line",
    ),
    Row(
        "wheel-record-lists-passwd",
        partial(recorded, f"{RECORD},,\n", f"{RECORD},,\n/etc/passwd,,\n"),
        "record-file-missing",
    ),
    _row("record-not-utf8", "invalid-record", replace={"*/RECORD": b"\xff\xfe\n"}),
    _wheel_file("version-2", "unsupported-wheel-version", "Wheel-Version: 2.0", ROOT, TAG),
    _wheel_file("no-version", "unsupported-wheel-version", ROOT, TAG),
    _wheel_file("no-root", "invalid-root-is-purelib", V, TAG),
    _wheel_file("other-tag", "wheel-tag-mismatch", V, ROOT, "Tag: cp39-cp39-win32"),
    _wheel_file("nonsense-tag", "wheel-tag-mismatch", V, ROOT, "Tag: nonsense"),
    _row("wheel-file-not-utf8", "invalid-wheel-file", replace={"*/WHEEL": b"\xff"}),
    _entry_points("no-section", "invalid-entry-points", "run = demo:main\n"),
    _entry_points("colon", "invalid-entry-points", "[console_scripts]\nrun: demo.main\n"),
    _entry_points("climbs", "invalid-script-name", "[console_scripts]\n../../sh = demo:main\n"),
    _entry_points("code", "invalid-script", "[gui_scripts]\nrun = __import__('os') : x\n"),
    _row("unknown-data-scheme", "unknown-data-scheme", files={"demo-1.0.data/etc/passwd": ""}),
    _row("folder-in-scripts", "folder-in-scripts", files={"demo-1.0.data/scripts/a/b": ""}),
    _row(
        "license-file-missing",
        "license-file-missing",
        44,
        metadata_version="2.4",
        extra_metadata="License-File: LICENSE",
    ),
]
