"""Why a name looks like another, in one sentence."""

from __future__ import annotations

from moderation.lookalikes.edits import COSTS, Edit, Kind
from moderation.lookalikes.index import Pair, Shape, Target
from moderation.lookalikes.views import Sight

_ONE = {
    Kind.REPETITION: "repeats a letter of",
    Kind.SEPARATOR: "moves a separator of",
    Kind.LOOKALIKE: "has a look-alike character in",
    Kind.NEIGHBOUR: "hits the neighbouring key in",
    Kind.SWAP: "swaps two letters of",
    Kind.VOWEL: "changes a vowel of",
    Kind.PLURAL: "is the plural or singular of",
    Kind.DIGIT: "changes a digit of",
    Kind.OMISSION: "leaves out a letter of",
    Kind.INSERTION: "adds a letter to",
    Kind.OTHER: "changes a letter of",
}
_ENDINGS = {
    Kind.REPETITION: "drops a repeated letter of",
    Kind.DIGIT: "leaves out a digit of",
}
_BESIDE = {
    Sight.BARE: "adds or drops what only says Python in",
    Sight.NUMBERLESS: "adds or drops a number in",
    Sight.PART: "puts other words beside",
    Sight.GLUED: "glues letters to",
}
_SCALES = ((10**9, "billion"), (10**6, "million"), (10**3, "thousand"))


def of_pair(name: str, pair: Pair) -> str:
    """As ```reqeusts` swaps two letters of `requests`, 1.2 billion downloads``."""
    return f"`{name}` {_what(pair)} {_whom(pair)}"


def rule_of(pair: Pair) -> str:
    """The edit that weighs most, or else what was put beside the name."""
    if pair.edits:
        return max(pair.edits, key=lambda edit: COSTS[edit.kind]).kind.value
    if pair.form.shape is Shape.IMPORT:
        return "import name"
    return pair.view.sight.name.lower()


def _what(pair: Pair) -> str:
    beside = _BESIDE.get(pair.view.sight, "is another spelling of")
    if not pair.edits:
        return beside
    changed = _changes(pair.edits)
    return f"{beside} what {changed}" if pair.view.sight in _BESIDE else changed


def _changes(edits: tuple[Edit, ...]) -> str:
    if len(edits) == 1:
        return _one(edits[0])
    kinds = dict.fromkeys(edit.kind.value for edit in edits)
    return f"differs in {len(edits)} places ({', '.join(kinds)}) from"


def _one(edit: Edit) -> str:
    if edit.old and not edit.new:
        return _ENDINGS.get(edit.kind, _ONE[edit.kind])
    return _ONE[edit.kind]


def _whom(pair: Pair) -> str:
    target = pair.form.target
    said = "" if pair.form.shape is Shape.NAME else f" (known as `{pair.form.text}`)"
    return f"`{target.name}`{said}{popularity(target)}"


def popularity(target: Target) -> str:
    """As ``, 1.2 billion downloads a month``; what a module is; nothing if nobody counted."""
    if target.kind == "module":
        return ", a module of the standard library"
    if target.kind == "slip":
        return ", which people type by mistake"
    for scale, word in _SCALES:
        if target.downloads >= scale:
            return f", {target.downloads / scale:.1f} {word} downloads a month"
    return ""
