"""What a moderator sees of an upload before it is public."""

from __future__ import annotations

from dataclasses import dataclass

from packages import storage
from packages.models import Stage, StagedFile
from packages.uploads import checks, limits
from packages.uploads.checks import Inspection, Member


@dataclass(frozen=True)
class FileEvidence:
    """A staged file, what is inside its archive, and what the checks say of it."""

    file: StagedFile
    members: tuple[Member, ...]
    remarks: tuple[str, ...]
    description: str

    @property
    def metadata(self) -> list[tuple[str, str]]:
        """Core metadata as rows of label and text, the description apart."""
        rows = self.file.metadata.items()
        return [
            (_label(key), _text(value)) for key, value in rows if value and key != "description"
        ]


def of_stage(stage: Stage) -> list[FileEvidence]:
    """Read from the stored files themselves, so what is shown is what would be published."""
    return [_of_file(file) for file in stage.files.order_by("filename")]


def _of_file(file: StagedFile) -> FileEvidence:
    description = str(file.metadata.get("description") or "")
    try:
        inspection = _inspect(file)
    except FileNotFoundError:
        return FileEvidence(file, (), ("The file is missing from the storage.",), description)
    remarks = tuple(finding.message for finding in inspection.findings)
    return FileEvidence(file, inspection.members, remarks, description)


def _inspect(file: StagedFile) -> Inspection:
    with storage.local_copy(file.sha256) as path:
        return checks.inspect(path, file.filename, limits.rules(file.stage.project))


def _label(key: str) -> str:
    return key.replace("_", "-").capitalize()


def _text(value: object) -> str:
    if isinstance(value, list):
        return "\n".join(_text(item) for item in value)
    return str(value)
