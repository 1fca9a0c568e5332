"""Provides-Extra (PEP 685)."""

from collections.abc import Iterator

from packages import names
from packages.uploads.findings import Finding, Level, quoted

# Since this version of the metadata, names of extras are normalized ones.
STRICT_SINCE = "2.3"


def problems(extras: tuple[str, ...], declared: str) -> Iterator[Finding]:
    """Invalid names and clashes; older metadata may keep what installers coped with.

    A clash harms nobody: installers merge the two, and Twisted relies on it.
    """
    level = Level.REFUSE if declared >= STRICT_SINCE else Level.WARN
    seen: dict[str, str] = {}
    for extra in extras:
        normalized = names.normalize(extra)
        yield from _name_problems(extra, normalized, declared, level)
        other = seen.setdefault(normalized, extra)
        if other != extra:
            yield Finding(
                "clashing-extras",
                Level.WARN,
                f"The extras {quoted(other)} and {quoted(extra)} are the same; remove one.",
            )


def _name_problems(extra: str, normalized: str, declared: str, level: Level) -> Iterator[Finding]:
    if not names.is_valid(extra):
        yield Finding(
            "invalid-extra",
            level,
            f"Provides-Extra {quoted(extra)} must have letters, digits and single hyphens only.",
        )
    elif extra != normalized and declared >= STRICT_SINCE:
        yield Finding(
            "extra-not-normalized",
            Level.WARN,
            f"Provides-Extra {quoted(extra)} should be spelt {quoted(normalized)}.",
        )
