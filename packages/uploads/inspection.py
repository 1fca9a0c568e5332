"""One look at a file that has arrived, with the rules of this site; refusals as one `Problem`."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.utils import timezone

from accounts.actors import Actor
from packages.names import Distribution
from packages.uploads import checks
from packages.uploads.archives.onlookers import Onlooker
from packages.uploads.checks import Inspection
from packages.uploads.findings import Finding, Level
from packages.uploads.metadata import Metadata
from packages.uploads.rules import Rules
from pypi_site.lib.problems import Problem, TooLarge


class InvalidDistribution(Problem):
    """The file is no distribution that installers can use; ``errors`` lists every finding."""

    code, title = "invalid-distribution", "Invalid distribution file"


@dataclass(frozen=True)
class Inspected:
    """A distribution that passed, and what is worth a warning."""

    distribution: Distribution
    metadata: Metadata
    metadata_bytes: bytes
    remarks: tuple[Finding, ...]

    @property
    def warnings(self) -> tuple[str, ...]:
        """The sentences, for people."""
        return tuple(finding.message for finding in self.remarks)


def inspect(
    path: Path,
    filename: str,
    name: str,
    version: str,
    rules: Rules,
    onlooker: Onlooker | None = None,
) -> Inspected:
    """Read the file at `path`, which was announced as `filename` of `name` `version`.

    Raises `InvalidDistribution` with every finding that keeps it out.
    """
    found = checks.inspect(path, filename, rules, onlooker)
    findings = [*found.findings, *checks.compare_form(name, version, found)]
    refusals = [finding for finding in findings if finding.level is Level.REFUSE]
    if refusals:
        errors = [{"code": finding.code, "message": finding.message} for finding in refusals]
        raise InvalidDistribution(refusals[0].message, errors=errors)
    return _passed(found)


def _passed(found: Inspection) -> Inspected:
    assert found.distribution
    assert found.metadata
    assert found.metadata_bytes is not None
    return Inspected(found.distribution, found.metadata, found.metadata_bytes, found.findings)


def facts(
    looked_at: Inspected, digests: Mapping[str, str], size: int, actor: Actor
) -> dict[str, Any]:
    """What the tables keep of an artifact; `digests` holds sha256, blake2b_256 and md5."""
    distribution, metadata = looked_at.distribution, looked_at.metadata
    return {
        "filename": distribution.filename,
        "identity": distribution.identity,
        "filetype": distribution.filetype,
        "python_tag": distribution.python_tag,
        "tags": list(distribution.tags),
        "size": size,
        "sha256": digests["sha256"],
        "blake2b_256": digests["blake2b_256"],
        "md5": digests["md5"],
        "metadata_sha256": hashlib.sha256(looked_at.metadata_bytes).hexdigest(),
        "requires_python": metadata.requires_python,
        "metadata": metadata.as_json(),
        "remarks": [
            {"code": finding.code, "level": str(finding.level), "message": finding.message}
            for finding in looked_at.remarks
        ],
        "uploaded_at": timezone.now(),
        "uploaded_by": actor.user,
        "uploaded_by_ci": actor.ci,
        "uploaded_with": actor.client,
    }


def file_too_large(limit: int) -> TooLarge:
    """The same sentence wherever a file turns out too large."""
    return TooLarge(
        f"The file is larger than this index takes ({limit} bytes); make it smaller or ask an"
        " administrator to raise the limit."
    )
