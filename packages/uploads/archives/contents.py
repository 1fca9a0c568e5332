"""What reading an archive yields, whichever its kind."""

from dataclasses import dataclass, field

from packages.uploads.findings import Finding


@dataclass(frozen=True)
class Member:
    """A file inside an archive."""

    name: str
    size: int


@dataclass
class Contents:
    """What was found in an archive so far; a broken archive leaves it half filled.

    `license_files` are the paths that a `License-File` field may name, `not_utf8` those among them
    that are not UTF-8.
    """

    members: tuple[Member, ...] = ()
    metadata: bytes | None = None
    findings: list[Finding] = field(default_factory=list)
    license_files: frozenset[str] = frozenset()
    not_utf8: frozenset[str] = frozenset()
