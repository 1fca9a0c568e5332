"""WHEEL: what a wheel says about itself (PEP 427)."""

import re
from collections.abc import Iterator

from packaging.tags import InvalidTag, TooManyTagsError, parse_tag

from packages.names import MAX_EXPANDED_TAGS, Distribution
from packages.uploads import headers
from packages.uploads.findings import Finding, quoted, refuse, warn
from packages.uploads.headers import Headers

_VERSION = re.compile(r"(\d{1,4})\.(\d{1,4})", re.ASCII)
MAX_TAG_LINES = 4 * MAX_EXPANDED_TAGS


def problems(data: bytes, distribution: Distribution) -> Iterator[Finding]:
    """Everything wrong with WHEEL, by itself and against the filename."""
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        yield refuse("invalid-wheel-file", "WHEEL is not UTF-8 text; build the wheel again.")
        return
    fields = headers.read(data)
    yield from _version(fields)
    yield from _root(fields)
    yield from _tags(fields, distribution)
    yield from _build(fields, distribution)


def _version(fields: Headers) -> Iterator[Finding]:
    value = fields.first("wheel-version")
    match = _VERSION.fullmatch(value)
    if match is None or match[1] != "1":
        yield refuse(
            "unsupported-wheel-version",
            f"WHEEL says Wheel-Version {quoted(value)}, and installers know 1.x only; build the"
            " wheel with a current build tool.",
        )


def _root(fields: Headers) -> Iterator[Finding]:
    value = fields.first("root-is-purelib")
    if value.lower() not in ("true", "false"):
        yield refuse(
            "invalid-root-is-purelib",
            f"WHEEL says Root-Is-Purelib {quoted(value)}; it must be true or false.",
        )


def _tags(fields: Headers, distribution: Distribution) -> Iterator[Finding]:
    """The Tag lines should be the expanded tags of the filename, which is what installers go by."""
    lines = [line.strip() for line in fields.fields.get("tag", [])][:MAX_TAG_LINES]
    try:
        tags = {str(t) for line in lines for t in parse_tag(line, limit=MAX_EXPANDED_TAGS)}
    except (InvalidTag, TooManyTagsError) as error:
        yield refuse("wheel-tag-mismatch", f"WHEEL has an invalid Tag line: {quoted(str(error))}.")
        return
    expected = set(distribution.tags)
    if not tags:
        # scikit-build put a blank line before them, so that they are no fields.
        yield warn("wheel-without-tags", "WHEEL has no Tag lines; build with a current build tool.")
    elif tags != expected:
        # Many a project renames its wheels to another platform after the build.
        renamed = not _interpreters(tags).isdisjoint(_interpreters(expected))
        level, code = (warn, "wheel-tags-differ") if renamed else (refuse, "wheel-tag-mismatch")
        yield level(
            code,
            f"WHEEL has the tags {quoted(_listed(tags))} and the filename"
            f" {quoted(_listed(expected))}; use `wheel tags` to change a tag.",
        )


def _listed(tags: set[str]) -> str:
    return ", ".join(sorted(tags))


def _interpreters(tags: set[str]) -> set[str]:
    """The tags without their platforms."""
    return {tag.rpartition("-")[0] for tag in tags}


def _build(fields: Headers, distribution: Distribution) -> Iterator[Finding]:
    value = fields.first("build")
    if value != distribution.build:
        yield warn(
            "wheel-build-differs",
            f"WHEEL has the build tag {quoted(value)} and the filename"
            f" {quoted(distribution.build)}; use `wheel tags --build` to change it.",
        )
