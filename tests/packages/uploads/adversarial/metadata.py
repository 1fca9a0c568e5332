"""Core metadata that installers would trip over, that lies, or that is out to harm."""

from __future__ import annotations

from functools import partial

from tests.factories import dists
from tests.packages.uploads.adversarial.attempts import Attempt, Row, sdist, wheel

NEWEST = "2.5"
HEAD = b"Metadata-Version: 2.1\nName: demo\nVersion: 1.0\n"


def with_lines(lines: str, version: str = NEWEST) -> Attempt:
    """A wheel with these lines in METADATA, RECORD in step."""
    return wheel(metadata_version=version, extra_metadata=lines)


def with_bytes(data: bytes) -> Attempt:
    """A wheel with these bytes as METADATA, RECORD out of step."""
    return wheel(replace={"*/METADATA": data})


def of_other_name() -> Attempt:
    """The form says demo, the file is evil through and through, but for its name."""
    evil = wheel("evil")
    return evil.changed(filename="demo-1.0-py3-none-any.whl").with_fields(name="demo")


def announced_as(name: str) -> Attempt:
    """The form says another name than the faultless file."""
    return wheel().with_fields(name=name)


def pkg_info_of_other() -> Attempt:
    """PKG-INFO is that of another project."""
    return sdist(replace={"*/PKG-INFO": dists.core_metadata("evil", metadata_version="2.2")})


def _row(slug: str, lines: str, finding: str, *items: int, version: str = NEWEST) -> Row:
    build = partial(with_lines, lines, version)
    return Row(f"metadata-{slug}", build, finding, items=items)


def _bytes(slug: str, data: bytes, finding: str, *items: int) -> Row:
    return Row(f"metadata-{slug}", partial(with_bytes, data), finding, items=items)


def _version(version: str) -> Row:
    return _row(f"version-{version}", "", "unknown-metadata-version", 38, version=version)


def _requires(slug: str, requirement: str, finding: str, *items: int) -> Row:
    return _row(slug, f"Requires-Dist: {requirement}", finding, *items)


def _license(slug: str, expression: str) -> Row:
    text = f"License-Expression: {expression}"
    return _row(f"license-{slug}", text, "invalid-license-expression", 44)


def _license_file(slug: str, path: str) -> Row:
    return _row(f"license-file-{slug}", f"License-File: {path}", "invalid-license-file", 44)


def _url(slug: str, value: str, finding: str) -> Row:
    return _row(f"url-{slug}", f"Project-URL: {value}", finding, 41)


