"""What every index under test holds: the same projects and wheels, as a folder for each project.

The folder is what simple-repository-server and pypiserver serve, and what devpi imports.
"""

from __future__ import annotations

import hashlib
import json
import random
from dataclasses import dataclass
from pathlib import Path

from tests.factories.dists import make_wheel

FORTY, THOUSANDS, SMALL, LARGE = "forty-files", "two-thousand-files", "one-small-file", "large-file"
LARGE_BYTES = 10_000_000
# Of any age, but the same in each run: simple-repository-server and devpi show it.
MODIFIED = "Sun, 01 Nov 2026 12:00:00 GMT"


@dataclass(frozen=True)
class Sizes:
    """How many projects the indexes have, and how many files the largest page."""

    few: int = 1_000
    usual: int = 5_000
    many: int = 600_000
    files: int = 2_000

    @classmethod
    def quick(cls) -> Sizes:
        return cls(few=100, usual=200, many=2_000, files=200)


def project_name(number: int) -> str:
    """As hard to compress as real names are."""
    return hashlib.md5(str(number).encode(), usedforsecurity=False).hexdigest()[:12]


def versions(count: int) -> list[str]:
    return [f"1.{number}" for number in range(count)]


def files_of(sizes: Sizes) -> dict[str, int]:
    """The projects that are asked for, with the number of their files."""
    return {FORTY: 40, THOUSANDS: sizes.files, SMALL: 1, LARGE: 1}


def build(folder: Path, sizes: Sizes) -> Path:
    """Write every wheel of the index of usual size; returns the folder."""
    for name, count in files_of(sizes).items():
        for version in versions(count):
            wheel(folder, name, version)
    for number in range(sizes.usual - len(files_of(sizes))):
        wheel(folder, project_name(number), "1.0")
    return folder


def wheel(folder: Path, name: str, version: str) -> Path:
    """One wheel in the folder of its project."""
    ballast = random.Random(name).randbytes(LARGE_BYTES) if name == LARGE else b""
    files: dict[str, bytes | str] = {"data.bin": ballast} if ballast else {}
    needs = "Requires-Python: >=3.9"
    return make_wheel(folder / name, name, version, extra_metadata=needs, files=files)


def write_devpi_export(folder: Path, index: str) -> None:
    """Describe the folder as ``devpi-export`` would, for ``devpi-import``."""
    projects: dict[str, dict[str, dict[str, str]]] = {}
    files = []
    for path in sorted(folder.glob("*/*.whl")):
        name, version = path.parent.name, path.name.split("-")[1]
        facts = {"name": name, "version": version, "requires_python": ">=3.9"}
        projects.setdefault(name, {})[version] = facts
        files.append(_devpi_file(name, version, path))
    settings = {"type": "stage", "bases": [], "volatile": True}
    description = {
        "dumpversion": "2",
        "users": {"root": {"username": "root"}},
        "indexes": {index: {"indexconfig": settings, "projects": projects, "files": files}},
    }
    (folder / "dataindex.json").write_text(json.dumps(description))


def _devpi_file(name: str, version: str, path: Path) -> dict[str, object]:
    return {
        "type": "releasefile",
        "projectname": name,
        "version": version,
        "relpath": f"{name}/{path.name}",
        "entrymapping": {"last_modified": MODIFIED},
    }
