"""What the index itself demands of every file: one look, all findings.

Values in, values out: no database, no request. What a site demands beyond this is for its policies.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from packages import names
from packages.names import Distribution
from packages.uploads import metadata as core_metadata
from packages.uploads import tags
from packages.uploads.archives import sdists, wheels
from packages.uploads.archives.contents import Contents, Member
from packages.uploads.archives.onlookers import Onlooker
from packages.uploads.fields import FIELDS, ignored
from packages.uploads.findings import Finding, Level, quoted, refuse, warn
from packages.uploads.metadata import Metadata
from packages.uploads.rules import Rules

__all__ = ["Inspection", "Member", "Rules", "compare_form", "inspect"]

# A wheel of fifty thousand bad names needs no fifty thousand sentences.
MOST_FINDINGS_OF_A_KIND = 10

DEFAULT_RULES = Rules()


@dataclass(frozen=True)
class Inspection:
    """Everything that looking at a file told us."""

    distribution: Distribution | None
    metadata: Metadata | None
    metadata_bytes: bytes | None
    members: tuple[Member, ...]
    findings: tuple[Finding, ...]

    @property
    def refused(self) -> bool:
        """Whether any finding keeps the file out."""
        return any(finding.level is Level.REFUSE for finding in self.findings)


def inspect(
    path: Path, filename: str, rules: Rules = DEFAULT_RULES, onlooker: Onlooker | None = None
) -> Inspection:
    """Read the file at `path` as the distribution that `filename` promises; never raises on input.

    All findings are reported at once. Nothing is written anywhere, memory does not grow with the
    file, and each byte is unpacked at most twice. An `onlooker` sees the members meanwhile.
    """
    try:
        distribution = names.parse_filename(filename)
    except names.InvalidFilename as error:
        return Inspection(None, None, None, (), (refuse("invalid-filename", str(error)),))
    size = path.stat().st_size
    if size > rules.file_size:
        return Inspection(distribution, None, None, (), (_too_large(size, rules),))
    read = wheels.read if distribution.filetype == "bdist_wheel" else sdists.read
    contents = read(path, distribution, rules, onlooker)
    return _judged(distribution, contents, rules)


def _too_large(size: int, rules: Rules) -> Finding:
    return refuse(
        "file-too-large",
        f"The file has {size} bytes, and this index accepts at most {rules.file_size}; make it"
        " smaller or ask an administrator.",
    )


def _judged(distribution: Distribution, contents: Contents, rules: Rules) -> Inspection:
    """Put together what the filename, the archive and the metadata say."""
    metadata, found = None, list(contents.findings)
    if contents.metadata is not None:
        metadata, more = core_metadata.parse(contents.metadata, rules)
        found += more
    if metadata is not None:
        found += _disagreements(distribution, metadata)
        found += _license_files(metadata, contents)
    if distribution.filetype == "bdist_wheel":
        found += tags.problems(distribution)
    return Inspection(
        distribution, metadata, contents.metadata, contents.members, tuple(_bounded(found))
    )


def _disagreements(distribution: Distribution, metadata: Metadata) -> Iterator[Finding]:
    """The filename must be that of the name and version in the metadata (PEP 427, PEP 625)."""
    version = names.parse_version(metadata.version)
    if distribution.normalized_name != names.normalize(metadata.name):
        yield refuse(
            "filename-name-mismatch",
            f"The filename says {quoted(distribution.name)} and the metadata"
            f" {quoted(metadata.name)}; build the distribution again instead of renaming the file.",
        )
    elif names.parse_version(distribution.version) != version:
        yield refuse(
            "filename-version-mismatch",
            f"The filename says version {quoted(distribution.version)} and the metadata"
            f" {quoted(metadata.version)}; build the distribution again instead of renaming it.",
        )
    elif not _is_normal(distribution, str(version)):
        yield warn(
            "non-normalized-filename",
            f"The filename {quoted(distribution.filename)} should begin with"
            f" {quoted(_stem(distribution, str(version)))}; build with a current build tool.",
        )


def _stem(distribution: Distribution, version: str) -> str:
    return f"{distribution.normalized_name.replace('-', '_')}-{version}"


def _is_normal(distribution: Distribution, version: str) -> bool:
    following = ".tar.gz" if distribution.filetype == "sdist" else "-"
    return distribution.filename.startswith(_stem(distribution, version) + following)


def _license_files(metadata: Metadata, contents: Contents) -> Iterator[Finding]:
    """Every License-File must be in the archive, as UTF-8 text (PEP 639)."""
    if ignored(FIELDS["license-file"], metadata.metadata_version):
        return
    for path in metadata.license_files:
        if path not in contents.license_files:
            yield refuse(
                "license-file-missing",
                f"License-File {quoted(path)} is not in the archive where it belongs; build with a"
                " current build tool.",
            )
        elif path in contents.not_utf8:
            yield warn("license-file-not-utf8", f"License-File {quoted(path)} is not UTF-8 text.")


def _bounded(findings: Iterable[Finding]) -> Iterator[Finding]:
    """Each finding once, and a kind of finding not more often than people care to read."""
    count: Counter[str] = Counter()
    for finding in dict.fromkeys(findings):
        count[finding.code] += 1
        if count[finding.code] <= MOST_FINDINGS_OF_A_KIND:
            yield finding


def compare_form(form_name: str, form_version: str, inspection: Inspection) -> list[Finding]:
    """Say where the upload form contradicts the file; the file is the truth (UPL-16)."""
    metadata = inspection.metadata
    if metadata is None:
        return []
    found = []
    if names.normalize(form_name.strip()) != names.normalize(metadata.name):
        found.append(_contradiction("name", form_name, metadata.name))
    if not _same_version(form_version.strip(), metadata.version):
        found.append(_contradiction("version", form_version, metadata.version))
    return found


def _same_version(one: str, other: str) -> bool:
    try:
        return names.parse_version(one) == names.parse_version(other)
    except names.InvalidVersion:
        return False


def _contradiction(field: str, form: str, file: str) -> Finding:
    return refuse(
        f"form-{field}-mismatch",
        f"The form says {field} {quoted(form)} and the metadata in the file says {quoted(file)};"
        " upload again with a current tool.",
    )
