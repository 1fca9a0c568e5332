"""Names, versions and filenames of distributions, as plain values.

The rules are those of the living specifications for names (PEP 503, PEP 508), versions (PEP 440),
wheels (PEP 427) and sdists (PEP 625). Nothing here knows a database or a request.
"""

import re
from dataclasses import dataclass
from typing import Literal

from packaging.tags import InvalidTag, TooManyTagsError, parse_tag
from packaging.utils import canonicalize_version
from packaging.version import Version

MAX_NAME_LENGTH = 128
MAX_VERSION_LENGTH = 64
MAX_EXPANDED_TAGS = 32

# File systems stop at 255 bytes, and we and our mirrors append ".metadata" or ".provenance".
MAX_FILENAME_LENGTH = 240

# No IGNORECASE here: it would let the long s through as an "s". `fullmatch` does not forgive a
# trailing newline as `$` does.
_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?")
_FILENAME = re.compile(r"[A-Za-z0-9._+!-]+")
_BUILD = re.compile(r"(\d+)([A-Za-z0-9_.]*)", re.ASCII)
_TAG = re.compile(r"[A-Za-z0-9_.]+-[A-Za-z0-9_.]+-[A-Za-z0-9_.]+")

_DEVICES = {"con", "prn", "aux", "nul", "conin", "conout"}
_PORTS = {f"{port}{number}" for port in ("com", "lpt") for number in range(10)}
# What `pip install requirements.txt` would ask for when somebody forgets the -r.
_SLIPS = {"requirements-txt", "pyproject-toml", "setup-py", "setup-cfg"}
# PEP 752 puts `/simple/namespaces` beside the projects.
_RESERVED = _DEVICES | _PORTS | _SLIPS | {"namespace", "namespaces"}

_OTHER_FORMATS = {
    ".egg": "Eggs are no longer accepted (PEP 715); upload a wheel instead",
    ".zip": "Upload the source distribution as .tar.gz (PEP 625), not as .zip",
    ".tgz": "Name the source distribution .tar.gz (PEP 625), not .tgz",
    ".tar.bz2": "Upload the source distribution as .tar.gz (PEP 625), not as .tar.bz2",
    ".tar.xz": "Upload the source distribution as .tar.gz (PEP 625), not as .tar.xz",
    ".tar.zst": "Upload the source distribution as .tar.gz (PEP 625), not as .tar.zst",
    ".tar": "Compress the source distribution as .tar.gz (PEP 625)",
    ".exe": "Windows installers are no longer accepted (PEP 527); upload a wheel instead",
    ".msi": "Windows installers are no longer accepted (PEP 527); upload a wheel instead",
}


class InvalidFilename(ValueError):
    """A filename that names neither a wheel nor an sdist; the text says what to do about it."""


class InvalidVersion(ValueError):
    """A text that is no PEP 440 version, or is longer than anybody needs."""


@dataclass(frozen=True)
class Distribution:
    """What a filename says about the file."""

    filename: str
    filetype: Literal["sdist", "bdist_wheel"]
    name: str
    normalized_name: str
    version: str
    build: str
    python_tag: str
    tags: tuple[str, ...]
    identity: str


