"""What is measured of a pair of names; the table of weights knows these figures by name."""

from __future__ import annotations

import math

from moderation.lookalikes import edits, keys, readings, words
from moderation.lookalikes.edits import Kind
from moderation.lookalikes.index import Index, Pair

# As many as the least popular of the popular names has: whose downloads nobody counted is not
# therefore unknown to those who squat it.
_LEAST_DOWNLOADS = 56_000


def measure(index: Index, name: str, pair: Pair) -> dict[str, float]:
    """Every figure of a pair, by name."""
    return {
        **_of_edits(pair),
        **_of_target(index, pair),
        **_of_words(index, name, pair),
        **_of_rest(index, name, pair),
        **_of_spelling(index, name, pair),
        **_of_usage(name, pair),
        **_of_reading(name, pair),
    }


def _of_edits(pair: Pair) -> dict[str, float]:
    spent, length = edits.cost(pair.edits), len(pair.form.text)
    kinds = [edit.kind for edit in pair.edits]
    first = pair.edits[0].place if pair.edits else length
    last = pair.edits[-1].place if pair.edits else -1
    return {
        "cost": spent,
        "cost_share": spent / length,
        "edits": len(kinds),
        "longer": len(pair.view.text) - length,
        "first_place": first,
        "first_share": first / length,
        "after_last": length - last,
        **{f"n_{kind.name.lower()}": kinds.count(kind) for kind in Kind},
        "worst": max((edits.COSTS[kind] for kind in kinds), default=0),
    }


def _of_target(index: Index, pair: Pair) -> dict[str, float]:
    target = pair.form.target
    return {
        "downloads": math.log10(max(target.downloads, _LEAST_DOWNLOADS)),
        "length": len(pair.form.text),
        "target_words": len(keys.telling_words(target.name)),
        "target_family": _family(index, target.name),
        "shape": pair.form.shape,
        "project": target.kind == "project",
        "target_is_word": words.is_word(pair.form.text),
    }


def _family(index: Index, name: str) -> float:
    """How many names begin with the same word, when it has more words."""
    telling = keys.telling_words(name)
    return math.log1p(index.families[telling[0]]) if len(telling) > 1 else 0.0


def _of_words(index: Index, name: str, pair: Pair) -> dict[str, float]:
    """What the two do not share: siblings differ in a short word, squats in a letter of a long."""
    theirs = pair.form.target.name
    ours, others = keys.telling_words(name), keys.telling_words(theirs)
    mine, other = _differing(ours, others), _differing(others, ours)
    shared = set(ours) & set(others)
    return {
        "words": len(ours),
        "words_more": len(ours) - len(others),
        "shared_words": len(shared),
        "shared_share": sum(map(len, shared)) / sum(map(len, others)),
        "my_letters": sum(map(len, mine)),
        "their_letters": sum(map(len, other)),
        "my_known": _rarest(index, mine),
        "my_words": _share(mine),
        "my_first": ours[0] in mine,
        "digits_differ": sum(map(str.isdigit, "".join([*mine, *other]))),
        "same_cut": _cuts(name) == _cuts(theirs),
        "same_python": len(set(name.split("-")) & keys.PYTHON & set(theirs.split("-"))),
    }


def _differing(some: list[str], others: list[str]) -> list[str]:
    return [word for word in some if word not in others]


def _rarest(index: Index, some: list[str] | tuple[str, ...]) -> float:
    """How usual in names the least usual of some words is."""
    return min((math.log1p(index.uses[word]) for word in some), default=0.0)


def _share(some: list[str] | tuple[str, ...]) -> float:
    """The share of words that a dictionary has."""
    return sum(map(words.is_word, some)) / max(1, len(some))


def _cuts(name: str) -> tuple[int, int]:
    """How many separators, and where the first stands."""
    return name.count("-"), name.find("-")


def _of_rest(index: Index, name: str, pair: Pair) -> dict[str, float]:
    rest = pair.view.rest
    return {
        "sight": pair.view.sight,
        "rest_letters": sum(map(len, rest)),
        "rest_count": len(rest),
        "rest_generic": sum(map(words.is_generic, rest)) / max(1, len(rest)),
        "rest_words": _share(rest),
        "rest_known": _rarest(index, rest),
        "rest_usual": math.log1p(index.beside(name, rest)),
    }


def _of_spelling(index: Index, name: str, pair: Pair) -> dict[str, float]:
    text = pair.view.text
    mine = index.letters.likelihood(name)
    return {
        "letters": mine,
        "letters_less": index.letters.likelihood(pair.form.target.name) - mine,
        "is_word": words.is_word(text),
        "all_words": all(map(words.is_word, name.split("-"))),
        "digits": sum(map(str.isdigit, name)),
        "crowd": index.crowd(text),
        "covered": index.covered(keys.compact(name)),
        "covered_less": index.covered(pair.form.text) - index.covered(text),
    }


def _of_usage(name: str, pair: Pair) -> dict[str, float]:
    """How usual the words are among those that people name things with anywhere."""
    ours, others = keys.telling_words(name), keys.telling_words(pair.form.target.name)
    mine, theirs = readings.usual(pair.view.text), readings.usual(pair.form.text)
    target = max(theirs, _least_usual(others))
    return {
        "usual_mine": _least_usual(_differing(ours, others)),
        "usual_theirs": _least_usual(_differing(others, ours)),
        "usual_text": mine,
        "usual_form": theirs,
        "usual_target": target,
        "usual_less": target - mine,
        "usual_name": readings.usual(keys.compact(name)),
        "usual_rest": _least_usual(pair.view.rest),
    }


def _least_usual(some: list[str] | tuple[str, ...]) -> float:
    return min(map(readings.usual, some), default=-1.0)


def _of_reading(name: str, pair: Pair) -> dict[str, float]:
    """How well the spellings can be read as such words."""
    whole, view, form = keys.compact(name), pair.view.text, pair.form.text
    mine, part, theirs = map(readings.read, (whole, view, form))
    return {
        "read": mine.likelihood,
        "read_words": mine.words,
        "read_longest": mine.longest,
        "read_rarest": mine.rarest,
        "read_more": mine.likelihood * len(whole) - theirs.likelihood * len(form),
        "read_text": part.likelihood,
        "read_text_rarest": part.rarest,
        "read_form": theirs.likelihood,
        "read_form_rarest": theirs.rarest,
    }
