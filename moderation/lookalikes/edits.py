"""What was done to a spelling to get another, weighed by how easily an eye or a finger errs."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple

from moderation.lookalikes.keyboard import JOINED, LOOKALIKES, NEIGHBOURS, VOWELS


class Kind(StrEnum):
    """The ways in which two spellings differ at one place."""

    REPETITION = "repetition"
    SEPARATOR = "separator"
    LOOKALIKE = "look-alike"
    NEIGHBOUR = "neighbouring key"
    SWAP = "swap"
    VOWEL = "vowel"
    PLURAL = "plural"
    DIGIT = "digit"
    OMISSION = "omission"
    INSERTION = "insertion"
    OTHER = "other letter"


COSTS = {
    Kind.REPETITION: 0.4,
    Kind.SEPARATOR: 0.3,
    Kind.LOOKALIKE: 0.5,
    Kind.NEIGHBOUR: 0.6,
    Kind.SWAP: 0.6,
    Kind.VOWEL: 0.7,
    Kind.PLURAL: 0.8,
    Kind.DIGIT: 1.0,
    Kind.OMISSION: 0.8,
    Kind.INSERTION: 0.9,
    Kind.OTHER: 1.0,
}


class Edit(NamedTuple):
    """One difference: at `place` of the original the imitation has `new` instead of `old`."""

    kind: Kind
    place: int
    old: str
    new: str


def cost(edits: tuple[Edit, ...]) -> float:
    """How much two spellings differ, from 0; one careless stroke is about 0.6."""
    return sum(COSTS[edit.kind] for edit in edits)


def distance(left: str, right: str, most: int) -> int:
    """Optimal string alignment distance by bit vectors (Hyyrö 2003); `most` + 1 if it is more."""
    if abs(len(left) - len(right)) > most or not left or not right:
        return min(max(len(left), len(right)), most + 1)
    return min(_scan(_masks(left), len(left), right), most + 1)


@lru_cache(64)
def _masks(text: str) -> dict[str, int]:
    """Where each letter of a text stands, as bits; one is compared with many others in a row."""
    masks: dict[str, int] = {}
    for place, letter in enumerate(text):
        masks[letter] = masks.get(letter, 0) | 1 << place
    return masks


def _scan(masks: dict[str, int], length: int, right: str) -> int:
    full, last, score = (1 << length) - 1, 1 << (length - 1), length
    plus, minus, diagonal, before = full, 0, 0, 0
    for letter in right:
        here = masks.get(letter, 0)
        swapped = ((~diagonal & here) << 1) & before
        diagonal = (((here & plus) + plus) ^ plus) | here | minus | swapped
        up, down = minus | ~(diagonal | plus), plus & diagonal
        score += bool(up & last) - bool(down & last)
        up, down = (up << 1 | 1) & full, (down << 1) & full
        plus, minus = (down | ~(diagonal | up)) & full, up & diagonal & full
        before = here
    return score


def between(original: str, imitation: str) -> tuple[Edit, ...]:
    """The cheapest way from one spelling to the other, in order of place.

    Cheapest paths first, and letters that agree cost nothing: the nearer the spellings, the
    less is looked at.
    """
    heap: list[tuple[float, int, int, tuple[Edit, ...]]] = [(0.0, 0, 0, ())]
    done: set[tuple[int, int]] = set()
    while heap:
        spent, i, j, path = heapq.heappop(heap)
        i, j = _slide(original, imitation, i, j)
        if i == len(original) and j == len(imitation):
            return path
        if (i, j) not in done:
            done.add((i, j))
            for edit in _steps(original, imitation, i, j):
                step = (spent + COSTS[edit.kind], i + len(edit.old), j + len(edit.new))
                heapq.heappush(heap, (*step, (*path, edit)))
    raise AssertionError("every spelling can be rewritten into any other")


def _slide(original: str, imitation: str, i: int, j: int) -> tuple[int, int]:
    while i < len(original) and j < len(imitation) and original[i] == imitation[j]:
        i, j = i + 1, j + 1
    return i, j


def _steps(original: str, imitation: str, i: int, j: int) -> Iterator[Edit]:
    old, new = original[i : i + 1], imitation[j : j + 1]
    if old:
        yield Edit(_of_one(original, i, Kind.OMISSION), i, old, "")
    if new:
        yield Edit(_of_one(imitation, j, Kind.INSERTION), i, "", new)
    if old and new:
        yield Edit(_substitution(old, new), i, old, new)
        yield from _of_two(original, imitation, i, j)


def _of_two(original: str, imitation: str, i: int, j: int) -> Iterator[Edit]:
    """Swapped letters, and two that look like one."""
    old, new = original[i : i + 2], imitation[j : j + 2]
    if len(old) == 2 and old == new[::-1]:
        yield Edit(Kind.SWAP, i, old, new)
    for one, two in JOINED:
        if old[0] == one and new == two:
            yield Edit(Kind.LOOKALIKE, i, one, two)
        if old == two and new[0] == one:
            yield Edit(Kind.LOOKALIKE, i, two, one)


def _of_one(text: str, place: int, otherwise: Kind) -> Kind:
    """What a letter is that only one of the two spellings has."""
    letter = text[place]
    if letter == "-":
        return Kind.SEPARATOR
    if letter.isdigit():
        return Kind.DIGIT
    if letter in text[max(0, place - 1) : place] + text[place + 1 : place + 2]:
        return Kind.REPETITION
    return Kind.PLURAL if letter == "s" and place == len(text) - 1 else otherwise


def _substitution(old: str, new: str) -> Kind:
    if old + new in LOOKALIKES:
        return Kind.LOOKALIKE
    if old.isdigit() and new.isdigit():
        return Kind.DIGIT
    if old + new in NEIGHBOURS:
        return Kind.NEIGHBOUR
    return Kind.VOWEL if old in VOWELS and new in VOWELS else Kind.OTHER
