"""Import-Name and Import-Namespace (PEP 794)."""

import keyword
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

from packages.uploads.findings import Finding, hold, quoted, refuse

if TYPE_CHECKING:
    from packages.uploads.metadata import Metadata


def problems(metadata: "Metadata") -> Iterator[Finding]:
    """Everything wrong with what the distribution claims to import as."""
    # One empty Import-Name says that there is nothing to import.
    if metadata.import_names != ("",):
        yield from _invalid("Import-Name", metadata.import_names)
    yield from _invalid("Import-Namespace", metadata.import_namespaces)
    imported, shared = _plain(metadata.import_names), _plain(metadata.import_namespaces)
    for name in sorted((imported & shared) - {""}):
        yield refuse(
            "import-name-twice",
            f"{quoted(name)} is both an Import-Name and an Import-Namespace; keep one of them.",
        )
    for name in sorted((imported | shared) & sys.stdlib_module_names):
        yield hold(
            "import-shadows-stdlib",
            f"Import-Name {quoted(name)} is a module of Python's standard library; a moderator will"
            " look at it.",
        )


def _plain(values: tuple[str, ...]) -> set[str]:
    """The names without `; private`."""
    return {value.partition(";")[0].strip() for value in values}


def _invalid(field: str, values: tuple[str, ...]) -> Iterator[Finding]:
    for value in values:
        name, semicolon, private = (part.strip() for part in value.partition(";"))
        if not _is_importable(name) or (semicolon and private != "private"):
            yield refuse(
                "invalid-import-name",
                f"{field} {quoted(value)} must be a dotted name, possibly followed by '; private'.",
            )


def _is_importable(name: str) -> bool:
    return all(part.isidentifier() and not keyword.iskeyword(part) for part in name.split("."))
