"""What a project can be imported as: what it declares (PEP 794), or what its wheel holds."""

from __future__ import annotations

import logging
import re
import zipfile
from collections.abc import Iterable, Iterator
from typing import Final

from packages import storage
from packages.models import File, Release
from packages.models.file import FileType

logger = logging.getLogger(__name__)
MOST: Final = 50
_MODULE = re.compile(r"([A-Za-z_]\w*)(?:\.[\w-]+)?\.(?:py|so|pyd)$")
_PACKAGE = re.compile(r"([A-Za-z_]\w*)/.*\.(?:py|pyi|so|pyd)$")
_NO_PROJECT_OF_ITS_OWN: Final = {"tests", "test", "docs", "examples", "benchmarks"}


def declared(metadata: dict[str, object]) -> list[str]:
    """``Import-Name`` and ``Import-Namespace``, without the mark of private ones."""
    given = [*_list(metadata.get("import_name")), *_list(metadata.get("import_namespace"))]
    return [name.partition(";")[0].strip() for name in given if name][:MOST]


def _list(value: object) -> list[str]:
    return [str(item) for item in value] if isinstance(value, list) else []


def wheel_of(release: Release) -> File | None:
    """The smallest wheel of a release that is offered: all import alike."""
    wheels = release.files.left().filter(filetype=FileType.WHEEL)
    return wheels.order_by("size").only("sha256", "size", "release").first()


def found_in(sha256: str) -> list[str]:
    """Top-level names in a stored wheel; none if it cannot be read just now."""
    try:
        with storage.open_blob(sha256) as blob, zipfile.ZipFile(blob) as archive:
            return top_level(archive.namelist())
    except (FileNotFoundError, zipfile.BadZipFile) as error:
        logger.warning("Search: the wheel %s cannot be read: %s", sha256, error)
        return []


def top_level(members: Iterable[str]) -> list[str]:
    """The names that can be imported once these files are unpacked."""
    names = dict.fromkeys(_names(members))
    return [name for name in names if name not in _NO_PROJECT_OF_ITS_OWN][:MOST]


def _names(members: Iterable[str]) -> Iterator[str]:
    for member in members:
        path = re.sub(r"^[^/]+\.data/(?:purelib|platlib)/", "", member)
        if match := _MODULE.fullmatch(path) or _PACKAGE.fullmatch(path):
            yield match[1]