def normalize(name: str) -> str:
    """Spell a name the one way in which names are compared and looked up (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def is_valid(name: str) -> bool:
    """Whether a project may have this name (grammar of August 2025, at most 128 characters)."""
    return len(name) <= MAX_NAME_LENGTH and _NAME.fullmatch(name) is not None


def is_reserved(name: str) -> bool:
    """Whether nobody may register this name: device names, our own paths, slips of the hand."""
    return normalize(name) in _RESERVED


def parse_version(version: str) -> Version:
    """Read a PEP 440 version; raise InvalidVersion, whatever the text.

    The length is checked first, because packaging raises a bare ValueError on huge numbers and
    takes its time over them.
    """
    if len(version) > MAX_VERSION_LENGTH:
        raise InvalidVersion(f"The version has more than {MAX_VERSION_LENGTH} characters")
    if not version.isascii() or version != version.strip():
        raise InvalidVersion(f"{version!r} is not a valid version (PEP 440)")
    try:
        parsed = Version(version)
    except ValueError:
        raise InvalidVersion(f"{version!r} is not a valid version (PEP 440)") from None
    if len(str(parsed)) > MAX_VERSION_LENGTH:  # 1r1 is 1.post1
        raise InvalidVersion(
            f"The version has more than {MAX_VERSION_LENGTH} characters in its normal form"
        )
    return parsed


def version_sort_key(version: str) -> str:
    """A text that sorts as the version does: byte order (collation "C") is PEP 440 order.

    Versions that compare equal, such as 1.0 and 1.0.0, have the same key.
    """
    parsed = parse_version(version)
    release = "".join("." + _number(part) for part in _without_trailing_zeros(parsed.release))
    # "!" sorts below ".", so that 1.2 comes before 1.2.1.
    return f"{_number(parsed.epoch)}{release}!{_suffix_key(parsed)}{_local_key(parsed)}"


def _number(value: int) -> str:
    """Digits that sort as the number does, because their count comes first."""
    digits = str(value)
    return f"{len(digits):02}{digits}"


def _without_trailing_zeros(release: tuple[int, ...]) -> tuple[int, ...]:
    end = len(release)
    while end and release[end - 1] == 0:
        end -= 1
    return release[:end]


def _suffix_key(version: Version) -> str:
    """Pre-, post- and development release: 1.dev1 < 1a1.dev1 < 1a1 < 1rc1 < 1 < 1.post1."""
    post = "0" if version.post is None else "1" + _number(version.post)
    dev = "1" if version.dev is None else "0" + _number(version.dev)
    return f"{_pre_key(version)}{post}{dev}"


def _pre_key(version: Version) -> str:
    if version.pre is not None:
        letter, number = version.pre
        return {"a": "1", "b": "2", "rc": "3"}[letter] + _number(number)
    only_dev = version.dev is not None and version.post is None
    return "0" if only_dev else "4"


def _local_key(version: Version) -> str:
    """Local segments: words before numbers, words by letters, numbers by value."""
    if version.local is None:
        return ""
    segments = version.local.split(".")
    return "".join("+n" + _number(int(s)) if s.isdigit() else "+a" + s for s in segments)


def parse_filename(filename: str) -> Distribution:
    """Say what a filename means; raise InvalidFilename with a sentence about what to do.

    Old spellings of the name or the version are understood; whether they agree with the metadata
    is for the checks to say.
    """
    _check_characters(filename)
    if filename.endswith(".whl"):
        return _parse_wheel(filename)
    if filename.endswith(".tar.gz"):
        return _parse_sdist(filename)
    raise InvalidFilename(_advice(filename))


def _check_characters(filename: str) -> None:
    if len(filename) > MAX_FILENAME_LENGTH:
        raise InvalidFilename(
            f"The filename has more than {MAX_FILENAME_LENGTH} characters; shorten it."
        )
    if _FILENAME.fullmatch(filename) is None:
        raise InvalidFilename(
            f"The filename {filename!r} may only have ASCII letters, digits, '.', '_', '-', '+' and"
            " '!'; rebuild the distribution with a current build tool."
        )


def _advice(filename: str) -> str:
    for extension, advice in _OTHER_FORMATS.items():
        if filename.lower().endswith(extension):
            return f"{advice}: {filename!r}."
    return (
        f"The filename {filename!r} must end in .whl (a wheel) or .tar.gz (a source distribution),"
        " in lower case."
    )


def _parse_sdist(filename: str) -> Distribution:
    stem = filename.removesuffix(".tar.gz")
    name, hyphen, raw_version = stem.rpartition("-")
    if not hyphen or raw_version.endswith((".tar.gz", ".tar")):
        raise InvalidFilename(
            f"The source distribution {filename!r} must be named like name-version.tar.gz."
        )
    version = _version_of(filename, raw_version)
    normalized = _normalized_name_of(filename, name)
    return Distribution(
        filename=filename,
        filetype="sdist",
        name=name,
        normalized_name=normalized,
        version=str(version),
        build="",
        python_tag="source",
        tags=(),
        identity=f"{_escaped(normalized)}-{canonicalize_version(version)}.tar.gz",
    )


def _parse_wheel(filename: str) -> Distribution:
    parts = filename.removesuffix(".whl").split("-")
    if len(parts) not in (5, 6):
        raise InvalidFilename(
            f"The wheel {filename!r} must be named like name-version-python-abi-platform.whl, with"
            " at most a build tag after the version (wheel variants are a draft)."
        )
    name, raw_version, *build, python_tag, abi, platform = parts
    version = _version_of(filename, raw_version)
    normalized = _normalized_name_of(filename, name)
    canonical = [
        _escaped(normalized),
        canonicalize_version(version),
        *_canonical_build(filename, build),
    ]
    canonical += [_sorted_set(tags) for tags in (python_tag, abi, platform)]
    return Distribution(
        filename=filename,
        filetype="bdist_wheel",
        name=name,
        normalized_name=normalized,
        version=str(version),
        build="".join(build),
        python_tag=python_tag,
        tags=_expanded(filename, f"{python_tag}-{abi}-{platform}"),
        identity="-".join(canonical) + ".whl",
    )


def _version_of(filename: str, version: str) -> Version:
    try:
        return parse_version(version)
    except InvalidVersion as error:
        raise InvalidFilename(
            f"{error}; name the file {filename!r} after a valid version."
        ) from None


def _normalized_name_of(filename: str, name: str) -> str:
    # Installers refuse wheels with two underscores in a row (PEP 427 escapes a run to one).
    if not is_valid(name) or (filename.endswith(".whl") and "__" in name):
        raise InvalidFilename(
            f"The filename {filename!r} begins with {name!r}, which is not a valid project name;"
            " use letters, digits and single '_' between them."
        )
    return normalize(name)


def _canonical_build(filename: str, build: list[str]) -> list[str]:
    """The build tag as installers compare it: a number, then the rest (01 is 1)."""
    if not build:
        return []
    match = _BUILD.fullmatch(build[0])
    if match is None:
        raise InvalidFilename(
            f"The build tag {build[0]!r} in {filename!r} must start with a digit."
        )
    number, rest = match.groups()
    return [(number.lstrip("0") or "0") + rest.lower()]


def _expanded(filename: str, tag: str) -> tuple[str, ...]:
    """Every tag that a compressed set stands for (PEP 425), sorted."""
    if _TAG.fullmatch(tag) is None:
        raise InvalidFilename(
            f"The tag {tag!r} in {filename!r} has characters that no tag has; build the wheel"
            " again."
        )
    try:
        return tuple(sorted(map(str, parse_tag(tag, limit=MAX_EXPANDED_TAGS))))
    except TooManyTagsError:
        raise InvalidFilename(
            f"The tag {tag!r} stands for more than {MAX_EXPANDED_TAGS} tags; upload several wheels."
        ) from None
    except InvalidTag as error:
        raise InvalidFilename(f"{error}; build the wheel again with a valid tag.") from None


def _escaped(normalized_name: str) -> str:
    return normalized_name.replace("-", "_")


def _sorted_set(compressed: str) -> str:
    return ".".join(sorted(set(compressed.lower().split("."))))
