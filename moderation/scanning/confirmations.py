"""Second looks at what a pattern matched, where the pattern alone says too little."""

from __future__ import annotations

import io
import ipaddress
import re
import tokenize
from collections.abc import Callable

from moderation.scanning.texts import Text

# Base64 or hexadecimal digits, on one line or on several beside each other, or bytes written as
# escapes.
_BLOB = re.compile(
    rb"[A-Za-z0-9+/=_-]{400}|(?:\\x[0-9a-fA-F]{2}){120}"
    rb"|(?:[A-Za-z0-9+/=_-]{40,399}[\s'\"\\+b]{1,40}){10}"
)
_NUMBER = re.compile(rb"\d{1,3}(?:\.\d{1,3}){3}")
# Public resolvers and favourites of those who write examples.
_EXAMPLES = {"1.1.1.1", "1.0.0.1", "8.8.8.8", "8.8.4.4", "9.9.9.9", "1.2.3.4", "5.6.7.8"}

# Is given the text and where the match begins and ends.
Confirmation = Callable[[Text, int, int], bool]


def blob(text: Text, at: int, end: int) -> bool:
    """Whether a long coded text stands in the member."""
    return _BLOB.search(text.data) is not None


def in_code(text: Text, at: int, end: int) -> bool:
    """Whether the match begins in neither comment nor documentation."""
    return not text.is_quiet(at)


def in_call(text: Text, at: int, end: int) -> bool:
    """Whether the match ends within the brackets that it opens, if it goes over several lines."""
    found = text.data[at:end]
    return b"\n" not in found or not _closes(found[found.find(b"(") :].decode("latin-1"))


def _closes(code: str) -> bool:
    """Whether the bracket with which the code begins is closed in it."""
    depth = 0
    try:
        for token in tokenize.generate_tokens(io.StringIO(code).readline):
            if token.type == tokenize.OP:
                depth += (token.string in "([{") - (token.string in ")]}")
            if depth == 0:
                return True
    except (tokenize.TokenError, SyntaxError):
        pass  # it breaks off in the middle
    return False


def public_number(text: Text, at: int, end: int) -> bool:
    """Whether the address is one of the Internet's, in code."""
    found = _NUMBER.search(text.data, at)
    try:
        address = ipaddress.ip_address(found[0].decode() if found else "")
    except ValueError:
        return False
    return address.is_global and str(address) not in _EXAMPLES and in_code(text, at, end)


_BY_NAME: dict[str, Confirmation] = {
    "blob": blob,
    "in_code": in_code,
    "in_call": in_call,
    "public_number": public_number,
}


def named(names: str) -> Confirmation:
    """What a rule's `confirm` asks for: all that it names."""
    asked = [_BY_NAME[name] for name in names.split()]
    return lambda text, at, end: all(each(text, at, end) for each in asked)
