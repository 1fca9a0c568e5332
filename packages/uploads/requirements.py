"""Requires-Dist and Requires-Python (PEP 508, living dependency specifiers)."""

import re
from collections.abc import Iterable, Iterator

from packaging.markers import Marker
from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet

from packages.uploads.findings import Finding, quoted, refuse, warn
from packages.uploads.rules import Rules

MAX_LENGTH = 4096
# The parser calls itself for every parenthesis.
MAX_PARENTHESES = 64

_OPERAND = r"""("[^"]*"|'[^']*'|\w+)"""
_COMPARISON = re.compile(rf"{_OPERAND}\s+(not in|in|===|~=|==|!=|<=|>=|<|>)\s+{_OPERAND}")

_FOR_LOCK_FILES = {"extras", "dependency_groups"}
_VERSIONS = {"python_version", "python_full_version", "implementation_version"}
_WORDS = {
    "os_name",
    "sys_platform",
    "platform_machine",
    "platform_python_implementation",
    "platform_system",
    "implementation_name",
}
_ORDERED = {"<", "<=", ">", ">=", "~=", "==="}


def problems(requirements: Iterable[str], rules: Rules) -> Iterator[Finding]:
    """Everything wrong with the Requires-Dist fields."""
    listed = list(requirements)
    if len(listed) > rules.requirements or sum(map(len, listed)) > rules.requirements_size:
        yield refuse(
            "too-many-requirements",
            f"The metadata has more than {rules.requirements} Requires-Dist fields, or more than"
            f" {rules.requirements_size} bytes of them; remove some.",
        )
        return
    for text in listed:
        yield from _problems(text, rules)


def _problems(text: str, rules: Rules) -> Iterator[Finding]:
    requirement = _parsed(text)
    if requirement is None:
        yield refuse(
            "invalid-requirement",
            f"Requires-Dist {quoted(text)} is not a valid requirement (PEP 508); correct it.",
        )
        return
    if requirement.url is not None and not rules.allow_direct_references:
        yield refuse(
            "direct-reference",
            f"Requires-Dist {quoted(text)} points to a URL, which this index does not accept; name"
            " a version of a project instead.",
        )
    if requirement.marker is not None:
        yield from _marker_problems(text, requirement.marker)


def _parsed(text: str) -> Requirement | None:
    if len(text) > MAX_LENGTH or text.count("(") > MAX_PARENTHESES:
        return None
    try:
        return Requirement(text)
    except (InvalidRequirement, ValueError, RecursionError):
        return None


def _marker_problems(text: str, marker: Marker) -> Iterator[Finding]:
    for left, operator, right in _COMPARISON.findall(str(marker)):
        operands = {left, right}
        if not operands.isdisjoint(_FOR_LOCK_FILES):
            yield refuse(
                "lock-file-marker",
                f"Requires-Dist {quoted(text)} uses a marker that is for lock files only; use"
                " 'extra == ...' instead.",
            )
        elif _is_doubtful(operands, operator):
            yield warn(
                "doubtful-marker",
                f"Requires-Dist {quoted(text)} compares with {operator!r} what should not be"
                " compared that way; installers may disagree about it.",
            )


def _is_doubtful(operands: set[str], operator: str) -> bool:
    """Versions are not searched in text, words not put in order, extras only compared."""
    if "extra" in operands:
        return operator not in ("==", "!=")
    if not operands.isdisjoint(_VERSIONS):
        return operator in ("in", "not in")
    return not operands.isdisjoint(_WORDS) and operator in _ORDERED


def python_problems(specifier: str) -> Iterator[Finding]:
    """Everything wrong with Requires-Python."""
    try:
        valid = len(specifier) <= MAX_LENGTH
        SpecifierSet(specifier if valid else "")
    except (InvalidSpecifier, ValueError):
        valid = False
    if not valid:
        yield refuse(
            "invalid-requires-python",
            f"Requires-Python {quoted(specifier)} is not a valid set of version specifiers (PEP"
            " 440); correct it.",
        )
