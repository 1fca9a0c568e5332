"""What a scan finds."""

from __future__ import annotations

from dataclasses import dataclass

from moderation.texts import visible
from packages.uploads.signals import LONGEST_EXCERPT, Signal

SEVERITIES = ("low", "medium", "high")


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

    @property
    def identity(self) -> tuple[str, str, str]:
        """What makes it the same in another release."""
        return self.rule, self.key, self.excerpt

    @property
    def signal(self) -> Signal:
        return Signal(self.rule, self.severity, self.member, self.line, self.excerpt)


def excerpt(text: str, around: int = 0) -> str:
    """The text, or so much of it around the character `around` as people are shown."""
    shown = visible(text.strip())
    if len(shown) <= LONGEST_EXCERPT:
        return shown
    start = max(0, min(around - LONGEST_EXCERPT // 4, len(shown) - LONGEST_EXCERPT))
    return shown[start : start + LONGEST_EXCERPT]
