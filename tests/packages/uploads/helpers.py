"""What the tests of the checks share."""

from pathlib import Path

from packages.uploads.checks import Inspection, Rules, inspect
from packages.uploads.findings import Level
from packages.uploads.metadata import Metadata
from tests.factories import dists

WHEEL = "demo-1.0-py3-none-any.whl"
SDIST = "demo-1.0.tar.gz"


def codes(inspection: Inspection, level: Level | None = Level.REFUSE) -> set[str]:
    """The codes of the findings of a level, or of all."""
    return {f.code for f in inspection.findings if level in (None, f.level)}


def warnings(inspection: Inspection) -> set[str]:
    """The codes of the warnings."""
    return codes(inspection, Level.WARN)


def metadata_of(inspection: Inspection) -> Metadata:
    """The metadata, which must have been found."""
    assert inspection.metadata
    return inspection.metadata


def metadata_bytes_of(inspection: Inspection) -> bytes:
    """The bytes of the metadata, which must have been found."""
    assert inspection.metadata_bytes
    return inspection.metadata_bytes


def look_at(directory: Path, filename: str, data: bytes, rules: Rules | None = None) -> Inspection:
    """Inspect these bytes under this name."""
    path = directory / "upload"
    path.write_bytes(data)
    return inspect(path, filename, rules or Rules())


def look_at_wheel(directory: Path, rules: Rules | None = None, **knobs) -> Inspection:
    """Inspect a wheel made with these knobs."""
    path = dists.make_wheel(directory, **knobs)
    return inspect(path, path.name, rules or Rules())


def look_at_sdist(directory: Path, rules: Rules | None = None, **knobs) -> Inspection:
    """Inspect an sdist made with these knobs."""
    path = dists.make_sdist(directory, **knobs)
    return inspect(path, path.name, rules or Rules())


def look_at_metadata(directory: Path, text: str, version: str = "2.1", **knobs) -> Inspection:
    """Inspect a wheel with these lines in its METADATA."""
    return look_at_wheel(directory, metadata_version=version, extra_metadata=text, **knobs)
