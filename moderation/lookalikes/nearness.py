"""Which of many texts are spelled nearly like one: a filter that never looks at them one by one.

Each pair of neighbouring letters has a bit set of the texts that contain it, as one large integer.
Adding up the sets of a query's pairs, bit plane by bit plane, tells for all texts at once how many
pairs they share with it: some 60 operations on integers of as many bits as there are texts.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence


class Nearness:
    """An index of `texts`; answers are places in that list."""

    def __init__(self, texts: Sequence[str]) -> None:
        self._size = len(texts)
        members: dict[str, list[int]] = {}
        lengths: dict[int, list[int]] = {}
        for place, text in enumerate(texts):
            lengths.setdefault(len(text), []).append(place)
            for pair in pairs(text):
                members.setdefault(pair, []).append(place)
        self._pairs = {pair: self._bits(places) for pair, places in members.items()}
        self._lengths = {length: self._bits(places) for length, places in lengths.items()}

    def _bits(self, places: list[int]) -> int:
        field = bytearray(self._size // 8 + 1)
        for place in places:
            field[place >> 3] |= 1 << (place & 7)
        return int.from_bytes(field, "little")

    def search(self, text: str, most: int, letters_off: int = 4) -> list[int]:
        """At most `most` texts that share the most letter pairs with `text`, the best first.

        None is more than `letters_off` letters longer or shorter.
        """
        wanted = pairs(text)
        fitting = self._of_length_near(len(text), letters_off)
        planes = self._count(wanted, fitting)
        found: list[int] = []
        for shared in range(len(wanted), max(1, len(wanted) // 3) - 1, -1):
            for place in _places(_equal_to(planes, shared, fitting)):
                found.append(place)
                if len(found) >= most:
                    return found
        return found

    def _of_length_near(self, length: int, off: int) -> int:
        bits = 0
        for nearby in range(length - off, length + off + 1):
            bits |= self._lengths.get(nearby, 0)
        return bits

    def _count(self, wanted: set[str], fitting: int) -> list[int]:
        """The number of shared pairs of every text in binary, one integer for each digit."""
        planes: list[int] = []
        for pair in wanted:
            carry = self._pairs.get(pair, 0) & fitting
            for digit, plane in enumerate(planes):
                planes[digit], carry = plane ^ carry, plane & carry
            if carry:
                planes.append(carry)
        return planes


def pairs(text: str) -> set[str]:
    """Its pairs of neighbouring letters, with its first and last letter by themselves."""
    framed = f"^{text}$"
    return {framed[place : place + 2] for place in range(len(framed) - 1)}


def _equal_to(planes: list[int], number: int, fitting: int) -> int:
    if number >> len(planes):
        return 0
    bits = fitting
    for digit, plane in enumerate(planes):
        bits &= plane if number >> digit & 1 else ~plane
    return bits


def _places(bits: int) -> Iterator[int]:
    while bits:
        lowest = bits & -bits
        yield lowest.bit_length() - 1
        bits ^= lowest
