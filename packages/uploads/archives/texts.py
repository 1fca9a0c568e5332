"""Questions about the content of text files, answered while they stream by."""

import codecs
import re

# What build tools take for licence files unless told otherwise.
_LICENSE = re.compile(
    r"(?:^|/)(?:licen[cs]e|copying|copyright|notice|authors)[^/]*$", re.IGNORECASE
)


def looks_like_license(path: str) -> bool:
    """Whether the file's name is one that licence files have."""
    return _LICENSE.search(path) is not None


class Utf8Check:
    """Whether a text is UTF-8, told piece by piece."""

    def __init__(self) -> None:
        self.valid = True
        self._decoder = codecs.getincrementaldecoder("utf-8")()

    def feed(self, piece: bytes, *, final: bool = False) -> None:
        """Look at one more piece; `final` says that a half character cannot be completed."""
        try:
            if self.valid:
                self._decoder.decode(piece, final)
        except UnicodeDecodeError:
            self.valid = False
