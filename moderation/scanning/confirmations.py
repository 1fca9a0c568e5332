"""Second looks at what a pattern matched, where the pattern alone says too little."""

from __future__ import annotations

import io
import ipaddress
import re
import tokenize
from collections.abc import Callable, Iterator

# Base64 or hexadecimal digits on one line, or bytes written as escapes.
_BLOB = re.compile(rb"[A-Za-z0-9+/=_-]{400}|(?:\\x[0-9a-fA-F]{2}){120}")
_NUMBER = re.compile(rb"\d{1,3}(?:\.\d{1,3}){3}")
_COMMENTS = (b"#", b"//", b"rem ", b"::", b">>>")
# Public resolvers and favourites of those who write examples.
_EXAMPLES = {"1.1.1.1", "1.0.0.1", "8.8.8.8", "8.8.4.4", "9.9.9.9", "1.2.3.4", "5.6.7.8"}
_BEFORE = {tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENCODING}
_NOTHING = {tokenize.NL, tokenize.COMMENT}


class Text:
    """A member as the confirmations need it; its documentation is looked for once, if at all."""

    def __init__(self, name: str, data: bytes) -> None:
        self.data = data
        self._python = name.endswith((".py", ".pyw"))
        self._documentation: list[range] | None = None

    def line(self, at: int) -> tuple[int, int, int]:
        """The number of the line with the byte `at`, and where it begins and ends."""
        start = self.data.rfind(b"\n", 0, at) + 1
        end = self.data.find(b"\n", at)
        return self.data.count(b"\n", 0, at) + 1, start, len(self.data) if end < 0 else end

    def is_documentation(self, line: int) -> bool:
        """Whether the line belongs to a docstring, or another text that nothing is done with."""
        if self._documentation is None:
            self._documentation = [*self._docstrings()] if self._python else []
        return any(line in lines for lines in self._documentation)

    def _docstrings(self) -> Iterator[range]:
        """Texts that are a statement; what cannot be told apart counts as code."""
        last, opened = tokenize.NEWLINE, None
        try:
            for token in tokenize.tokenize(io.BytesIO(self.data).readline):
                if token.type == tokenize.STRING and last in _BEFORE:
                    opened = range(token.start[0], token.end[0] + 1)
                elif token.type == tokenize.NEWLINE and last == tokenize.STRING and opened:
                    yield opened
                elif token.type not in _NOTHING and token.type != tokenize.STRING:
                    opened = None
                if token.type not in _NOTHING:
                    last = token.type
        except (tokenize.TokenError, SyntaxError, ValueError):
            return


Confirmation = Callable[[Text, int], bool]


def blob(text: Text, at: int) -> bool:
    """Whether a long coded text stands in the member."""
    return _BLOB.search(text.data) is not None


def in_code(text: Text, at: int) -> bool:
    """Whether the match, which begins at the byte `at`, is neither comment nor documentation."""
    number, start, end = text.line(at)
    if text.data[start:end].lstrip().lower().startswith(_COMMENTS):
        return False
    return b"# " not in text.data[start:at] and not text.is_documentation(number)


def public_number(text: Text, at: int) -> bool:
    """Whether the address is one of the Internet's, in code."""
    found = _NUMBER.search(text.data, at)
    try:
        address = ipaddress.ip_address(found[0].decode() if found else "")
    except ValueError:
        return False
    return address.is_global and str(address) not in _EXAMPLES and in_code(text, at)


BY_NAME: dict[str, Confirmation] = {
    "blob": blob,
    "in_code": in_code,
    "public_number": public_number,
}