ROWS = [
    _bytes("BOM", b"\xef\xbb\xbf" + HEAD, "metadata-bom", 37),
    _bytes("blank-line-first", b"\n" + HEAD, "metadata-without-headers", 37),
    _bytes("empty", b"", "metadata-without-headers", 37),
    _bytes("latin-1", HEAD + "Author: Zo\u00eb\n".encode("latin-1"), "metadata-not-utf8", 37),
    _bytes("utf-16", HEAD.decode().encode("utf-16"), "nul-in-metadata", 37),
    _bytes("next-line", HEAD + "Summary: a\u0085b\n".encode(), "line-break-in-field", 37),
    _row("line-separator", "Summary: a\u2028b", "line-break-in-field", 37),
    _row("folded-summary", "Summary: a\n  b", "line-break-in-field", 37),
    _row("escape-codes", "Author: \x1b[31mred", "control-character-in-field", 37),
    _row("two-names", "Name: evil", "repeated-field", 38),
    _row("two-versions", "Version: 2.0", "repeated-field", 38),
    _row("two-metadata-versions", "Metadata-Version: 2.2", "repeated-field", 38),
    _row("two-requires-python", "Requires-Python: >=3\nRequires-Python: <3", "repeated-field", 38),
    _row("dynamic-name", "Dynamic: Name", "invalid-dynamic", 38),
    _row("dynamic-version", "Dynamic: version", "invalid-dynamic", 38),
    _row("dynamic-banana", "Dynamic: Banana", "invalid-dynamic", 38),
    _version("2.04"),
    _version("2.7"),
    _version("3.0"),
    _version("banana"),
    _bytes("without-version", HEAD.replace(b"Version: 1.0\n", b""), "invalid-version", 38),
    _bytes("without-name", HEAD.replace(b"Name: demo\n", b""), "invalid-name", 38),
    _bytes(
        "without-metadata-version",
        HEAD.replace(b"Metadata-Version: 2.1\n", b""),
        "unknown-metadata-version",
        38,
    ),
    _bytes("NUL-in-header", HEAD + b"Summary: a\0b\n", "nul-in-metadata", 39),
    _bytes("NUL-in-description", HEAD + b"\nHello\0\n", "nul-in-metadata", 39),
    _bytes("20-MB", HEAD + b"\n" + b"x" * 20_000_000, "metadata-too-large", 40),
    _bytes("10000-headers", HEAD + b"X: y\n" * 10_001, "too-many-headers", 40),
    _bytes("header-of-2-MB", HEAD + b"X: " + b"x" * 2_000_000, "header-too-long", 40),
    _row("summary-too-long", "Summary: " + "x" * 513, "summary-too-long", 40),
    _url("javascript", "Docs, javascript:alert(1)", "dangerous-url"),
    _url("javascript-with-tab", "Docs, java\tscript:alert(1)", "dangerous-url"),
    _url("data", "Docs, data:text/html,<script>alert(1)</script>", "dangerous-url"),
    _url("file", "Docs, file:///etc/passwd", "dangerous-url"),
    _url("credentials", "Docs, https://me:secret@example.com", "credentials-in-url"),
    _url("10-kB", "Docs, https://example.com/" + "x" * 10_000, "url-too-long"),
    _url("without-label", "https://example.com", "invalid-project-url"),
    _url("long-label", "x" * 33 + ", https://example.com", "project-url-label-too-long"),
    _row(
        "101-urls",
        "\n".join(f"Project-URL: L{n}, https://example.com/{n}" for n in range(101)),
        "too-many-project-urls",
        41,
    ),
    _row("home-page-javascript", "Home-page: javascript:alert(1)", "dangerous-url", 41),
    _row(
        "author-email-injects",
        "Author-email: a@example.com\n Bcc: everybody@example.com",
        "line-break-in-field",
        42,
    ),
    _row(
        "maintainer-email-injects",
        "Maintainer-email: a@example.com\n\tBcc: everybody@example.com",
        "line-break-in-field",
        42,
    ),
    _requires("requires-file", "x @ file:///etc/passwd", "direct-reference", 43),
    _requires("requires-url", "x @ https://example.com/x.whl", "direct-reference", 43),
    _requires("requires-git", "x @ git+https://example.com/x", "direct-reference", 43),
    _row(
        "requires-10001",
        "\n".join(f"Requires-Dist: p{n}" for n in range(10_001)),
        "too-many-headers",
        43,
    ),
    _row(
        "requires-1-MB",
        "\n".join(f"Requires-Dist: {'x' * 1000}{n}" for n in range(1_100)),
        "too-many-requirements",
        43,
    ),
    _requires(
        "requires-1000-parentheses",
        "x; " + "(" * 1000 + 'os_name == "y"' + ")" * 1000,
        "invalid-requirement",
        43,
    ),
    _requires("requires-two-words", "foo bar", "invalid-requirement", 43),
    _requires("requires-unknown-marker", 'x; python == "3"', "invalid-requirement", 43),
    _requires("requires-5000-digits", "x>=" + "1" * 5000, "invalid-requirement", 43),
    _requires("requires-lock-marker", 'x; "a" in extras', "lock-file-marker", 43),
    _row("requires-python", "Requires-Python: >=3.x", "invalid-requires-python", 43),
    _row(
        "requires-python-huge",
        "Requires-Python: >=" + "3" * 5000,
        "invalid-requires-python",
        43,
    ),
    _license("10000-parentheses", "(" * 10_000 + "MIT" + ")" * 10_000),
    _license("slash", "MIT/Apache-2.0"),
    _license("half", "MIT OR"),
    _license("BSD", "BSD"),
    _license("underscore", "LicenseRef-a_b"),
    _license("empty", ""),
    _row(
        "license-twice-told",
        "License: MIT\nLicense-Expression: MIT",
        "license-and-expression",
        44,
    ),
    _license_file("climbs", "../../etc/passwd"),
    _license_file("absolute", "/etc/passwd"),
    _license_file("glob", "LICEN*"),
    _license_file("backslash", "doc\\LICENSE"),
    Row("form-says-django", partial(announced_as, "django"), "form-name-mismatch", items=(45,)),
    Row("file-says-evil", of_other_name, "form-name-mismatch", items=(45,)),
    Row("pkg-info-says-evil", pkg_info_of_other, "form-name-mismatch", items=(45,)),
    _row(
        "import-name-twice",
        "Import-Name: demo\nImport-Namespace: demo",
        "import-name-twice",
        46,
    ),
    _row("import-name-keyword", "Import-Name: class", "invalid-import-name", 46),
    _row("import-name-public", "Import-Name: demo; public", "invalid-import-name", 46),
    _row("classifier-unknown", "Classifier: Banana :: Split", "unknown-classifier"),
    _row(
        "classifier-deprecated",
        "Classifier: Natural Language :: Ukranian",
        "deprecated-classifier",
    ),
    _row("extra-invalid", "Provides-Extra: -x", "invalid-extra"),
]
