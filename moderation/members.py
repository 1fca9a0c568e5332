"""What a member of an archive is, told by its path.  Plain Python."""

from __future__ import annotations

import re

_NATIVE = re.compile(r"\.(?:so(?:\.\d+)*|pyd|dylib|dll)$", re.IGNORECASE)
_HOOK_MODULE = re.compile(r"(?:sitecustomize|usercustomize)(?:\.py[cw]?|\.pyd|\.[\w.-]*so|/.*)?$")
# Where a wheel's `.data` folder puts files beside the packages: to Python of Windows the prefix
# itself is such a place, and to Debian's a folder of another name.
_DATA = re.compile(
    r"[^/]+\.data/(?:purelib|platlib|data/(?:.*/)?(?:site|dist)-packages|data)/(?P<rest>.+)",
    re.IGNORECASE,
)
_VERSIONED = re.compile(r"^[^/]+(?P<suffix>\.(?:dist-info|data))/")
RUN_AT_BUILD = ("setup.py", "setup.cfg", "pyproject.toml")
_SDIST_ROOTS = ("", "src/", "lib/")


def key(name: str, *, sdist: bool) -> str:
    """The path without what changes with the version, so that two releases can be compared.

    That is the top folder of an sdist, and the names of a wheel's `.dist-info` and `.data`.
    """
    if sdist:
        return name.partition("/")[2] or name
    return _VERSIONED.sub(r"*\g<suffix>/", name)


def is_native(name: str) -> bool:
    """Whether the member is code for a processor, which nobody reads."""
    return _NATIVE.search(name) is not None


def is_startup_hook(name: str, *, sdist: bool) -> bool:
    """Whether Python runs the member at each start, once it is installed.

    That is a `.pth` file beside the packages, `sitecustomize` and `usercustomize` (module `site`).
    A `.pth` file within a package is data: PyTorch's models are called so.
    """
    return any(_is_hook(path) for path in _installed(name, sdist=sdist))


def _installed(name: str, *, sdist: bool) -> list[str]:
    """Where below `site-packages` the member may land; an sdist's build decides."""
    if sdist:
        inside = key(name, sdist=True)
        return [inside.removeprefix(root) for root in _SDIST_ROOTS if inside.startswith(root)]
    moved = _DATA.fullmatch(name)
    return [moved["rest"]] if moved else [name]


def _is_hook(path: str) -> bool:
    if "/" not in path and path.lower().endswith(".pth"):
        return True
    return _HOOK_MODULE.match(path) is not None


def declares(key: str) -> bool:
    """Whether the member (by its `key`) declares entry points or what a build needs."""
    folder, _, name = key.rpartition("/")
    if name == "entry_points.txt":
        return folder.endswith((".dist-info", ".egg-info"))
    return key == "pyproject.toml"


def rank(name: str, *, sdist: bool) -> int:
    """0 for what a moderator should look at first; more for what matters less."""
    inside = key(name, sdist=sdist)
    if is_startup_hook(name, sdist=sdist):
        return 0
    if inside in RUN_AT_BUILD or is_native(name):
        return 1
    if "tests/" in inside or inside.endswith("/RECORD"):
        return 4
    return 2 if inside.endswith((".py", ".toml", "entry_points.txt")) else 3
