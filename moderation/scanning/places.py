"""Which members are read, and what belongs where, told by their paths."""

from __future__ import annotations

import re

from moderation import members

CONFIGURATION = ("/pyproject.toml", "/setup.cfg")
# What Python, a shell or Windows runs as it is.
_PYTHON = (".py", ".pyw", ".pth")
_SHELLS = (".sh", ".bash", ".zsh", ".ksh", ".csh", ".fish")
_WINDOWS = (".bat", ".cmd", ".ps1", ".psm1", ".vbs", ".wsf", ".hta")
_SOURCE = (*_PYTHON, *_SHELLS, *_WINDOWS)
_SCRIPT = re.compile(r"\.data/scripts/[^/]+$", re.IGNORECASE)
_PROGRAM = re.compile(
    r"(?:\.(?:exe|com|scr|o|obj|node|bin|elf|out|axf|uf2)|(?:^|/)[^/.]+)$", re.IGNORECASE
)
# Of an sdist; whoever installs it does not run them.
_ASIDE = re.compile(r"(?:tests?|docs?|examples?|benchmarks?|\.\w+)/")


def is_source(name: str) -> bool:
    """Whether the member is code that people could read."""
    return is_named_like_source(name) or _SCRIPT.search(name) is not None


def is_named_like_source(name: str) -> bool:
    """Whether its name alone makes somebody run it as a text: scripts may be programs, too."""
    return name.lower().endswith(_SOURCE)


def is_run(name: str) -> bool:
    """Whether Python or a machine runs the member: source, bytecode, or native code."""
    return is_source(name) or is_bytecode(name) or members.is_native(name)


def is_bytecode(name: str) -> bool:
    return name.lower().endswith(".pyc")


def is_run_at_build(name: str, *, sdist: bool) -> bool:
    """Whether building the sdist may run it: Python in its top folder."""
    return sdist and name.count("/") == 1 and name.endswith(".py")


def is_aside(name: str, *, sdist: bool) -> bool:
    """Whether it is a test, document or example beside the code of an sdist."""
    return sdist and _ASIDE.match(members.key(name, sdist=True)) is not None


def is_named_like_a_program(name: str) -> bool:
    """Whether somebody who sees the name expects a program or library."""
    return members.is_native(name) or _PROGRAM.search(name) is not None
