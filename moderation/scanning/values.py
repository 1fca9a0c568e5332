"""What a scan finds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from moderation.texts import visible
from packages.uploads.signals import LONGEST_EXCERPT, Signal

SEVERITIES = ("low", "medium", "high")
MOST_OF_A_RULE = 10  # signals that people are shown
MOST = 100
Identity = tuple[str, str, str]


@dataclass(frozen=True)
class Found:
    """A place that made a rule fire; `key` is the member's path without the version."""

    policy: str
    rule: str
    severity: str
    sentence: str
    member: str
    key: str
    line: int | None
    excerpt: str
    digest: str = ""  # of what fired as a whole, which may be longer than the excerpt

    @property
    def identity(self) -> Identity:
        """What makes it the same in another release."""
        return self.rule, self.key, self.digest or self.excerpt

    @property
    def gravity(self) -> int:
        return SEVERITIES.index(self.severity)

    @property
    def signal(self) -> Signal:
        return Signal(self.rule, self.severity, self.member, self.line, self.excerpt)


def shown(found: Iterable[Found]) -> list[Found]:
    """The gravest, and of each rule so many as people read.  Whatever decides counts all."""
    count: Counter[str] = Counter()
    few = []
    for each in sorted(found, key=lambda one: -one.gravity):
        count[each.rule] += 1
        if count[each.rule] <= MOST_OF_A_RULE:
            few.append(each)
    return few[:MOST]


def excerpt(text: str, around: int = 0) -> str:
    """The text, or so much of it around the character `around` as people are shown."""
    whole = visible(" ".join(text.split("\n")).strip())
    if len(whole) <= LONGEST_EXCERPT:
        return whole
    start = max(0, min(around - LONGEST_EXCERPT // 4, len(whole) - LONGEST_EXCERPT))
    return whole[start : start + LONGEST_EXCERPT]
