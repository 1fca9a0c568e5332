"""Block, review or allow a name that nobody has yet, and say why."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from copy import copy
from dataclasses import asdict, dataclass
from enum import StrEnum

from moderation import stdlib
from moderation.lookalikes import features, keys, sentences, tables, words
from moderation.lookalikes.edits import Kind
from moderation.lookalikes.index import Index, Pair, Passes, Shape, Target, nobody
from moderation.lookalikes.views import Sight
from moderation.lookalikes.weights import Weights, learned

_SURE, _DOUBTFUL = 1.0, 0.5
_VERY_POPULAR = 30_000_000  # downloads a month
_USUAL = 5  # protected names that begin or end with a word
# Who adds these says that it is the same project; one of 12,000 known names has them beside a name
# that is so popular (textual-dev, of the same owners).
_POSING = frozenset({"beta", "dev", "fixed", "latest", "nightly", "official", "stable"})
_LEAST_BESIDE, _LEAST_GLUED = 5, 6  # letters of a name that is found among other words
_LEAST_STUCK = 3  # letters of a word that is stuck to it; fewer are an edit


class Level(StrEnum):
    """What is to be done about a name."""

    ALLOW = "allow"
    REVIEW = "review"
    BLOCK = "block"


@dataclass(frozen=True)
class Verdict:
    """`score` is the suspicion from 0 to 1; `rule` and `reason` say what weighed most."""

    name: str
    verdict: Level
    target: str | None = None
    score: float = 0.0
    rule: str = ""
    reason: str = ""

    def as_dict(self) -> dict[str, object]:
        """For JSON."""
        return asdict(self)


def _first(scored: tuple[float, Pair]) -> float:
    return scored[0]


class Checker:
    """Compares names with an index.

    `block` and `review` replace the scores from which names are blocked or reviewed; the learned
    table has its own.
    """

    def __init__(
        self,
        index: Index,
        *,
        block: float | None = None,
        review: float | None = None,
        weights: Weights | None = None,
    ) -> None:
        self.index = index
        self._weights = weights or learned()
        self.block = self._weights.block if block is None else block
        self.review = self._weights.review if review is None else review
        heaviest_last = list(reversed(index.targets))
        self._twins = {keys.ultranormalized(name): name for name in index.known}
        self._twins |= {keys.ultranormalized(name): name for name in heaviest_last}
        self._orders = {keys.words_key(name): name for name in heaviest_last if "-" in name}

    def with_thresholds(self, block: float | None, review: float | None) -> Checker:
        """The same checker with other thresholds; None leaves one as it is."""
        other = copy(self)
        other.block = self.block if block is None else block
        other.review = self.review if review is None else review
        return other

    def check(self, name: str, passes: Passes = nobody, beside: Collection[str] = ()) -> Verdict:
        """Judge a normalized name.

        `passes` says which targets it may resemble: those of the same owner, and what a moderator
        has excepted.  `beside` are further known names to compare it with.
        """
        if name in self.index.targets and self.index.targets[name].kind == "project":
            return Verdict(name, Level.ALLOW, reason=f"`{name}` is a known name, not like one.")
        return self._judge(name, passes, beside)

    def check_as_new(
        self, name: str, passes: Passes = nobody, beside: Collection[str] = ()
    ) -> Verdict:
        """The same of a name that is known by now, as if it were not."""

        def passes_too(target: str) -> bool:
            return target == name or passes(target)

        with self.index.without(name):
            return self._judge(name, passes_too, beside)

    def _judge(self, name: str, passes: Passes, beside: Collection[str]) -> Verdict:
        return self._by_table(name, passes) or self._by_weight(name, passes, beside)

    def _by_table(self, name: str, passes: Passes) -> Verdict | None:
        if stdlib.is_module(name):
            return _block(name, name, "standard library", f"`{name}` is a module of Python's own.")
        if twin := self._heaviest(self._twins, keys.ultranormalized, name, passes):
            what = "is, but for separators or look-alike characters,"
            return _block(name, twin, "twin", f"`{name}` {what} {self._described(twin)}")
        return None

    def _heaviest(
        self, table: Mapping[str, str], key_of: Callable[[str], str], name: str, passes: Passes
    ) -> str | None:
        """The heaviest name of the same key that does not pass; a table has only the heaviest."""
        key = key_of(name)
        found = table.get(key)
        if found is None or not passes(found):
            return found
        others = (target for target in self.index.targets if key_of(target) == key)
        return next((target for target in others if not passes(target)), None)

    def _by_weight(self, name: str, passes: Passes, beside: Collection[str]) -> Verdict:
        pairs = self._pairs(name, passes, beside)
        weighed = self._weigh(name, pairs)
        score = weighed[0].score if weighed else 0.0
        if score < self.review and (listed := self._listed(name, passes, pairs)):
            return listed
        return weighed[0] if weighed else Verdict(name, Level.ALLOW)

    def likenesses(
        self, name: str, passes: Passes = nobody, beside: Collection[str] = ()
    ) -> list[Verdict]:
        """Every name that it is like, as the learned table weighs it, the likest first."""
        return self._weigh(name, self._pairs(name, passes, beside))

    def _pairs(self, name: str, passes: Passes, beside: Collection[str]) -> list[Pair]:
        others = (self.index.pair_with(name, one) for one in beside if not passes(one))
        return [*self.index.pairs(name, passes), *others]

    def _weigh(self, name: str, pairs: list[Pair]) -> list[Verdict]:
        scored = sorted(((self._score(name, pair), pair) for pair in pairs), key=_first)
        return [self._weighed(name, score, pair) for score, pair in reversed(scored)]

    def _weighed(self, name: str, score: float, pair: Pair) -> Verdict:
        rule, reason = sentences.rule_of(pair), sentences.of_pair(name, pair) + "."
        return Verdict(name, self._level(score, pair), pair.form.target.name, score, rule, reason)

    def _score(self, name: str, pair: Pair) -> float:
        return round(self._weights.score(features.measure(self.index, name, pair)), 4)

    def _level(self, score: float, pair: Pair) -> Level:
        if score >= self.block and not _are_siblings(pair):
            return Level.BLOCK
        return Level.REVIEW if score >= self.review else Level.ALLOW

    def _listed(self, name: str, passes: Passes, pairs: list[Pair]) -> Verdict | None:
        """What no spelling tells, but a table: other orders, modules, other ecosystems."""
        if order := self._heaviest(self._orders, keys.words_key, name, passes):
            what = f"`{name}` has the words of {self._described(order)} in another order"
            return _review(name, order, "word order", what)
        owner = tables.imports().get(name, "")
        if owner in self.index.targets and not passes(owner):
            what = f"`{name}` is what people import from {self._described(owner)}"
            return _review(name, owner, "import name", what)
        if found := next((pair for pair in pairs if self._is_combination(name, pair)), None):
            return _review(
                name, found.form.target.name, "combination", sentences.of_pair(name, found)
            )
        if name in tables.elsewhere():
            what = f"`{name}` is well known as a package of npm"
            return _review(name, None, "another ecosystem", what)
        return None

    def _is_combination(self, name: str, pair: Pair) -> bool:
        """A very popular name with words that say nothing: ``install-requests``, ``flask-updated``.

        Honest names have words of that sort beside another, too; those are usual: ``-utils``. None
        pose as another build of it: ``requests-dev``.
        """
        rest = [word for word in pair.view.rest if word not in keys.PYTHON]
        if not _is_beside(pair) or not all(map(_says_nothing, pair.view.rest)):
            return False
        return not _POSING.isdisjoint(rest) or not rest or self.index.beside(name, rest) < _USUAL

    def _described(self, name: str) -> str:
        target = self.index.targets.get(name, Target(name))
        return f"`{name}`{sentences.popularity(target)}"


def _says_nothing(word: str) -> bool:
    return word in _POSING or words.is_generic(word)


def _is_beside(pair: Pair) -> bool:
    """A very popular name, long enough, with words beside it, not just a letter or a number."""
    form, sight, rest = pair.form, pair.view.sight, "".join(pair.view.rest)
    if pair.edits or form.shape is not Shape.NAME or form.target.downloads < _VERY_POPULAR:
        return False
    if sight is Sight.GLUED:
        glued = len(rest) >= _LEAST_STUCK and not rest.isdigit()
        return glued and len(form.text) >= _LEAST_GLUED
    return sight is Sight.PART and len(form.text) >= _LEAST_BESIDE


def _are_siblings(pair: Pair) -> bool:
    """Names that differ only in a number (cu11, cu12) come from one house more often than not."""
    counted = pair.view.sight is Sight.NUMBERLESS
    return all(edit.kind is Kind.DIGIT for edit in pair.edits) and bool(pair.edits or counted)


def _block(name: str, target: str, rule: str, reason: str) -> Verdict:
    return Verdict(name, Level.BLOCK, target, _SURE, rule, reason.rstrip(".") + ".")


def _review(name: str, target: str | None, rule: str, reason: str) -> Verdict:
    return Verdict(name, Level.REVIEW, target, _DOUBTFUL, rule, reason + ".")
