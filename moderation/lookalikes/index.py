"""The names to protect, arranged so that those like a candidate are found at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from enum import IntEnum
from functools import lru_cache
from typing import NamedTuple

from moderation.lookalikes import edits, keys, readings, views, words
from moderation.lookalikes.nearness import Nearness
from moderation.lookalikes.views import Sight, View

MOST_PAIRS = 6
_LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789-"
_MOST_LOOKED_AT = 24  # by letter pairs, for each part of the candidate
_SHORT = 5  # so few letters share too few pairs; every variant is looked up instead
_CROWDED = 8  # letters; longer names have no neighbours by chance
_LONG = 17  # letters; to tell the edits of such takes long, and a squat differs in few of them
_LEAST_BRAND = 4
_LEAST_ANAGRAM = 7
_COMMON_WORD = 4  # names that contain it


Passes = Callable[[str], bool]


def nobody(target: str) -> bool:
    """Passes no target by."""
    return False


class Target(NamedTuple):
    """A name that others may imitate, with its downloads in 30 days (0 if nobody counted)."""

    name: str
    downloads: int = 0
    kind: str = "project"


class Shape(IntEnum):
    """What a protected spelling is to its project."""

    NAME = 0
    BRAND = 1  # as people say it: discord for discord-py, opencv for opencv-python
    IMPORT = 2


class Form(NamedTuple):
    """A protected spelling, without separators."""

    text: str
    target: Target
    shape: Shape


class Pair(NamedTuple):
    """A part of a candidate's name beside a protected spelling, and what tells them apart."""

    view: View
    form: Form
    edits: tuple[edits.Edit, ...]


class Index:
    """What a candidate is compared with.

    `protected` names are searched in depth; `known` names only for those one edit away.
    `imports` says by which module names projects are known.
    """

    def __init__(
        self,
        protected: Iterable[Target],
        imports: Mapping[str, str],
        known: Collection[str] = frozenset(),
    ) -> None:
        targets = list(protected)
        self.targets = {target.name: target for target in targets}
        self.known = frozenset(known)
        self._forms = _forms(targets, imports)
        self._by_text = {form.text: form for form in self._forms}
        self._by_letters = {
            keys.letters_key(form.text): form
            for form in reversed(self._forms)
            if len(form.text) >= _LEAST_ANAGRAM
        }
        self._nearness = Nearness([form.text for form in self._forms])
        self.crowd = lru_cache(4096)(self._crowd)
        self._count_words(targets)
        readings.load()

    def _count_words(self, targets: list[Target]) -> None:
        self.uses: Counter[str] = Counter()
        self.starts: Counter[str] = Counter()
        self.ends: Counter[str] = Counter()
        self.families: Counter[str] = Counter()
        self.letters = words.Letters()
        for target in targets:
            self.count(target.name)
        common = (word for word, count in self.uses.items() if count >= _COMMON_WORD)
        vocabulary = words.vocabulary(common)
        self.covered = lru_cache(4096)(lambda text: words.covered(text, vocabulary))

    def count(self, name: str, times: int = 1) -> None:
        """Learn from a name how names are made; with -1 times, forget it again."""
        split = name.split("-")
        for word in split:
            self.uses[word] += times
        self.starts[split[0]] += times
        self.ends[split[-1]] += times
        self.families[keys.telling_words(name)[0]] += times
        self.letters.count(name, times)

    @contextmanager
    def without(self, name: str) -> Iterator[None]:
        """Meanwhile nothing was learned from the name; not for threads that share an index."""
        times = int(name in self.targets)
        self.count(name, -times)
        try:
            yield
        finally:
            self.count(name, times)

    def beside(self, name: str, rest: Iterable[str]) -> int:
        """How many names begin or end with the least usual of some words of a name, as it does."""
        found = [(self.ends if name.endswith(word) else self.starts)[word] for word in rest]
        return min(found, default=0)

    def pairs(self, name: str, passes: Passes = nobody) -> list[Pair]:
        """What the name might imitate but for targets that pass, the likeliest first; at most
        `MOST_PAIRS`."""
        every = (*self._near(name), *self._containing(name), *self._near_known(name))
        found = [pair for pair in every if not passes(pair.form.target.name)]
        best: dict[tuple[str, Sight], Pair] = {}
        for pair in sorted(found, key=_unlikeliness):
            best.setdefault((pair.form.target.name, pair.view.sight), pair)
        return list(best.values())[:MOST_PAIRS]

    def _crowd(self, text: str) -> int:
        """How many protected spellings are one edit away from a short one."""
        if len(text) >= _CROWDED:
            return 0
        return len(self._by_text.keys() & set(variants(text)) - {text})

    def _near(self, name: str) -> Iterator[Pair]:
        seen: set[str] = set()
        for view in (*views.whole(name), *views.long_parts(name)):
            if view.text not in seen:
                seen.add(view.text)
                for form in self._forms_near(view):
                    yield Pair(view, form, edits.between(form.text, view.text))

    def _forms_near(self, view: View) -> Iterator[Form]:
        text, most, looked_at = view.text, _tolerance(len(view.text)), _MOST_LOOKED_AT
        if view.sight is Sight.PART:  # there are many, and a typo beside other words is small
            most, looked_at = min(most, 2), _MOST_LOOKED_AT // 4
        for place in self._nearness.search(text, looked_at, most):
            far = edits.distance(text, self._forms[place].text, most)
            if far <= most:
                yield self._forms[place]
            if len(text) > _LONG:  # of a big family, only the nearest
                most = min(most, far + 1)
        yield from filter(None, map(self._by_text.get, self._short_variants(text)))
        if anagram := self._by_letters.get(keys.letters_key(text)):
            yield anagram

    def _short_variants(self, text: str) -> list[str]:
        return variants(text) if len(text) <= _SHORT else []

    def _containing(self, name: str) -> Iterator[Pair]:
        for view in (*views.parts(name), *views.glued(name)):
            if form := self._by_text.get(view.text):
                yield Pair(view, form, ())

    def _near_known(self, name: str) -> Iterator[Pair]:
        if self.known:
            for variant in sorted(self.known.intersection(variants(name[: views.MOST_LETTERS]))):
                if variant not in self.targets:
                    yield self.pair_with(name, variant)

    def pair_with(self, name: str, known: str) -> Pair:
        """A candidate beside a known name that is not protected in depth."""
        view = View(keys.compact(name), Sight.WHOLE, ())
        form = Form(keys.compact(known), Target(known), Shape.NAME)
        return Pair(view, form, edits.between(form.text, view.text))


