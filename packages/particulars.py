"""What core metadata says about a release, in the words and the order of the project page.

Values are by strangers: a link is shown only if it leads to the web or to a mailbox.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from email.utils import getaddresses
from typing import Any, Final
from urllib.parse import urlsplit

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

# PEP 753: well-known labels, each with its other spellings, in our order.
LABELS: Final = {
    "Homepage": ("homepage",),
    "Documentation": ("documentation", "docs"),
    "Source": ("source", "repository", "sourcecode", "github"),
    "Changelog": ("changelog", "changes", "whatsnew", "history"),
    "Release notes": ("releasenotes",),
    "Issue tracker": ("issues", "bugs", "issue", "tracker", "issuetracker", "bugtracker"),
    "Download": ("download",),
    "Funding": ("funding", "sponsor", "donate", "donation"),
}
_WELL_KNOWN: Final = {alias: label for label, aliases in LABELS.items() for alias in aliases}
_ORDER: Final = {label: place for place, label in enumerate(LABELS)}
_SCHEMES: Final = frozenset({"http", "https", "mailto"})
_UNPRINTABLE = re.compile(r"[\x00-\x20\x7f]")
LICENSE_LENGTH: Final = 100


@dataclass(frozen=True)
class Item:
    text: str
    url: str = ""


@dataclass(frozen=True)
class Group:
    """Some items under one label; `shape` is how the page lays them out."""

    label: str
    values: tuple[Item, ...]
    shape: str = "list"  # or "tags", "folded"


def links(metadata: Mapping[str, Any]) -> list[Item]:
    """The project's links, well-known ones first and under one spelling (PEP 753)."""
    given = [*project_urls(metadata), *_old_links(metadata)]
    found: dict[str, Item] = {}
    for label, url in given:
        if is_safe_url(url):
            found.setdefault(url, Item(_spelled(label), url))
    return sorted(found.values(), key=lambda link: _ORDER.get(link.text, len(_ORDER)))


