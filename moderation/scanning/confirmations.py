"""Second looks at what a pattern matched, where the pattern alone says too little."""

from __future__ import annotations

import contextlib
import io
import ipaddress
import re
import tokenize
from collections.abc import Callable, Iterator

from moderation.scanning.texts import Text

# Base64 or hexadecimal digits, on one line or on several beside each other, or bytes written as
# escapes.  Each begins where a run begins and gives nothing back, so that no text takes long.
_BLOB = re.compile(
    rb"(?<![\w+/=-])(?:"
    rb"[\w+/=-]{400}"
    rb"|(?:[\w+/=-]{40,399}+(?:['\"][\s\\+]{0,40}+b?['\"]|\s{1,40}+)){10}"
    rb")|(?<!\\x[0-9a-fA-F]{2})(?:\\x[0-9a-fA-F]{2}){120}"
)
_NUMBER = re.compile(rb"\d{1,3}(?:\.\d{1,3}){3}")
# Public resolvers and favourites of those who write examples.
_EXAMPLES = {"1.1.1.1", "1.0.0.1", "8.8.8.8", "8.8.4.4", "9.9.9.9", "1.2.3.4", "5.6.7.8"}

# What pip runs on the way from an sdist to an installation.
_COMMAND = re.compile(
    r"['\"]?(?:install(?:_\w+)?|develop|egg_info|build(?:_(?:py|ext|clib|scripts))?|bdist_\w+"
    r"|editable_wheel|dist_info)['\"]?"
)

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
    return b"\n" not in found or not _is_closed(found)


def names_command(text: Text, at: int, end: int) -> bool:
    """Whether a command of the build stands in the brackets that the match opens."""
    return any(_COMMAND.fullmatch(token.string) for token in _bracketed(text.data[at:end]))


def _is_closed(found: bytes) -> bool:
    return any(token.type == tokenize.ENDMARKER for token in _bracketed(found))


def _bracketed(code: bytes) -> Iterator[tokenize.TokenInfo]:
    """What stands between the first bracket and the one that closes it, or as much as there is.

    An end marker tells that it is closed.
    """
    opened = re.search(rb"[(\[{]", code)
    lines = io.StringIO(code[opened.start() if opened else len(code) :].decode("latin-1"))
    depth = 0
    with contextlib.suppress(tokenize.TokenError, SyntaxError):  # it breaks off in the middle
        for token in tokenize.generate_tokens(lines.readline):
            if token.type == tokenize.OP:
                depth += (token.string in "([{") - (token.string in ")]}")
            if depth == 0:
                yield tokenize.TokenInfo(tokenize.ENDMARKER, "", token.start, token.end, "")
                return
            yield token


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
    "names_command": names_command,
    "public_number": public_number,
}


def named(names: str) -> Confirmation:
    """What a rule's `confirm` asks for: all that it names."""
    asked = [_BY_NAME[name] for name in names.split()]
    return lambda text, at, end: all(each(text, at, end) for each in asked)