def _forms(targets: list[Target], imports: Mapping[str, str]) -> list[Form]:
    """Names come first: a spelling that is somebody's name is nobody else's brand or module.

    Of two that share a spelling the first keeps it, so targets come in order of weight.
    """
    names = {target.name: target for target in targets}
    forms: dict[str, Form] = {}
    for target in targets:
        _add(forms, keys.compact(target.name), target, Shape.NAME)
    for target in targets:
        brand = keys.compact(keys.without_number(keys.without_python(target.name)))
        if len(brand) >= _LEAST_BRAND:
            _add(forms, brand, target, Shape.BRAND)
    for module, name in imports.items():
        if name in names:
            _add(forms, keys.compact(module), names[name], Shape.IMPORT)
    return list(forms.values())


def _add(forms: dict[str, Form], text: str, target: Target, shape: Shape) -> None:
    forms.setdefault(text, Form(text, target, shape))


def _tolerance(length: int) -> int:
    """How many edits are looked at in a spelling of so many letters."""
    return next((most for up_to, most in ((4, 1), (6, 2), (11, 3), (17, 4)) if length <= up_to), 6)


def _unlikeliness(pair: Pair) -> tuple[float, int, str]:
    """What sorts pairs before they are weighed: little changed, little left out, long."""
    length = len(pair.form.text)
    left_out = min(sum(map(len, pair.view.rest)), 8) / 8
    badness = edits.cost(pair.edits) / length + 0.3 * left_out + 0.8 / length
    return badness, -pair.form.target.downloads, pair.form.target.name


def variants(text: str) -> list[str]:
    """Every spelling that is one edit away, some more than once."""
    found: list[str] = []
    for place in range(len(text) + 1):
        head, tail = text[:place], text[place:]
        found += [head + letter + tail for letter in _LETTERS]
        if tail:
            found.append(head + tail[1:])
            found += [head + letter + tail[1:] for letter in _LETTERS]
        if len(tail) > 1:
            found.append(head + tail[1] + tail[0] + tail[2:])
    return found
