"""Which letters lie side by side under the fingers, and which look alike."""

from __future__ import annotations

_ROWS = ("1234567890-", "qwertyuiop", "asdfghjkl", "zxcvbnm")
_SHIFTS = (0.0, 0.5, 0.75, 1.25)  # how far to the right each row begins, in keys
_ALIKE = ("o0", "l1i", "s5", "e3", "a4", "b8", "g9", "t7", "z2", "uv", "vw", "ij")

VOWELS = frozenset("aeiouy")
# One letter, and two that look like it.
JOINED = (("m", "rn"), ("w", "vv"), ("d", "cl"))

_PLACES = {
    key: (column + shift, row)
    for row, (keys, shift) in enumerate(zip(_ROWS, _SHIFTS, strict=True))
    for column, key in enumerate(keys)
}


def _are_near(left: str, right: str) -> bool:
    (x, row), (other_x, other_row) = _PLACES[left], _PLACES[right]
    return left != right and abs(row - other_row) <= 1 and abs(x - other_x) <= 1


NEIGHBOURS = frozenset(
    left + right for left in _PLACES for right in _PLACES if _are_near(left, right)
)
LOOKALIKES = frozenset(
    left + right for group in _ALIKE for left in group for right in group if left != right
)
