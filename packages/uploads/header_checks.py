"""What must be right about the form of METADATA and PKG-INFO, whatever the fields say."""

import re
from collections.abc import Iterable, Iterator

from packages.uploads.fields import FIELDS, VERSIONS, WITHDRAWN_VERSION, Field
from packages.uploads.findings import Finding, quoted, refuse, warn
from packages.uploads.headers import LINE_END, Headers, is_text, split
from packages.uploads.rules import Rules

_LINE_END = re.compile(LINE_END)
_LINE_BREAK = re.compile(r"\s*[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]\s*")
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1b\x1f\x7f]")

# A description of old counts as a field, with a thousand lines or more.
MOST_LINES_PER_HEADER = 10

# Texts of many lines; the others are one line each.
_LONG = {"description", "license"}
# Read by installers as they stand, so that a line break in them is for their own check.
_VERBATIM = {"requires-dist", "requires-python"}
# Where a line break could smuggle something into a mail or a page.
_ONE_LINE = {"name", "version", "metadata-version", "author-email", "maintainer-email"}
# Repeated, these leave open what is meant.
_UNIQUE = {"metadata-version", "name", "version", "requires-python", "license-expression"}


def raw_problems(data: bytes, rules: Rules) -> Iterator[Finding]:
    """What keeps us from reading the bytes at all."""
    if len(data) > rules.metadata_size:
        yield refuse(
            "metadata-too-large",
            f"The metadata has more than {rules.metadata_size} bytes; shorten the description.",
        )
        return
    if b"\0" in data:
        yield refuse("nul-in-metadata", "The metadata has a NUL byte in it; remove it.")
    if data.startswith(b"\xef\xbb\xbf"):
        yield refuse("metadata-bom", "The metadata begins with a byte order mark; remove it.")
    if data[:1] in (b"\n", b"\r", b" ", b"\t", b""):
        yield refuse(
            "metadata-without-headers",
            "The metadata is empty or begins with a blank line; build the distribution again.",
        )
    yield from _header_sizes(data, rules)


def _header_sizes(data: bytes, rules: Rules) -> Iterator[Finding]:
    head, _ = split(data)
    # Counted before it is taken apart, because every line costs memory then.
    many = head.count(b"\n") + head.count(b"\r") > MOST_LINES_PER_HEADER * rules.headers
    lines = [] if many else _LINE_END.split(head)
    if many or sum(not line.startswith((b" ", b"\t")) for line in lines) > rules.headers + 1:
        yield refuse(
            "too-many-headers",
            f"The metadata has more than {rules.headers} fields, or fields of too many lines;"
            " shorten it.",
        )
    if any(len(line) > rules.header_size for line in lines):
        yield refuse(
            "header-too-long",
            f"The metadata has a line of more than {rules.header_size} bytes; shorten the field.",
        )


def declared_version(read: Headers) -> str:
    """The metadata version to judge the fields by; the newest if it is not a known one."""
    version = read.first("metadata-version")
    return version if version in (*VERSIONS, WITHDRAWN_VERSION) else VERSIONS[-1]


def problems(read: Headers) -> Iterator[Finding]:
    """Everything wrong with the form of the fields."""
    if not read.complete:
        yield warn(
            "metadata-stray-line",
            "The metadata has a line that is no field, so that what follows counts as description;"
            " indent the lines of long fields.",
        )
    yield from _encoding(read)
    for check in (_unknown, _newer, _deprecated, _repeated):
        yield from check(read)
    for header, values in read.fields.items():
        if header not in _LONG:
            yield from _characters(header, values, declared_version(read))


def _encoding(read: Headers) -> Iterator[Finding]:
    broken = [_spelt(h) for h, values in read.fields.items() if not all(map(is_text, values))]
    broken += [] if is_text(read.body) else ["Description"]
    if broken:
        yield refuse(
            "metadata-not-utf8",
            f"The metadata is not UTF-8 in {_listed(broken)}; save the sources as UTF-8 and build"
            " again.",
        )


def _unknown(read: Headers) -> Iterator[Finding]:
    unknown = [header for header in read.fields if header not in FIELDS]
    if unknown:
        yield warn(
            "unknown-field",
            f"The metadata has fields that no specification knows, {_listed(unknown)}; they are"
            " ignored.",
        )


def _newer(read: Headers) -> Iterator[Finding]:
    declared = declared_version(read)
    newer = [field.header for field in _known(read) if field.since > declared]
    if newer:
        yield warn(
            "field-newer-than-version",
            f"The metadata says version {declared}, which does not have the fields"
            f" {_listed(newer)} yet; build with a current build tool.",
        )


def _deprecated(read: Headers) -> Iterator[Finding]:
    old = [
        f.header for f in _known(read) if f.deprecated and "".join(read.fields[f.header.lower()])
    ]
    if old and declared_version(read) >= "1.2":
        yield warn(
            "deprecated-field",
            f"The fields {_listed(old)} are deprecated; use Project-URL and Requires-Dist.",
        )


def _repeated(read: Headers) -> Iterator[Finding]:
    for header, values in read.fields.items():
        field = FIELDS.get(header)
        if field is None or field.many or len(values) == 1:
            continue
        sentence = f"The field {field.header} is there {len(values)} times; keep one."
        level = refuse if header in _UNIQUE else warn
        yield level("repeated-field", sentence)


def _characters(header: str, values: Iterable[str], declared: str) -> Iterator[Finding]:
    if any(_CONTROL.search(value) for value in values):
        yield refuse(
            "control-character-in-field",
            f"The field {_spelt(header)} has a control character in it; remove it.",
        )
    if header not in _VERBATIM and any(_LINE_BREAK.search(value.strip()) for value in values):
        strict = header in _ONE_LINE or (header == "summary" and declared >= "2.1")
        level = refuse if strict else warn
        yield level(
            "line-break-in-field", f"The field {_spelt(header)} must be a single line; join it."
        )


def cleaned(field: Field, value: str) -> str:
    """A value as we keep it: no space around, one line where one is due, UNKNOWN is nothing."""
    header = field.header.lower()
    text = value.strip()
    if header not in _LONG | _VERBATIM:
        text = _LINE_BREAK.sub(" ", text)
    return "" if text == "UNKNOWN" else text


def _known(read: Headers) -> list[Field]:
    return [FIELDS[header] for header in read.fields if header in FIELDS]


def _spelt(header: str) -> str:
    return FIELDS[header].header if header in FIELDS else quoted(header)


def _listed(headers: list[str]) -> str:
    shown = ", ".join(quoted(header).strip("'") for header in headers[:10])
    return shown + (" and others" if len(headers) > 10 else "")
