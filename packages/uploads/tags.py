"""Platform tags of wheels (PEP 425, 513, 571, 599, 600, 656, 730, 738, 783)."""

import re
from collections.abc import Iterator

from packages.names import Distribution
from packages.uploads.findings import Finding, quoted, refuse, warn

_USUAL = re.compile(
    r"any|win32|win_(?:amd64|arm64|ia64|arm32)"
    r"|linux_\w+|manylinux(?:1|2010|2014)_\w+|(?:many|musl)linux_\d+_\d+_\w+"
    r"|macosx_\d+_\d+_\w+|ios_\d+_\d+_\w+_(?:iphoneos|iphonesimulator)"
    r"|android_\d+_\w+|(?:pyemscripten|pyodide|emscripten|wasi)_\w+",
    re.ASCII,
)
# Systems that people run, and for which sysconfig makes up tags of many forms.
_RARE = re.compile(
    r"(?:free|open|net|dragonfly)bsd_?\w+|dragonfly_\w+|aix_\w+|solaris_\w+|sunos_\w+|hp_?ux_\w+"
    r"|cygwin_\w+|msys_\w+|mingw\w*|haiku_\w+|gnu_\w+|graalpy\w+|zos_\w+|os390_\w+|vxworks_\w+",
    re.ASCII,
)
_MACOS = re.compile(r"macosx_(\d+)_(\d+)_(\w+)")


def problems(distribution: Distribution) -> Iterator[Finding]:
    """Everything odd about the platforms that a wheel's filename names."""
    stem = distribution.filename.removesuffix(".whl").split("-")
    for platform in sorted({tag.rpartition("-")[2] for tag in distribution.tags}):
        yield from _platform(platform)
    # The last three parts of the filename are the compressed sets.
    if any(part.split(".") != sorted(part.split(".")) for part in stem[-3:]):
        yield warn(
            "unsorted-tags",
            "The tags in the filename should be sorted (PEP 425); build with a current build tool.",
        )


def _platform(platform: str) -> Iterator[Finding]:
    if _RARE.fullmatch(platform):
        yield warn("rare-platform", f"Few installers know the platform {quoted(platform)}.")
    elif not _USUAL.fullmatch(platform):
        yield refuse(
            "unknown-platform",
            f"No installer knows the platform {quoted(platform)} in the filename; build the wheel"
            " for a known one.",
        )
    elif _is_odd_macos(platform):
        yield warn(
            "odd-macos-version",
            f"The platform {quoted(platform)} is for a version of macOS that never was; set"
            " MACOSX_DEPLOYMENT_TARGET.",
        )


def _is_odd_macos(platform: str) -> bool:
    """Since macOS 11 the minor version of a tag is 0; Apple jumped from 15 to 26."""
    match = _MACOS.fullmatch(platform)
    if match is None:
        return False
    major, minor = int(match[1]), int(match[2])
    return (major > 10 and minor != 0) or 15 < major < 26 or major < 10
