# /// script
# requires-python = ">=3.11"
# dependencies = ["lightgbm>=4.5", "packaging>=26", "stdlib-list>=0.12"]
# ///
"""Learn the weights of the look-alike checker from labelled names.

    python benchmarks/lookalikes/fit.py DATA [--by {target,family}] [--answers FILE] [--write]
    python benchmarks/lookalikes/fit.py DATA [--by {target,family}] --curve

DATA holds ``dev.csv``, ``probe_dev.csv`` and ``known.csv`` (their columns stand in README.md).
Cross-validates first: no target of a squat is on two sides, or, harder, no family of targets, such
as ``requests`` and ``requests-toolbelt``.  ``--answers`` writes each name's verdict by the model
that did not see its target, for a scorer; ``--write`` learns from everything and replaces
``weights.json``.  ``--curve`` prints what is caught at given rates of false alarms, in three deals.

Every pair of a candidate and what it might imitate is an example: of a squat only the likeliest
pair with its true target, of an honest name all of them.  Known names are honest examples, too:
each is judged as if it were new, by an index that has not learned from it how names are made.
"""

from __future__ import annotations

import argparse
import csv
import json
import math
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from random import Random
from typing import Any

import lightgbm
import numpy

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from benchmarks.lookalikes import curves
from moderation.lookalikes import Checker, Index, Level, features, keys, tables
from moderation.lookalikes.index import Pair
from moderation.lookalikes.weights import Weights

FOLDS, DEALS, TREES = 5, 3, 360
SAMPLE = 300  # rows on which table and models must agree
BOOST = {
    "objective": "binary",
    "learning_rate": 0.06,
    "num_leaves": 10,
    "min_data_in_leaf": 30,
    "lambda_l2": 8.0,
    "feature_fraction": 0.3,
    "bagging_fraction": 0.8,
    "bagging_freq": 1,
    "max_bin": 127,
    "num_threads": 1,
    "deterministic": True,
    "force_col_wise": True,
    "verbose": -1,
}
# What is added up: the share of each model and how it differs.  One takes limits by chance: it errs
# elsewhere, so that the sum flags fewer honest names than either.
MODELS: list[tuple[float, dict[str, Any]]] = [
    *((0.25, {"seed": seed}) for seed in (1, 2, 3)),
    (0.25, {"seed": 1, "extra_trees": True, "feature_fraction": 0.5}),
]
# Typos made by machine from other names than the squatters chose: they widen what is learned.
LEARNED_PROBES = {"bitflip", "homoglyph", "plural"}
WEIGHT = {"squat": 1.0, "probe": 0.3, "legit": 1.0, "hard": 10.0, "known": 0.8}
# A name cannot look less like another by costing less, and so on: it keeps chance out.
DIRECTIONS = {
    **dict.fromkeys(("cost", "cost_share", "edits", "rest_letters", "rest_count"), -1),
    **dict.fromkeys(("length", "downloads", "rest_generic"), 1),
    "target_family": -1,
}
# Chosen by the table that cross-validation prints: few honest names are refused, few wait.
BLOCK, REVIEW = 0.69, 0.12
# What may be flagged at most, of the names that nothing but their spelling is known of.
Caps = dict[str, float]
CAPS: dict[str, Caps] = {
    "refused": {"ordinary": 0.004, "hard": 0.026},
    "refused or held": {"ordinary": 0.019, "hard": 0.13},
}
Scored = tuple[str, float]  # a family and a score
Models = list[tuple[float, lightgbm.Booster]]  # each with its share of the sum
ALIASES = {"bs4": "beautif", "sklearn": "scikitl", "scikitlearn": "scikitl"}


@dataclass(frozen=True)
class Example:
    """A labelled name with its pairs; `wanted` are the targets it squats."""

    name: str
    kind: str
    wanted: frozenset[str]
    pairs: tuple[tuple[Pair, dict[str, float]], ...]
    target: str  # or the nearest name
    family: str
    ordinary: bool = False

    def rows(self) -> list[dict[str, float]]:
        """The measured pairs to learn from."""
        if self.kind in ("squat", "probe"):
            right = (v for pair, v in self.pairs if pair.form.target.name in self.wanted)
            return list(right)[:1]
        return [values for _, values in self.pairs]

    @property
    def weight(self) -> float:
        return WEIGHT[self.kind] / math.sqrt(max(1, len(self.rows())))


