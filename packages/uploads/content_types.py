"""Description-Content-Type (PEP 566)."""

from collections.abc import Iterator

from packaging.metadata import InvalidMetadata
from packaging.metadata import Metadata as PackagingMetadata

from packages.uploads.findings import Finding, quoted, warn


def problems(content_type: str) -> Iterator[Finding]:
    """An unknown type is no reason to refuse: the specification says to show plain text."""
    if content_type and not is_known(content_type):
        yield warn(
            "unknown-content-type",
            f"Description-Content-Type {quoted(content_type)} is not text/plain, text/x-rst or"
            " text/markdown in UTF-8; the description will be shown as plain text.",
        )


def is_known(content_type: str) -> bool:
    """Whether packaging knows how to read the type and its parameters."""
    probe = PackagingMetadata.from_raw({"description_content_type": content_type}, validate=False)
    try:
        return bool(probe.description_content_type)
    except (InvalidMetadata, ValueError, LookupError, AttributeError):
        return False  # the e-mail parser beneath has its own ways to fail
