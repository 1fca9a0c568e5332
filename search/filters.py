"""What a release says of itself, as ``field:value`` lexemes that filters ask for."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from packaging.specifiers import InvalidSpecifier, SpecifierSet

from search import words

PYTHONS: Final = ("2.7", *(f"3.{minor}" for minor in range(6, 17)))
_CLASSIFIED = re.compile(r"Programming Language :: Python :: (\d\.\d+)")
_ADDRESS = re.compile(r"[^\s@]+@[^\s@]+")
_PEOPLE: Final = ("author", "author_email", "maintainer", "maintainer_email")
MOST: Final = 200  # lexemes of one field


def lexeme(field: str, value: str) -> str:
    """How a filter stands in the vector."""
    return f"{field}:{value}"


def quoted(lexemes: str) -> str:
    """A lexeme as PostgreSQL reads it in a query: in quotes, where nothing is an operator."""
    escaped = lexemes.replace("\\", "\\\\").replace("'", "''")
    return f"'{escaped}'"


def lexemes(
    metadata: Mapping[str, Any], requires_python: str, imports: Iterable[str], owners: Iterable[str]
) -> list[str]:
    """All of one project but its classifiers, which are found by number (see `labels`)."""
    licenses = [*texts_of_license(metadata), *licenses_classified(metadata)]
    values: dict[str, Iterable[str]] = {
        "author": words.fold(" ".join(people(metadata))).split(),
        "license": words.fold(" ".join(licenses)).split(),
        "keyword": words.fold(" ".join(keywords(metadata))).split(),
        "import": (name.casefold() for name in imports),
        "owner": (name.casefold() for name in owners),
        "python": pythons(metadata, requires_python),
    }
    return [lexeme(field, value) for field, given in values.items() for value in _bounded(given)]


def _bounded(values: Iterable[str]) -> list[str]:
    distinct = dict.fromkeys(value for value in values if 0 < len(value) <= words.LONGEST)
    return list(distinct)[:MOST]


def people(metadata: Mapping[str, Any]) -> list[str]:
    """Authors and maintainers; most of today's metadata has their names only with addresses."""
    return [str(metadata[key]) for key in _PEOPLE if metadata.get(key)]


def names_of_people(metadata: Mapping[str, Any]) -> list[str]:
    """Without addresses: "gmail" or "com" would find everybody."""
    return [_ADDRESS.sub(" ", text) for text in people(metadata)]


def keywords(metadata: Mapping[str, Any]) -> list[str]:
    """Separated by commas, or, from before that was the rule, by spaces."""
    given = metadata.get("keywords") or []
    return [str(keyword) for keyword in ([given] if isinstance(given, str) else given)]


def texts_of_license(metadata: Mapping[str, Any]) -> list[str]:
    """The SPDX expression, or free text if it is no whole licence."""
    text = str(metadata.get("license") or "")
    short = [text] if 0 < len(text) <= 100 and text != "UNKNOWN" else []
    expression = metadata.get("license_expression")
    return [str(expression)] if expression else short


def licenses_classified(metadata: Mapping[str, Any]) -> list[str]:
    every = metadata.get("classifier") or []
    return [name.rpartition(" :: ")[2] for name in every if name.startswith("License ::")]


def pythons(metadata: Mapping[str, Any], requires_python: str) -> Iterator[str]:
    """Versions that the release runs on: what installers go by first, then what it claims."""
    claimed = set(_CLASSIFIED.findall("\n".join(metadata.get("classifier") or [])))
    try:
        wanted = SpecifierSet(requires_python) if requires_python else None
    except InvalidSpecifier:
        wanted = None
    for version in PYTHONS:
        if _fits(version, wanted) if wanted is not None else version in claimed or not claimed:
            yield version


def _fits(version: str, wanted: SpecifierSet) -> bool:
    """Any patch release will do: 3.9 fits ``>=3.9.2``."""
    return any(wanted.contains(f"{version}.{patch}") for patch in (0, 99))
