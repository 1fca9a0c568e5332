"""The names of Python's standard library, in every version from 2.6 on."""

from __future__ import annotations

import sys
from functools import cache

from stdlib_list import long_versions, stdlib_list

from packages import names


@cache
def _dotted() -> frozenset[str]:
    """Every public module as Python spells it, submodules with their dots."""
    listed = {module for version in long_versions for module in stdlib_list(version)}
    every = listed | set(sys.stdlib_module_names)
    return frozenset(name for name in every if not f".{name}".count("._"))


@cache
def modules() -> frozenset[str]:
    """All of them, as pip would spell them: dots are separators."""
    return frozenset(map(names.normalize, _dotted()))


@cache
def top_level() -> frozenset[str]:
    """Modules that are imported without a dot, as pip would spell them."""
    return frozenset(names.normalize(name) for name in _dotted() if "." not in name)


def is_module(name: str) -> bool:
    """Whether a module of this interpreter or another has the name, dots being separators."""
    return names.normalize(name) in modules()
