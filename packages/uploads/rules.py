"""The limits and permissions that a site sets for uploads."""

from dataclasses import dataclass

KIB = 1024
MIB = 1024 * KIB
GIB = 1024 * MIB


@dataclass(frozen=True)
class Rules:
    """What an upload may be; sizes are in bytes.

    Archives are measured while they are read: what they declare about themselves proves nothing.
    """

    file_size: int = 100 * MIB
    uncompressed_size: int = GIB
    # How many bytes one byte may expand to, once `ratio_floor` bytes have come out.
    ratio: int = 100
    ratio_floor: int = 16 * MIB
    members: int = 50_000
    # How deep archives may lie within archives, and how many unpacked bytes are looked at there.
    nesting: int = 8
    nested_work: int = 512 * MIB
    # METADATA and PKG-INFO, description included.
    metadata_size: int = 10 * MIB
    # RECORD and the archive's own directory, which have a line per member.
    record_size: int = 8 * MIB
    # WHEEL and entry_points.txt.
    small_file_size: int = 512 * KIB
    headers: int = 10_000
    header_size: int = MIB
    requirements: int = 10_000
    requirements_size: int = MIB
    project_urls: int = 100
    summary_length: int = 512
    url_length: int = 2048
    allow_local_versions: bool = False
    allow_direct_references: bool = False
    extra_classifiers: frozenset[str] = frozenset()
