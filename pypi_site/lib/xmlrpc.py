"""XML-RPC on the wire: a call in, an answer or a fault out.

Calls are parsed by defusedxml: no document type, no entities.  Answers are written by ourselves:
the standard library's writer keeps everything in memory and passes control characters on, which
no XML may hold.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from xml.parsers.expat import ExpatError
from xml.sax.saxutils import escape
from xmlrpc.client import Fault, ResponseError, Unmarshaller

from defusedxml.xmlrpc import DefusedExpatParser

from pypi_site.lib import xml

# By the convention that every library follows ("Specification for Fault Code Interoperability").
NOT_READABLE, NO_METHOD, BAD_ARGUMENTS, FAILED, TRANSPORT = -32700, -32601, -32602, -32500, -32300
_INT: Final = 2**31
_READ_ERRORS = (
    Fault,
    ExpatError,
    ResponseError,
    ValueError,
    TypeError,
    LookupError,
    ArithmeticError,
)


@dataclass(frozen=True)
class Call:
    method: str
    arguments: tuple[Any, ...]


@dataclass(frozen=True)
class Members:
    """A struct of numbers that is written as it is read from the database, never held as a whole.

    Names hold nothing that XML would want escaped.
    """

    pairs: Iterable[tuple[str, int]]


def read_call(body: bytes) -> Call:
    """The call in the body of a request.  Raises `Fault`, whatever else it is."""
    reader = Unmarshaller(use_builtin_types=True)
    parser = DefusedExpatParser(reader, forbid_dtd=True)
    try:
        parser.feed(body)
        parser.close()
        arguments = tuple(reader.close())
    except _READ_ERRORS as error:
        raise Fault(NOT_READABLE, f"This is no XML-RPC call: {error}") from None
    if not reader.getmethodname():
        raise Fault(NOT_READABLE, "This is no XML-RPC call: it names no method.")
    return Call(str(reader.getmethodname()), arguments)


def answer(value: Any) -> Iterator[str]:
    """A response, in pieces; None is written as an empty string, which every client reads."""
    yield "<?xml version='1.0'?>\n<methodResponse>\n<params>\n<param>\n"
    yield from _value(value)
    yield "</param>\n</params>\n</methodResponse>\n"


def fault(error: Fault) -> Iterator[str]:
    """A response that says what was wrong."""
    yield "<?xml version='1.0'?>\n<methodResponse>\n<fault>\n"
    yield from _value({"faultCode": error.faultCode, "faultString": error.faultString})
    yield "</fault>\n</methodResponse>\n"


def _value(value: Any) -> Iterator[str]:
    if isinstance(value, Members):
        yield from _members(value)
    elif isinstance(value, Mapping):
        yield from _struct(value)
    elif isinstance(value, Iterable) and not isinstance(value, str):
        yield from _array(value)
    else:
        yield f"<value>{_scalar(value)}</value>\n"


def _members(members: Members) -> Iterator[str]:
    yield "<value><struct>\n"
    for name, number in members.pairs:
        yield f"<member>\n<name>{name}</name>\n<value><int>{number}</int></value>\n</member>\n"
    yield "</struct></value>\n"


def _struct(values: Mapping[str, Any]) -> Iterator[str]:
    yield "<value><struct>\n"
    for name, value in values.items():
        yield f"<member>\n<name>{clean(name)}</name>\n"
        yield from _value(value)
        yield "</member>\n"
    yield "</struct></value>\n"


def _array(values: Iterable[Any]) -> Iterator[str]:
    yield "<value><array><data>\n"
    for value in values:
        yield from _value(value)
    yield "</data></array></value>\n"


def _scalar(value: Any) -> str:
    if isinstance(value, bool):
        return f"<boolean>{int(value)}</boolean>"
    if isinstance(value, int):
        # An int has 32 bits; a double holds sizes and serials exactly up to 2**53.
        fits = -_INT <= value < _INT
        return f"<int>{value}</int>" if fits else f"<double>{float(value)}</double>"
    if isinstance(value, datetime):
        return f"<dateTime.iso8601>{value:%Y%m%dT%H:%M:%S}</dateTime.iso8601>"
    return f"<string>{clean('' if value is None else str(value))}</string>"


def clean(text: str) -> str:
    """Without the characters that XML 1.0 cannot hold at all, and escaped."""
    return escape(xml.fit(text))
