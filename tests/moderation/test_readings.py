"""Spellings are read as words that names are made of: the likeliest division, and no other."""

from __future__ import annotations

import math
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moderation.lookalikes import readings

# Letters of which usual words are made, so that there is something to divide.
TEXTS = st.lists(
    st.sampled_from(["get", "pot", "app", "le", "x", "qz", "3", "bot", "o", "data"]),
    min_size=1,
    max_size=4,
).map("".join)


def divisions(text: str) -> Iterator[list[str]]:
    """Every way to cut a text into pieces."""
    if not text:
        yield []
    for end in range(1, len(text) + 1):
        for others in divisions(text[end:]):
            yield [text[:end], *others]


def alone(piece: str) -> float:
    if len(piece) > 1 and readings.usual(piece):
        return math.log(math.expm1(readings.usual(piece)) / readings._total())
    return (-4.0 if piece.isdigit() else -8.0) if len(piece) == 1 else -math.inf


@given(TEXTS)
@settings(deadline=None, max_examples=60)
def test_no_division_is_likelier_than_the_one_that_is_read(text):
    likeliest = max(sum(map(alone, pieces)) for pieces in divisions(text))
    assert readings.read(text).likelihood == pytest.approx(likeliest / len(text))


def test_two_words_stuck_together_are_two_words():
    assert readings.read("httpxrequester")[1:3] == (2, len("requester"))


@pytest.mark.parametrize(
    ("word", "slip"),
    [("ethereum", "etheruim"), ("requests", "reqeusts"), ("dataset", "datasrt")],
)
def test_a_slip_of_the_hand_reads_worse_than_the_word(word, slip):
    assert readings.read(slip).likelihood < readings.read(word).likelihood
    assert readings.usual(slip) < readings.usual(word)


def test_brands_that_no_dictionary_has_are_usual_and_slips_are_not():
    assert readings.usual("shortid") > 0
    assert readings.usual("ethereum") > readings.usual("shortid")
    assert readings.usual("reqeusts") == 0


@given(st.from_regex(r"[a-z0-9]{1,60}", fullmatch=True))
@settings(deadline=None)
def test_any_spelling_can_be_read(text):
    reading = readings.read(text)
    assert -9 < reading.likelihood < 0
    assert 1 <= reading.words <= len(text)
    assert 1 <= reading.longest <= min(len(text), readings.LONGEST)
    assert reading.rarest >= -15