def project_urls(metadata: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Label and address of each ``Project-URL``, as given."""
    pairs = (text.partition(",") for text in metadata.get("project_url", ()))
    return [(label.strip(), url.strip()) for label, _, url in pairs]


def _old_links(metadata: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """``Home-page`` and ``Download-URL``, from before there was ``Project-URL``."""
    yield "Homepage", metadata.get("home_page", "")
    yield "Download", metadata.get("download_url", "")


def _spelled(label: str) -> str:
    normalized = re.sub(r"[\W_]", "", label).lower()
    return _WELL_KNOWN.get(normalized, label)


def is_safe_url(url: str) -> bool:
    if _UNPRINTABLE.search(url):
        return False
    try:
        return urlsplit(url).scheme in _SCHEMES
    except ValueError:
        return False


def license_of(metadata: Mapping[str, Any]) -> str:
    """The licence in a few words: SPDX expression, else short text, else classifiers."""
    if expression := metadata.get("license_expression"):
        return str(expression)
    lines = str(metadata.get("license", "")).strip().splitlines()
    if len(lines) == 1 and len(lines[0]) <= LICENSE_LENGTH and lines[0] != "UNKNOWN":
        return lines[0]
    named = (name for name in metadata.get("classifier", ()) if name.startswith("License ::"))
    return ", ".join(name.rpartition(" :: ")[2] for name in named)


def groups(metadata: Mapping[str, Any], *, available: Iterable[str] = ()) -> list[Group]:
    """Everything that has items; dependencies in `available` are linked to their pages here."""
    every = [
        Group("Author", _people(metadata, "author")),
        Group("Maintainer", _people(metadata, "maintainer")),
        Group("Dependencies", _dependencies(metadata, frozenset(available))),
        Group("Extras", _items(metadata, "provides_extra"), "tags"),
        Group("Keywords", _items(metadata, "keywords"), "tags"),
        Group("Classifiers", _items(metadata, "classifier"), "folded"),
    ]
    return [group for group in every if group.values]


def _items(metadata: Mapping[str, Any], key: str) -> tuple[Item, ...]:
    return tuple(Item(value) for value in metadata.get(key, ()) if value)


def _people(metadata: Mapping[str, Any], role: str) -> tuple[Item, ...]:
    """Names with their addresses: they stand in two fields, or both in the second."""
    addresses = getaddresses([metadata.get(f"{role}_email", "")])
    people = [_person(name, address) for name, address in addresses if name or address]
    name = metadata.get(role, "")
    if not name or any(person.text == name for person in people):
        return tuple(people)
    if len(people) == 1 and people[0].url == f"mailto:{people[0].text}":
        return (Item(name, people[0].url),)
    return (Item(name), *people)


def _person(name: str, address: str) -> Item:
    url = f"mailto:{address}" if "@" in address else ""
    return Item(name or address, url if is_safe_url(url) else "")


def _dependencies(metadata: Mapping[str, Any], available: frozenset[str]) -> tuple[Item, ...]:
    return tuple(
        Item(text, f"/project/{name}/" if name in available else "")
        for text, name in _requirements(metadata)
    )


def required_names(metadata: Mapping[str, Any]) -> set[str]:
    """Normalized names of everything that the release may depend on."""
    return {name for _, name in _requirements(metadata)}


def _requirements(metadata: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for text in metadata.get("requires_dist", ()):
        try:
            yield text, canonicalize_name(Requirement(text).name)
        except InvalidRequirement:
            yield text, ""


# Wheel tags in words

_PYTHONS: Final = {"cp": "CPython", "pp": "PyPy", "py": "Python", "graalpy": "GraalPy"}
_LEGACY_LINUX: Final = {"manylinux1": "2_5", "manylinux2010": "2_12", "manylinux2014": "2_17"}
_MACHINES: Final = {"x86_64": "x86-64", "amd64": "x86-64", "i686": "x86", "win32": "x86"}


def tags_in_words(tags: Iterable[str]) -> str:
    """What a wheel runs on: ``CPython 3.12, Linux (glibc 2.17+) x86-64``."""
    told: dict[str, None] = {}
    for tag in tags:
        python, abi, platform = [*tag.split("-", 2), "none", "any"][:3]
        told |= dict.fromkeys([_python_in_words(python, abi), _platform_in_words(platform)])
    return ", ".join(sorted(told, key=lambda words: "Py" not in words))


def _python_in_words(tag: str, abi: str) -> str:
    match = re.fullmatch(r"([a-z]+)(\d)(\d*)(?:_.*)?", tag)
    if not match or match[1] not in _PYTHONS:
        return tag
    version = f"{match[2]}.{match[3]}" if match[3] else match[2]
    newer = "+" if abi == "abi3" else ""
    threads = " free-threaded" if abi == f"{tag}t" else ""
    return f"{_PYTHONS[match[1]]} {version}{newer}{threads}"


def _platform_in_words(tag: str) -> str:
    for old, new in _LEGACY_LINUX.items():
        tag = tag.replace(f"{old}_", f"manylinux_{new}_")
    match = re.fullmatch(r"(manylinux|musllinux|macosx)_(\d+)_(\d+)_(.+)", tag)
    if not match:
        return _simple_platform_in_words(tag)
    system, major, minor, machine = match.groups()
    names = {
        "manylinux": f"Linux (glibc {major}.{minor}+)",
        "musllinux": f"Linux (musl {major}.{minor}+)",
        "macosx": f"macOS {major}.{minor}+",
    }
    return f"{names[system]} {_MACHINES.get(machine, machine)}"


def _simple_platform_in_words(tag: str) -> str:
    if tag == "any":
        return "any system"
    system, _, machine = "win", "", tag
    if "_" in tag:
        system, _, machine = tag.partition("_")
    names = {"win": "Windows", "linux": "Linux"}
    return f"{names.get(system, system)} {_MACHINES.get(machine, machine)}"
