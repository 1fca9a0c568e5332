"""Core metadata: the bytes of METADATA or PKG-INFO as a checked value.

The artifact is the truth, so nothing is corrected here: what installers would trip over or what is
dangerous is refused, what is merely old or untidy is kept and warned about.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from packages import names
from packages.uploads import (
    classifiers,
    content_types,
    extras,
    header_checks,
    headers,
    imports,
    licenses,
    requirements,
    urls,
)
from packages.uploads.fields import (
    BY_ATTRIBUTE,
    FIELDS,
    VERSIONS,
    WITHDRAWN_VERSION,
    Field,
    ignored,
)
from packages.uploads.findings import Finding, quoted, refuse, warn
from packages.uploads.headers import Headers
from packages.uploads.rules import Rules

# How distutils and setuptools indented the further lines of a Description field.
_INDENTATION = re.compile(r"^(?: {8}| {7}\|)", re.MULTILINE)
_NEVER_DYNAMIC = {"metadata-version", "name", "version"}


@dataclass(frozen=True)
class Metadata:
    """Core metadata 1.0 to 2.6, as the artifact has it; absent values are empty.

    Values are text as the author wrote it. `name` and `version` are known to be valid; whether the
    other values are is for the findings to say.
    """

    metadata_version: str
    name: str
    version: str
    summary: str = ""
    description: str = ""
    description_content_type: str = ""
    requires_python: str = ""
    keywords: tuple[str, ...] = ()
    classifiers: tuple[str, ...] = ()
    requires_dist: tuple[str, ...] = ()
    project_urls: tuple[tuple[str, str], ...] = ()
    author: str = ""
    author_email: str = ""
    maintainer: str = ""
    maintainer_email: str = ""
    license: str = ""
    license_expression: str = ""
    license_files: tuple[str, ...] = ()
    provides_extra: tuple[str, ...] = ()
    dynamic: tuple[str, ...] = ()
    import_names: tuple[str, ...] = ()
    import_namespaces: tuple[str, ...] = ()
    home_page: str = ""
    download_url: str = ""
    platforms: tuple[str, ...] = ()
    supported_platforms: tuple[str, ...] = ()
    requires_external: tuple[str, ...] = ()
    provides_dist: tuple[str, ...] = ()
    obsoletes_dist: tuple[str, ...] = ()
    requires: tuple[str, ...] = ()
    provides: tuple[str, ...] = ()
    obsoletes: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """The JSON-compatible form of PEP 566: fields that are there, lists where many may be."""
        values = {field.json_key: getattr(self, name) for name, field in BY_ATTRIBUTE.items()}
        values["project_url"] = [", ".join(pair) for pair in self.project_urls]
        return {
            key: list(value) if isinstance(value, tuple) else value
            for key, value in values.items()
            if value
        }


def parse(data: bytes, rules: Rules) -> tuple[Metadata | None, list[Finding]]:
    """Read core metadata and say everything that is wrong with it.

    There is no Metadata if the bytes are unreadable or the name or version is missing or invalid.
    """
    raw = list(header_checks.raw_problems(data, rules))
    if raw:
        return None, raw
    read = headers.read(data)
    found = list(header_checks.problems(read))
    if any(finding.code == "metadata-not-utf8" for finding in found):
        return None, found
    metadata = Metadata(**_values(read))
    identity = [*_name_problems(metadata, rules)]
    found += [*_version_problems(metadata), *identity, *_problems(metadata, read, rules)]
    return (None if _is_nameless(metadata) else metadata), found


def _is_nameless(metadata: Metadata) -> bool:
    try:
        names.parse_version(metadata.version)
    except names.InvalidVersion:
        return True
    return not names.is_valid(metadata.name)


def _values(read: Headers) -> dict[str, Any]:
    """The fields that count, by attribute."""
    declared = header_checks.declared_version(read)
    values: dict[str, Any] = {"metadata_version": "", "name": "", "version": ""}
    for header, texts in read.fields.items():
        field = FIELDS.get(header)
        if field is not None and not ignored(field, declared):
            values[field.attribute] = _value(field, texts)
    body = read.body if read.body.strip() not in ("", "UNKNOWN") else ""
    values["description"] = body or _INDENTATION.sub("", values.get("description", ""))
    return values


def _value(field: Field, texts: list[str]) -> Any:
    cleaned = [header_checks.cleaned(field, text) for text in texts]
    if field.attribute == "keywords":
        return tuple(filter(None, (word.strip() for word in cleaned[0].split(","))))
    if not field.many:
        return cleaned[0]
    if field.attribute == "project_urls":
        return tuple(urls.split_label(text) for text in cleaned if text)
    # An empty Import-Name has a meaning: there is nothing to import (PEP 794).
    return tuple(text for text in cleaned if text or field.attribute == "import_names")


def _version_problems(metadata: Metadata) -> Iterator[Finding]:
    version = metadata.metadata_version
    if version == WITHDRAWN_VERSION:
        yield warn(
            "withdrawn-metadata-version",
            "Metadata-Version 2.0 was withdrawn (PEP 426); build with a current build tool.",
        )
    elif version not in VERSIONS:
        yield refuse(
            "unknown-metadata-version",
            f"Metadata-Version {quoted(version)} must be one of {', '.join(VERSIONS)}; build with a"
            " current build tool.",
        )


def _name_problems(metadata: Metadata, rules: Rules) -> Iterator[Finding]:
    if not names.is_valid(metadata.name):
        yield refuse(
            "invalid-name",
            f"Name {quoted(metadata.name)} must be at most {names.MAX_NAME_LENGTH} letters, digits,"
            " '.', '_' and '-', and begin and end with a letter or digit.",
        )
    try:
        version = names.parse_version(metadata.version)
    except names.InvalidVersion as error:
        yield refuse(
            "invalid-version", f"Version is missing or wrong: {error}; see PEP 440 for the form."
        )
        return
    if version.local and not rules.allow_local_versions:
        yield refuse(
            "local-version",
            f"Version {quoted(metadata.version)} has a local part after '+', which this index does"
            " not accept; publish a public version.",
        )


def _problems(metadata: Metadata, read: Headers, rules: Rules) -> Iterator[Finding]:
    """Everything wrong with the values, field by field."""
    declared = header_checks.declared_version(read)
    if len(metadata.summary) > rules.summary_length:
        yield refuse(
            "summary-too-long",
            f"Summary has more than {rules.summary_length} characters; move text to the"
            " description.",
        )
    yield from content_types.problems(metadata.description_content_type)
    yield from requirements.problems(metadata.requires_dist, rules)
    yield from requirements.python_problems(metadata.requires_python)
    yield from classifiers.problems(metadata.classifiers, rules)
    yield from urls.project_url_problems(metadata.project_urls, rules)
    for field, url in (("Home-page", metadata.home_page), ("Download-URL", metadata.download_url)):
        yield from urls.problems(field, url, rules) if url else ()
    yield from extras.problems(metadata.provides_extra, declared)
    yield from licenses.problems(metadata)
    yield from imports.problems(metadata)
    yield from _dynamic_problems(metadata.dynamic)
    if (
        "license-expression" in read.fields
        and declared >= "2.4"
        and not metadata.license_expression
    ):
        yield refuse(
            "invalid-license-expression", "License-Expression is empty; remove or fill it in."
        )


def _dynamic_problems(dynamic: tuple[str, ...]) -> Iterator[Finding]:
    for name in dynamic:
        if name.lower() in _NEVER_DYNAMIC or name.lower() not in FIELDS:
            yield refuse(
                "invalid-dynamic",
                f"Dynamic {quoted(name)} must be a field other than Metadata-Version, Name and"
                " Version.",
            )
