"""Python sources in which letters are not what they seem, so that no pattern finds them."""

from __future__ import annotations

import io
import re
import tokenize
import unicodedata
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from moderation.scanning.texts import Span, Text

_CODED = "The source is written in an encoding that hides what it says."
_FOLDED = "A name is written in letters that look otherwise and are the same to Python."

# What stateful and escaping encodings read as something else.
_PROBE = (
    rb"\x65\u0065\145 +AGU- ~~ ~{ e" + b"\x1b(Bexec" + bytes(range(32, 92)) + bytes(range(93, 127))
)
# Letters that Python reads as those of ASCII (PEP 3131, normal form KC).
_ALIKE = re.compile(
    r"[\u017f\u00aa\u00ba\u02b0-\u02e3\u1d2c-\u1d6a\u1d9c-\u1dbb\u2071\u207f\u2090-\u209c"
    r"\u2100-\u214f\u2160-\u217f\ufb00-\ufb06\uff21-\uff3a\uff3f\uff41-\uff5a"
    r"\U0001d400-\U0001d7ff]"
)
_BEGINNING, _END = re.compile(r"\w*\Z"), re.compile(r"\w*")
_LONGEST = 20
_TELLING = frozenset(
    """__builtins__ __import__ b64decode base64 builtins call check_call check_output codecs compile
    ctypes decompress eval exec fromhex getattr globals import_module importlib loads marshal open
    os popen Popen pty requests run socket subprocess system unhexlify urllib urlopen vars zlib
    """.split()  # noqa: SIM905
)


class Disguise(NamedTuple):
    """Where letters deceive, by which rule, and why."""

    rule: str
    sentence: str
    span: Span


def disguises(text: Text) -> Iterator[Disguise]:
    """All of a Python source; nothing of another text."""
    if not text.is_python:
        return
    encoding = _encoding(text.data)
    if encoding and not _is_plain(encoding):
        yield Disguise("coded_source", _CODED, (0, 1))
    if not text.data.isascii():
        yield from _names(text)


def _encoding(data: bytes) -> str:
    """What the source declares (PEP 263); a name that nobody knows may be known where it runs."""
    head = data[:4096]
    if b"coding" not in head:
        return ""
    try:
        return tokenize.detect_encoding(io.BytesIO(head).readline)[0]
    except SyntaxError as unknown:
        return "unknown" if "encoding" in str(unknown) else ""


@cache
def _is_plain(encoding: str) -> bool:
    """Whether what looks like ASCII is ASCII in it."""
    try:
        return _PROBE.decode(encoding) == _PROBE.decode("ascii")
    except (LookupError, ValueError):
        return False


def _names(text: Text) -> Iterator[Disguise]:
    whole = text.data.decode("utf-8", "surrogateescape")
    for found in _ALIKE.finditer(whole):
        text.require_time()
        if unicodedata.normalize("NFKC", _word(whole, found.start())) in _TELLING:
            at = len(whole[: found.start()].encode("utf-8", "surrogateescape"))
            if not text.is_quiet(at):
                yield Disguise("disguised_name", _FOLDED, (at, at + 1))


def _word(text: str, at: int) -> str:
    """The word with the letter at `at`, as far as names that tell something are long."""
    before = _BEGINNING.search(text, max(0, at - _LONGEST), at)
    after = _END.match(text, at, at + _LONGEST)
    return (before[0] if before else "") + (after[0] if after else "")
