"""What changed between two texts, line by line, in bounded time.  Plain Python.

Python's difflib is quadratic and worse on texts that were made to hurt it, so it is asked only
about what it can answer quickly; the rest is shown as taken out and put in.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from moderation.texts import visible

CONTEXT = 3  # lines around each change
LONGEST_LINE = 500  # characters that are shown
_MOST_WORK = 20_000_000  # pairs of equal lines, times lines


@dataclass(frozen=True)
class Line:
    """A line of a diff: `mark` is "+", "-", " ", or "@" where unchanged lines were left out.

    `before` and `after` are its numbers in the two texts, from 1; None where it is not there.
    """

    mark: str
    before: int | None
    after: int | None
    text: str


def of_texts(before: str, after: str) -> Iterator[Line]:
    """The changed lines with a little around them; a text that is not there is ""."""
    old, new = before.splitlines(), after.splitlines()
    start = _common(old, new)
    end = _common(old[start:][::-1], new[start:][::-1])
    codes = _opcodes(old[start : len(old) - end], new[start : len(new) - end], start)
    yield from _lines(codes, old, new)


def _common(old: Sequence[str], new: Sequence[str]) -> int:
    """How many lines are the same at the beginning."""
    pairs = enumerate(zip(old, new, strict=False))
    return next((at for at, (one, other) in pairs if one != other), min(len(old), len(new)))


Code = tuple[int, int, int, int]  # old from, old to, new from, new to


def _opcodes(old: Sequence[str], new: Sequence[str], shift: int) -> list[Code]:
    """The places that differ, by line numbers of the whole texts."""
    if _work(old, new) > _MOST_WORK:
        return [(shift, shift + len(old), shift, shift + len(new))]
    found = SequenceMatcher(None, old, new).get_opcodes()
    return [
        (a + shift, b + shift, c + shift, d + shift) for tag, a, b, c, d in found if tag != "equal"
    ]


def _work(old: Sequence[str], new: Sequence[str]) -> int:
    """An upper bound of what difflib would do; it passes over lines that are too frequent."""
    there = Counter(new)
    popular = len(new) // 100 + 1 if len(new) >= 200 else len(new)
    pairs = sum(there[line] for line in old if there[line] <= popular)
    return pairs * (len(old) + len(new))


def _lines(codes: Sequence[Code], old: Sequence[str], new: Sequence[str]) -> Iterator[Line]:
    shown = 0  # lines of the old text that are behind us
    for at, (a, b, c, d) in enumerate(codes):
        first = max(shown, a - CONTEXT)
        if first > shown:
            yield Line("@", None, None, "")
        yield from _same(old, first, a, c - a)
        yield from (Line("-", n + 1, None, _cut(old[n])) for n in range(a, b))
        yield from (Line("+", None, n + 1, _cut(new[n])) for n in range(c, d))
        following = codes[at + 1][0] if at + 1 < len(codes) else len(old)
        shown = min(b + CONTEXT, following)
        yield from _same(old, b, shown, d - b)


def _same(old: Sequence[str], first: int, last: int, shift: int) -> Iterator[Line]:
    for n in range(first, last):
        yield Line(" ", n + 1, n + 1 + shift, _cut(old[n]))


def _cut(text: str) -> str:
    return visible(text if len(text) <= LONGEST_LINE else text[:LONGEST_LINE] + "…")
