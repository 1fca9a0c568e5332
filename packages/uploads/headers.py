"""Files in the form of e-mail headers: METADATA, PKG-INFO and WHEEL."""

import re
from dataclasses import dataclass
from email.parser import BytesHeaderParser

LINE_END = rb"(?:\r\n|\r(?!\n)|\n)"
_BLANK_LINE = re.compile(b"(" + LINE_END + b")" + LINE_END)
_SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True)
class Headers:
    """Fields by their lower-case names, in order, and the body; `complete` if no line was lost.

    Bytes that are not UTF-8 arrive as lone surrogates, for the caller to complain about.
    """

    fields: dict[str, list[str]]
    body: str
    complete: bool

    def first(self, name: str) -> str:
        """The first value of a field without the space around it, or nothing."""
        return self.fields.get(name, [""])[0].strip()


def split(data: bytes) -> tuple[bytes, bytes]:
    """The headers and the body, which begins after the first blank line."""
    blank = _BLANK_LINE.search(data)
    return (data[: blank.end(1)], data[blank.end() :]) if blank else (data, b"")


def read(data: bytes) -> Headers:
    """Read headers as installers do, that is with Python's e-mail parser.

    The parser does not get to see the body: it would take it apart line by line.
    """
    head, body = split(data)
    message = BytesHeaderParser().parsebytes(head)
    fields: dict[str, list[str]] = {}
    for name, value in message.raw_items():
        # Bytes beyond ASCII are surrogates here.
        text = value.encode("ascii", "surrogateescape").decode("utf-8", "surrogateescape")
        fields.setdefault(name.lower(), []).append(text)
    # After a line that is no header, the rest of the headers counts as body.
    stray = message.get_payload(decode=True) or b""
    lost = stray if isinstance(stray, bytes) else b""
    return Headers(fields, (lost + body).decode("utf-8", "surrogateescape"), complete=not lost)


def is_text(value: str) -> bool:
    """Whether the value was UTF-8."""
    return not _SURROGATE.search(value)
