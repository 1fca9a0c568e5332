"""Words: one way to fold text, for what is stored and for what is asked.

Whatever is folded here reaches PostgreSQL as letters and digits between spaces, so its text parser
cannot see an address, a path or a compound in it, and both sides are cut alike.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

LONGEST_NAME: Final = 128
LONGEST: Final = 64  # characters of a word worth finding; a lexeme may take 2 kB
_SPELLED: Final = {"c++": "cplusplus", "c#": "csharp", ".net": "dotnet"}
_SPELLED_OUT = re.compile(r"(?<!\w)(?:c\+\+|c#|\.net)(?!\w)")
_ACCENTS = re.compile("[\u0300-\u036f]")
_NO_WORD = re.compile(r"[^\w]|_")
# Han and kana have no spaces: every character is a word, and a word is a phrase of them.
_IDEOGRAPH = re.compile("([\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff])")
_PARTS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")

_MARKUP: Final = [
    re.compile(r"<!--.{0,2000}?-->", re.DOTALL),
    re.compile(r"<[a-zA-Z/][^<>]{0,500}>"),
    re.compile(r"!?\[([^\[\]]{0,300})\]\([^()\s]{0,500}\)"),  # [text](address), ![alt](address)
    re.compile(r"(?:https?|ftp)://[^\s<>()\"']{1,500}"),
    re.compile(r"^[ \t]*\.\. [\w-]{1,40}::.{0,300}$", re.MULTILINE),  # reST directives
    re.compile(r"^[ \t]+:[\w-]{1,40}:[ \t].{0,300}$", re.MULTILINE),  # and their options
    re.compile(r":[\w:]{1,40}:(?=`)"),  # reST roles
]


def fold(text: str) -> str:
    """Lower case without accents or punctuation: ``Ünïcode-Näme 2`` is ``unicode name 2``."""
    plain = unicodedata.normalize("NFKD", text).casefold()
    plain = unicodedata.normalize("NFC", _ACCENTS.sub("", plain))
    plain = _SPELLED_OUT.sub(lambda found: _SPELLED[found[0]], plain)
    plain = _IDEOGRAPH.sub(r" \1 ", _NO_WORD.sub(" ", plain))
    return " ".join(word for word in plain.split() if len(word) <= LONGEST)


def split_name(name: str) -> list[str]:
    """The words of a name: at separators, at camel case, at digits."""
    return _PARTS.findall(name)


def name_words(name: str) -> str:
    """A name as text: whole, its parts between separators, and the words inside these."""
    whole = re.sub(r"[-_.]", "", name)
    every = [whole, *re.split(r"[-_.]+", name), *split_name(name)]
    return " ".join(dict.fromkeys(word.lower() for word in every))


def squash(name: str) -> str:
    """A name as it is compared while somebody types: letters and digits only.

    Cut where no name goes on; PostgreSQL would refuse to compare much longer ones.
    """
    return fold(name).replace(" ", "")[: LONGEST_NAME + 1]


def without_markup(text: str, limit: int) -> str:
    """The words of a description in Markdown, reST or HTML, `limit` characters of them.

    Expressions are bounded, so hostile text costs no more than its length.
    """
    text = text[: limit * 2]
    for pattern in _MARKUP:
        text = pattern.sub(r" \1 " if pattern.groups else " ", text)
    return text[:limit]
