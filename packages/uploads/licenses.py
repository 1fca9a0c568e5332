"""License-Expression, License-File and licence classifiers (PEP 639)."""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression

# The only list of deprecated SPDX identifiers at hand; packaging has no public name for it.
from packaging.licenses._spdx import LICENSES

from packages.uploads.archives import paths
from packages.uploads.findings import Finding, quoted, refuse, warn

if TYPE_CHECKING:
    from packages.uploads.metadata import Metadata

MAX_LENGTH = 2000
# packaging lets Python's own parser judge the parentheses, and that one has limits.
MAX_PARENTHESES = 64

_WORD = re.compile(r"[^\s()]+")
_GLOB = re.compile(r"[*?\[\]]")


def problems(metadata: "Metadata") -> Iterator[Finding]:
    """Everything wrong with the licence, as far as the metadata tells."""
    if metadata.license_expression:
        yield from expression_problems(metadata.license_expression)
        yield from _rivals(metadata)
    for path in metadata.license_files:
        yield from _path_problems(path)


def expression_problems(expression: str) -> Iterator[Finding]:
    """Everything wrong with an SPDX expression."""
    canonical = _canonical(expression)
    if isinstance(canonical, Finding):
        yield canonical
        return
    if canonical != expression:
        yield warn(
            "license-not-canonical",
            f"License-Expression {quoted(expression)} should be spelt {quoted(canonical)}.",
        )
    for word in _WORD.findall(canonical):
        listed = LICENSES.get(word.lower().removesuffix("+"))
        if listed and listed["deprecated"]:
            yield warn(
                "deprecated-license",
                f"License-Expression uses the SPDX identifier {quoted(word)}, which is deprecated;"
                " use the one that replaced it, such as 'GPL-2.0-only'.",
            )


def _canonical(expression: str) -> str | Finding:
    if len(expression) > MAX_LENGTH or expression.count("(") > MAX_PARENTHESES:
        return refuse(
            "invalid-license-expression",
            f"License-Expression has more than {MAX_LENGTH} characters or {MAX_PARENTHESES}"
            " parentheses; shorten it.",
        )
    try:
        return str(canonicalize_license_expression(expression))
    except InvalidLicenseExpression as error:
        return refuse(
            "invalid-license-expression",
            f"License-Expression {quoted(expression)} is not a valid SPDX expression ({error});"
            " see https://spdx.org/licenses/.",
        )


def _rivals(metadata: "Metadata") -> Iterator[Finding]:
    if metadata.license:
        yield refuse(
            "license-and-expression",
            "The metadata has both License and License-Expression; remove License (PEP 639).",
        )
    if any(name.startswith("License ::") for name in metadata.classifiers):
        yield warn(
            "license-classifier",
            "The metadata has License-Expression and a 'License ::' classifier; remove the"
            " classifier (PEP 639).",
        )


def _path_problems(path: str) -> Iterator[Finding]:
    if paths.problem(path) or _GLOB.search(path):
        yield refuse(
            "invalid-license-file",
            f"License-File {quoted(path)} must be a relative path with '/' and without '..' or"
            " wildcards.",
        )
