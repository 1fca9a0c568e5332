"""Spellings under which names that people confuse are equal."""

from __future__ import annotations

import re

_ENDS = ("python3", "python2", "python", "py3", "py2", "py")
_LEAST_LEFT = 3
_NUMBER = re.compile(r"(?<=[a-z])-?v?\d+$")
PYTHON = frozenset(_ENDS)  # words that only say what a name is for


def compact(name: str) -> str:
    """A normalized name without its separators."""
    return name.replace("-", "")


def ultranormalized(name: str) -> str:
    """Spell a normalized name as the public index does to find twins.

    Separators are dropped, l and i are 1, o is 0.
    """
    return name.replace("-", "").replace("i", "1").replace("l", "1").replace("o", "0")


def words_key(name: str) -> str:
    """The words of a name in alphabetical order; empty for a name of one word."""
    words = name.split("-")
    return "-".join(sorted(words)) if len(words) > 1 else ""


def letters_key(text: str) -> str:
    """The letters of a text in alphabetical order: anagrams share it."""
    return "".join(sorted(text))


def telling_words(name: str) -> list[str]:
    """The words of a name but for those that only say Python."""
    words = name.split("-")
    return [word for word in words if word not in PYTHON] or words


def without_python(name: str) -> str:
    """A name less ``python-``, ``py``, ``-py3`` and the like, at most one of them glued on."""
    text = "-".join(telling_words(name))
    for end in _ENDS:
        for bare in (text.removeprefix(end), text.removesuffix(end)):
            if bare != text and len(bare) >= _LEAST_LEFT:
                return bare.strip("-")
    return text


def without_number(name: str) -> str:
    """A name less the number at its end, as in ``beautifulsoup4`` or ``httpx-v2``."""
    return _NUMBER.sub("", name)
