"""What a check found: a code for programs, a level for the gate, a sentence for people."""

from dataclasses import dataclass
from enum import StrEnum

LONGEST_QUOTE = 120


class Level(StrEnum):
    """How much a finding weighs."""

    REFUSE = "refuse"
    HOLD = "hold"
    WARN = "warn"


@dataclass(frozen=True)
class Finding:
    """One thing that a check has to say about an upload."""

    code: str
    level: Level
    message: str


class Unreadable(Exception):
    """An archive so broken that reading cannot go on; carries the finding that says so."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.finding = refuse(code, message)


def refuse(code: str, message: str) -> Finding:
    """A finding that keeps the upload out."""
    return Finding(code, Level.REFUSE, message)


def hold(code: str, message: str) -> Finding:
    """A finding that a moderator should look at before the upload is published."""
    return Finding(code, Level.HOLD, message)


def warn(code: str, message: str) -> Finding:
    """A finding that the uploader is told about, and nothing more."""
    return Finding(code, Level.WARN, message)


def quoted(text: str) -> str:
    """Hostile text as part of a sentence: in quotes, short, nothing unprintable."""
    return repr(text if len(text) <= LONGEST_QUOTE else text[:LONGEST_QUOTE] + "...")
