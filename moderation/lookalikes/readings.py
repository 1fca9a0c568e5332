"""How a spelling reads as words that people name packages with, wherever they publish.

The words are those of the four million names of another ecosystem: what many names hold is a word
or a brand (``ethereum``, ``shortid``), whatever a dictionary says; what none holds is likelier a
slip of somebody's hand.
"""

from __future__ import annotations

import gzip
import math
from collections.abc import Iterator, Mapping
from functools import cache, lru_cache
from pathlib import Path
from typing import NamedTuple

_USAGE = Path(__file__).parent / "data" / "usage.txt.gz"
LONGEST = 20  # letters of a word
# The log-likelihood of a letter that is part of no word; the rarest words have -14.
_LETTER, _DIGIT = -8.0, -4.0
_NOWHERE = -14.0  # of a least usual "word" that no name holds


class Reading(NamedTuple):
    """The likeliest division of a spelling into words that names are made of.

    `likelihood` is the mean log-likelihood of a letter, about -1.5 for usual words and -4 for
    none; `longest` has so many letters; `rarest` is the log-likelihood of the least usual word.
    """

    likelihood: float
    words: int
    longest: int
    rarest: float


def load() -> None:
    """Read the table of words now, while nobody waits for a verdict."""
    _total()


def usual(word: str) -> float:
    """How usual a word is in names: the logarithm of how many hold it, 0 for a rare one."""
    return math.log1p(_counts().get(word, 0.0))


@lru_cache(16384)
def read(text: str) -> Reading:
    """Read a spelling without separators as words; the work grows as its length does."""
    best, starts = [0.0], [0]
    for end in range(1, len(text) + 1):
        likelihood, start = max(_ways(text, end, best))
        best.append(likelihood)
        starts.append(start)
    return _reading(best[-1], list(_words(text, starts)))


def _ways(text: str, end: int, best: list[float]) -> Iterator[tuple[float, int]]:
    """How likely the letters up to `end` are, by where their last word, or letter, starts."""
    yield best[end - 1] + _alone(text[end - 1]), end - 1
    counts = _counts()
    for start in range(max(0, end - LONGEST), end - 1):
        if count := counts.get(text[start:end]):
            yield best[start] + _likelihood(count), start


def _alone(letter: str) -> float:
    return _DIGIT if letter.isdigit() else _LETTER


def _words(text: str, starts: list[int]) -> Iterator[str]:
    """The words of the likeliest division, the last first."""
    end = len(text)
    while end:
        yield text[starts[end] : end]
        end = starts[end]


def _reading(likelihood: float, words: list[str]) -> Reading:
    lengths, counts = list(map(len, words)), [_counts().get(word) for word in words]
    rarest = min(_likelihood(count) if count else _NOWHERE for count in counts)
    return Reading(likelihood / sum(lengths), len(words), max(lengths), rarest)


def _likelihood(count: float) -> float:
    return math.log(count / _total())


@cache
def _counts() -> Mapping[str, float]:
    """Words to how many names hold them, to half a power of two."""
    lines = gzip.decompress(_USAGE.read_bytes()).decode().splitlines()
    counted = (line.split() for line in lines)
    return {word: 2 ** (int(halves) / 2) for halves, *words in counted for word in words}


@cache
def _total() -> float:
    return sum(_counts().values())
