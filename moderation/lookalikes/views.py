"""The parts of a candidate's name that might imitate another name."""

from __future__ import annotations

from collections.abc import Iterator
from enum import IntEnum
from typing import NamedTuple

from moderation.lookalikes import keys

MOST_LETTERS = 60  # of a longer name, only the beginning is taken apart
_MOST_WORDS = 12
_FEW_WORDS = 5
_LEAST_PART = 4
_LEAST_LONG = 5


class Sight(IntEnum):
    """What part of the name a view is."""

    WHOLE = 0
    BARE = 1  # without python-, -py
    NUMBERLESS = 2
    PART = 3  # some of its words
    GLUED = 4  # its beginning or end, with letters stuck to it


class View(NamedTuple):
    """`text` is what is compared, without separators; `rest` are the words left out."""

    text: str
    sight: Sight
    rest: tuple[str, ...]


def whole(name: str) -> Iterator[View]:
    """The name as it stands, then less what only says Python, then less a number at its end."""
    yield View(keys.compact(name), Sight.WHOLE, ())
    bare = keys.without_python(name)
    if bare != name:
        yield View(keys.compact(bare), Sight.BARE, ("python",))
    plain = keys.without_number(bare)
    if plain != bare and len(keys.compact(plain)) >= _LEAST_PART:
        yield View(keys.compact(plain), Sight.NUMBERLESS, (bare[len(plain) :].strip("-"),))


def parts(name: str) -> Iterator[View]:
    """Every run of words that is shorter than the name."""
    split = name.split("-")[:_MOST_WORDS]
    for first in range(len(split)):
        for last in range(first + 1, len(split) + 1):
            if last - first < len(split):
                yield from _part(split, first, last, _LEAST_PART)


def long_parts(name: str) -> Iterator[View]:
    """Single words, and the name less its first or last: where a typo hides beside other words."""
    split = name.split("-")
    if 2 <= len(split) <= _FEW_WORDS:
        for place in range(len(split)):
            yield from _part(split, place, place + 1, _LEAST_LONG)
        if len(split) > 2:
            yield from _part(split, 1, len(split), _LEAST_LONG)
            yield from _part(split, 0, len(split) - 1, _LEAST_LONG)


def _part(split: list[str], first: int, last: int, least: int) -> Iterator[View]:
    text = "".join(split[first:last])
    if len(text) >= least:
        yield View(text, Sight.PART, (*split[:first], *split[last:]))


def glued(name: str) -> Iterator[View]:
    """Every beginning and end of the name, however it is divided into words."""
    text = keys.compact(name)[:MOST_LETTERS]
    for cut in range(_LEAST_PART, len(text)):
        yield View(text[:cut], Sight.GLUED, (text[cut:],))
        yield View(text[-cut:], Sight.GLUED, (text[:-cut],))
