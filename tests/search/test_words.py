"""Words: folding, taking names apart, taking markup off."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from search import words


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("django-rest_framework", ["django", "rest", "framework"]),
        ("PyQt5.sip", ["Py", "Qt", "5", "sip"]),
        ("XMLParser", ["XML", "Parser"]),
        ("b2", ["b", "2"]),
    ],
)
def test_a_name_is_taken_apart_into_words(name, parts):
    assert words.split_name(name) == parts


def test_a_name_is_stored_whole_in_parts_and_in_words():
    assert words.name_words("PyQt5.sip") == "pyqt5sip pyqt5 sip py qt 5"


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Ünïcode-Näme 2", "unicode name 2"),
        ("Straße", "strasse"),
        ("async/await", "async await"),
        ("C++ and C# and .NET", "cplusplus and csharp and dotnet"),
        ("see https://example.org/x", "see https example org x"),
        ("数据", "数 据"),
        ("Ёлка", "елка"),
        ("...", ""),
        ("\0\ud800", ""),
    ],
)
def test_text_of_any_language_is_folded_to_plain_words(text, folded):
    assert words.fold(text) == folded


@given(st.text())
def test_folding_twice_changes_nothing_and_leaves_nothing_but_words(text):
    folded = words.fold(text)
    assert words.fold(folded) == folded
    assert all(word for word in folded.split(" ")) or folded == ""
    assert "\0" not in folded
    assert not set(folded) & set("&|!():*<>'\"\\%-")


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("[the guide](https://example.org/guide)", "the guide"),
        ("![build](https://example.org/b.svg)", "build"),
        ("<p align='center'>Gate</p>", "Gate"),
        (".. image:: https://example.org/x.png\n   :alt: x\n\nGate", "Gate"),
        (":class:`Gate`", "`Gate`"),
        ("<!-- hidden -->Gate", "Gate"),
    ],
)
def test_markup_is_taken_off(text, plain):
    assert words.without_markup(text, 1000).split() == plain.split()


@pytest.mark.parametrize("piece", ["[", "](", "<", "<!--", "[a](", ".. x::", ":a", "<a ", "![["])
def test_hostile_markup_is_text_of_bounded_length(piece):
    assert len(words.without_markup(piece * 100_000, 20_000)) <= 20_000
