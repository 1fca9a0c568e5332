"""What XML 1.0 can hold."""

from __future__ import annotations

import re

_UNFIT = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def fit(text: str) -> str:
    """The text without control characters and others that no XML may hold, escaped or not."""
    return _UNFIT.sub("", text)
