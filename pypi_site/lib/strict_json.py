"""JSON from strangers: each member once, nothing nested without end, no number out of range."""

from __future__ import annotations

import json
from typing import Any

MOST_BRACKETS = 1000


def loads(body: bytes) -> Any:
    """The value in `body`, which must be UTF-8 (RFC 8259).

    Raises ValueError for anything else, also for members that stand twice, NaN, infinities and
    more than `MOST_BRACKETS` objects and arrays: such bodies are attacks or mistakes.
    """
    if body.count(b"[") + body.count(b"{") > MOST_BRACKETS:
        raise ValueError("too many objects and arrays")
    text = body.decode()
    try:
        return json.loads(
            text, object_pairs_hook=_object, parse_constant=_no_constant, parse_float=_number
        )
    except RecursionError:
        raise ValueError("nested too deeply") from None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a member stands twice")
    return members


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")


def _number(text: str) -> float:
    value = float(text)
    if value in (float("inf"), float("-inf")):
        raise ValueError("out of range")
    return value
