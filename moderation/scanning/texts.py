"""A member that people could read: its lines, and the parts of it in which nothing runs."""

from __future__ import annotations

import codecs
import contextlib
import hashlib
import io
import re
import time
import tokenize
from array import array
from bisect import bisect_right
from collections.abc import Iterator
from functools import cached_property

Span = tuple[int, int]

_BEFORE = {tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT}
_NOTHING = {tokenize.NL, tokenize.COMMENT}
_SHEBANG = re.compile(rb"#![^\n]*python")
# Whole lines only: a mark within a line may stand in a text.  A batch file goes on after `&`.
_COMMENTS = [
    (re.compile(r"\.(?:(?:ba|z|k|c|fi)?sh|psm?1)$", re.IGNORECASE), re.compile(rb"\s*#")),
    (re.compile(r"\.pth$", re.IGNORECASE), re.compile(rb"#")),
    (re.compile(r"\.(?:bat|cmd)$", re.IGNORECASE), re.compile(rb"\s*(?:rem\s|::)[^&|]*$", re.I)),
    (re.compile(r"\.vbs$", re.IGNORECASE), re.compile(rb"\s*(?:'|rem\s)", re.I)),
]
_TEMPLATES = {"t", "rt", "tr"}


class OutOfTime(Exception):
    """The time for an archive is over."""


class Text:
    """A member with line breaks as Python reads them: a carriage return is one, too.

    `until` is when the time is over.
    """

    def __init__(self, name: str, data: bytes, until: float = float("inf")) -> None:
        data = _without_nulls(data)
        self._fed = data.replace(b"\r\n", b"\n") if b"\r" in data else data
        self.data = self._fed.replace(b"\r", b"\n") if b"\r" in self._fed else self._fed
        self._name = name
        self.is_python = name.lower().endswith((".py", ".pyw")) or bool(_SHEBANG.match(data))
        self._until = until
        self._digests: dict[Span, str] = {}

    def require_time(self) -> None:
        """Raise `OutOfTime` if there is none left."""
        if time.perf_counter() > self._until:
            raise OutOfTime

    @cached_property
    def _starts(self) -> array[int]:
        """Where lines begin; compact, since a member may be nothing but line breaks."""
        return array("L", (0, *(found.end() for found in re.finditer(rb"\n", self.data))))

    def number(self, at: int) -> int:
        """The line with the byte `at`, counted from 1 by line feeds, as pages show it."""
        if self._fed is self.data:
            return self._row(at) + 1
        return self._fed.count(b"\n", 0, at) + 1

    def _row(self, at: int) -> int:
        return bisect_right(self._starts, at) - 1

    def rows(self, at: int, end: int) -> Span:
        """Where the lines begin and end that have the bytes from `at` to `end`."""
        stop = self.data.find(b"\n", max(at, end - 1))
        return self._starts[self._row(at)], len(self.data) if stop < 0 else stop

    def digest(self, at: int, end: int) -> str:
        """What tells these lines from others, however they are indented and broken."""
        rows = self.rows(at, end)
        if rows not in self._digests:
            words = b" ".join(self.data[slice(*rows)].split())
            self._digests = {rows: hashlib.sha256(words).hexdigest()}
        return self._digests[rows]

    # -- where nothing runs -----------------------------------------------------------------------

    def is_quiet(self, at: int) -> bool:
        """Whether the byte belongs to a comment, a docstring, or a text nothing is done with."""
        if self.is_python:
            before = bisect_right(self._quiet, (at, len(self.data)))
            return before > 0 and at < self._quiet[before - 1][1]
        start, stop = self.rows(at, at + 1)
        return self._comment is not None and bool(self._comment.match(self.data[start:stop]))

    @cached_property
    def _comment(self) -> re.Pattern[bytes] | None:
        """What a line of a comment is like in its language, if that has such."""
        return next((text for names, text in _COMMENTS if names.search(self._name)), None)

    @cached_property
    def _quiet(self) -> list[Span]:
        """Those parts of Python code; what cannot be told apart counts as code."""
        spans: list[Span] = []
        with contextlib.suppress(tokenize.TokenError, SyntaxError, ValueError):
            spans.extend(self._comments_and_statements())  # keeps what came before it broke off
        return spans

    def _comments_and_statements(self) -> Iterator[Span]:
        documented = b"__doc__" not in self.data  # else it may be read and used
        texts: list[tokenize.TokenInfo] = []
        begins = True
        for token in self._tokens():
            if token.type == tokenize.COMMENT:
                yield self._span(token)
            elif token.type == tokenize.STRING and (begins or texts):
                texts.append(token)
            elif token.type not in _NOTHING:
                if token.type == tokenize.NEWLINE and documented and all(map(_is_plain, texts)):
                    yield from map(self._span, texts)
                texts = []
            if token.type not in _NOTHING:
                begins = token.type in _BEFORE

    def _tokens(self) -> Iterator[tokenize.TokenInfo]:
        """Columns are bytes, as Latin-1 has them.  Ends where another Python may see a text end
        elsewhere (PEP 701, PEP 750): what follows might be code there and a comment here."""
        last = None
        for token in tokenize.generate_tokens(io.StringIO(self.data.decode("latin-1")).readline):
            self.require_time()
            if token.type == tokenize.STRING and _ends_elsewhere(token, last):
                return
            yield token
            last = token

    def _span(self, token: tokenize.TokenInfo) -> Span:
        (row, column), (last, end) = token.start, token.end
        return self._starts[row - 1] + column, self._starts[last - 1] + end


def _without_nulls(data: bytes) -> bytes:
    """The text as UTF-8, should it be in the UTF-16 that shells of Windows read."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return data.decode("utf-16", errors="replace").encode()
    return data


def _is_plain(token: tokenize.TokenInfo) -> bool:
    """Whether the text is what it says: an f-string runs what stands in its braces."""
    return "f" not in re.split("['\"]", token.string, maxsplit=1)[0].lower()


def _ends_elsewhere(token: tokenize.TokenInfo, last: tokenize.TokenInfo | None) -> bool:
    if last and last.end == token.start and last.string.lower() in _TEMPLATES:
        return True
    return not _is_plain(token) and not _is_balanced(token.string)


def _is_balanced(text: str) -> bool:
    """Whether every brace of an f-string that opens is closed in it; doubled ones are letters."""
    depth = at = 0
    while at < len(text) and depth >= 0:
        if depth == 0 and text[at : at + 2] in ("{{", "}}"):
            at += 2
            continue
        depth += (text[at] == "{") - (text[at] == "}")
        at += 1
    return depth == 0