def read(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as handle:
        return list(csv.DictReader(handle))


def bare(target: str) -> str:
    """A target without the kind before it, as in ``stdlib:urllib``."""
    return target.rpartition(":")[2]


def family_of(target: str) -> str:
    brand = keys.compact(keys.without_number(keys.without_python(bare(target))))
    return ALIASES.get(keys.compact(target), brand[:7])


def examples(index: Index, data: Path) -> Iterator[Example]:
    for row in read(data / "dev.csv"):
        if row["label"] != "weak":
            kind = "hard" if row["label"] == "legit" and row["hard"] == "1" else row["label"]
            source = row["source"].split(":")[0]
            yield _example(index, row, kind, source in ("top-uniform", "ordinary"))
    for row in read(data / "probe_dev.csv"):
        yield _example(index, row, "probe")
    for name in list(index.targets):
        if index.targets[name].kind == "project":
            yield _example(index, {"name": name}, "known", skip=name)


@contextmanager
def _forgotten(index: Index, name: str) -> Iterator[None]:
    """While a known name is judged as if it were new, none of its words is usual because of it."""
    if not name:
        yield
        return
    index.count(name, -1)
    yield
    index.count(name)


def _example(
    index: Index, row: dict[str, str], kind: str, ordinary: bool = False, skip: str = ""
) -> Example:
    name, target = row["name"], row.get("target") or ""
    with _forgotten(index, skip):
        pairs = [pair for pair in index.pairs(name) if pair.form.target.name != skip]
        measured = tuple((pair, features.measure(index, name, pair)) for pair in pairs)
    wanted = frozenset(map(bare, filter(None, [target, *row.get("alt_targets", "").split("|")])))
    nearest = pairs[0].form.target.name if pairs else name
    if row.get("attack") not in {*LEARNED_PROBES, None} and kind == "probe":
        measured = ()
    aim = target or nearest
    return Example(name, kind, wanted, measured, aim, family_of(aim), ordinary)


def folds_of(found: list[Example], seed: int) -> dict[str, int]:
    """Families in folds by chance, but the big ones dealt out evenly."""
    chance = Random(seed)
    folds = {family: chance.randrange(FOLDS) for family in sorted({e.family for e in found})}
    squats = Counter(example.family for example in found if example.kind == "squat")
    for place, (family, _) in enumerate(squats.most_common(30)):
        folds[family] = place % FOLDS if place // FOLDS % 2 == 0 else FOLDS - 1 - place % FOLDS
    return folds


def learn(found: Iterable[Example]) -> Weights:
    rows = [(values, example) for example in found for values in example.rows()]
    figures = tuple(rows[0][0])
    table = numpy.array([[float(values[figure]) for figure in figures] for values, _ in rows])
    models = _models(figures, table, [example for _, example in rows])
    trees = tuple(tree for share, model in models for tree in _trees(model, share))
    learned = Weights(figures, 0.0, trees, BLOCK, REVIEW)
    _require_the_same(learned, models, table[:: 1 + len(table) // SAMPLE])
    return learned


def _models(figures: tuple[str, ...], table: Any, some: list[Example]) -> Models:
    truth = numpy.array([example.kind in ("squat", "probe") for example in some])
    weights = numpy.array([example.weight for example in some])
    examples = lightgbm.Dataset(table, truth, weight=weights, free_raw_data=False)
    directions = [DIRECTIONS.get(figure, 0) for figure in figures]
    options = {**BOOST, "monotone_constraints": directions}
    return [(share, lightgbm.train({**options, **own}, examples, TREES)) for share, own in MODELS]


def _trees(model: lightgbm.Booster, share: float) -> Iterator[Any]:
    """The trees of a model, each leaf as its share of the sum of all models."""
    return (_tree(tree["tree_structure"], share) for tree in model.dump_model()["tree_info"])


def _require_the_same(learned: Weights, models: Models, table: Any) -> None:
    """The table must say what the models say: with rounded limits it once said something else."""
    wanted = sum(share * model.predict(table, raw_score=True) for share, model in models)
    found = [learned.sum_of(list(row)) for row in table]
    if not numpy.allclose(found, wanted, atol=0.02):
        sys.exit("The table does not say what the models say: look at _tree in fit.py.")


def _tree(node: dict[str, Any], share: float) -> Any:
    """Limits stay as they are to the last digit: one may lie just above what many pairs measure."""
    if "leaf_value" in node:
        return round(float(node["leaf_value"]) * share, 5)
    branches = (_tree(node[side], share) for side in ("left_child", "right_child"))
    return (int(node["split_feature"]), float(node["threshold"]), *branches)


def cross_validate(found: list[Example], folds: dict[str, int]) -> dict[str, Weights]:
    """For each family the weights that were learned without it."""
    fitted = [learn(e for e in found if folds[e.family] != fold) for fold in range(FOLDS)]
    return {family: fitted[fold] for family, fold in folds.items()}


def groups_of(found: list[Example]) -> dict[str, list[Example]]:
    """The names that the figures tell of."""
    return {
        "squats": [example for example in found if example.kind == "squat"],
        "ordinary": [example for example in found if example.ordinary],
        "hard": [example for example in found if example.kind == "hard"],
    }


def scores_of(found: list[Example], by_family: dict[str, Weights]) -> dict[str, list[Scored]]:
    """The squats, ordinary and hard names with their scores by a model that did not see them."""
    return {
        name: [(example.family, _best(example, by_family[example.family])) for example in group]
        for name, group in groups_of(found).items()
    }


def table_of(scores: dict[str, list[Scored]]) -> Iterator[str]:
    """What each threshold would flag, in percent."""
    yield "from  " + "".join(f"{name:>10}" for name in scores)
    for percent in range(6, 96, 2):
        shares = (_share(some, percent / 100) for some in scores.values())
        yield f"{percent / 100:.2f}  " + "".join(f"{100 * share:10.2f}" for share in shares)


def nested(scores: dict[str, list[Scored]], folds: dict[str, int], caps: Caps) -> str:
    """What is flagged if the threshold of each fold is chosen by what the other folds show."""
    flagged: Counter[str] = Counter()
    for fold in range(FOLDS):
        threshold = _lowest(
            {name: _outside(some, folds, fold) for name, some in scores.items()}, caps
        )
        for name, some in scores.items():
            flagged[name] += sum(s >= threshold for f, s in some if folds[f] == fold)
    return ", ".join(
        f"{100 * flagged[name] / len(some):.2f} % of {name}" for name, some in scores.items()
    )


def _outside(some: list[Scored], folds: dict[str, int], fold: int) -> list[Scored]:
    return [(family, score) for family, score in some if folds[family] != fold]


def _lowest(scores: dict[str, list[Scored]], caps: Caps) -> float:
    """The lowest threshold that keeps false alarms under their caps."""
    return next(
        threshold / 200
        for threshold in range(1, 201)
        if all(_share(scores[name], threshold / 200) <= cap for name, cap in caps.items())
    )


def _share(some: list[Scored], threshold: float) -> float:
    return sum(score >= threshold for _, score in some) / len(some)


def _best(example: Example, weights: Weights) -> float:
    return max((weights.score(values) for _, values in example.pairs), default=0.0)


def curve(index: Index, found: list[Example]) -> Iterator[str]:
    """What is caught at given rates of false alarms, and at the thresholds with the tables."""
    dealt = [_dealt(index, found, seed) for seed in range(DEALS)]
    yield from curves.curve([deal for deal, _ in dealt])
    yield f"from {BLOCK} and {REVIEW}, with the tables, each deal and the mean:"
    yield from curves.at_thresholds([shares for _, shares in dealt])


def by_target(found: list[Example]) -> list[Example]:
    """The examples, as if each target were a family of its own."""
    return [replace(example, family=example.target) for example in found]


def _dealt(index: Index, found: list[Example], seed: int) -> tuple[list[float], curves.Shares]:
    """The curve of one deal of folds, and the shares at the thresholds."""
    by_family = cross_validate(found, folds_of(found, seed))
    scores = {name: [s for _, s in some] for name, some in scores_of(found, by_family).items()}
    shares: curves.Shares = {}
    for name, group in groups_of(found).items():
        levels = _levels(index, group, by_family)
        shares["refused", name] = curves.percent(level is Level.BLOCK for level in levels)
        shares["refused or held", name] = curves.percent(lv is not Level.ALLOW for lv in levels)
    return curves.recalls(scores["squats"], scores["ordinary"]), shares


def _levels(index: Index, some: list[Example], by_family: dict[str, Weights]) -> list[Level]:
    checkers = _checkers(index, by_family)
    return [checkers[id(by_family[one.family])].check(one.name).verdict for one in some]


def _checkers(index: Index, by_family: dict[str, Weights]) -> dict[int, Checker]:
    """One for each fold's weights, which many families share."""
    fitted = {id(weights): weights for weights in by_family.values()}
    return {known: Checker(index, weights=weights) for known, weights in fitted.items()}


def answers(
    index: Index, data: Path, found: list[Example], by_family: dict[str, Weights]
) -> Iterator[str]:
    """Each name's verdict, as `check_names --json` would print it."""
    families = {example.name: example.family for example in found if example.kind != "known"}
    checkers = _checkers(index, by_family)
    for row in [*read(data / "dev.csv"), *read(data / "probe_dev.csv")]:
        family = families.get(row["name"], next(iter(by_family)))
        yield json.dumps(checkers[id(by_family[family])].check(row["name"]).as_dict())


def main() -> None:
    options = _arguments()
    targets = tables.read_popular((options.data / "known.csv").read_text())
    index = Index(tables.everywhere(targets), tables.imports())
    found = list(examples(index, options.data))
    if options.by == "target":
        found = by_target(found)
    if options.curve:
        print("\n".join(curve(index, found)))
        return
    folds = folds_of(found, options.seed)
    by_family = cross_validate(found, folds)
    scores = scores_of(found, by_family)
    print("\n".join(table_of(scores)))
    for what, caps in CAPS.items():
        print(f"{what}, thresholds by the other folds:", nested(scores, folds, caps))
    if options.answers:
        lines = dict.fromkeys(answers(index, options.data, found, by_family))
        options.answers.write_text("".join(line + "\n" for line in lines))
    if options.write:
        write(learn(found))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("--answers", type=Path, help="write cross-validated verdicts here")
    parser.add_argument("--write", action="store_true", help="learn from all, replace the table")
    parser.add_argument("--curve", action="store_true", help="only print curves")
    parser.add_argument("--by", choices=("target", "family"), default="target", help="of folds")
    parser.add_argument("--seed", type=int, default=0, help="deals targets into folds")
    return parser.parse_args()


def write(weights: Weights) -> None:
    (tables.DATA / "weights.json").write_text(
        json.dumps(asdict(weights), separators=(",", ":")) + "\n"
    )


if __name__ == "__main__":
    main()
