"""Text out of archives, as people may be shown it.  Plain Python."""

from __future__ import annotations

import unicodedata

_UNSEEN = {"Cf", "Cc", "Cs", "Co", "Zl", "Zp"}


def visible(text: str) -> str:
    """The text with what nobody sees written out: controls, directions, zero widths (as ⟨U+202E⟩).

    What a moderator reads must be what Python runs (CVE-2021-42574).
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(_seen(char) for char in text)


def _seen(char: str) -> str:
    hidden = unicodedata.category(char) in _UNSEEN and char not in "\n\t"
    return f"⟨U+{ord(char):04X}⟩" if hidden else char
