"""Places in an archive that made a policy think."""

from dataclasses import dataclass

LONGEST_EXCERPT = 200


@dataclass(frozen=True)
class Signal:
    """A place in an archive that made a rule fire.

    `severity` is low, medium or high; `line` counts from 1 and is None where lines mean nothing;
    `excerpt` has at most `LONGEST_EXCERPT` characters, all of them visible.  `file` is the filename
    of the archive; `policies.review` puts it in.
    """

    rule: str
    severity: str
    member: str
    line: int | None
    excerpt: str
    file: str = ""
