# /// script
# requires-python = ">=3.11"
# dependencies = ["scikit-learn>=1.5", "packaging>=26", "stdlib-list>=0.12"]
# ///
"""Learn the weights of the look-alike checker from labelled names.

    python benchmarks/lookalikes/fit.py DATA [--answers FILE] [--write]

DATA holds ``dev.csv``, ``probe_dev.csv`` and ``known.csv`` (their columns stand in README.md).
Cross-validates first, by target: a family of names (``requests``, ``requests-toolbelt``) is never
on both sides.  ``--answers`` writes each name's verdict by the model that did not see its family,
for a scorer; ``--write`` learns from everything and replaces ``weights.json``.

Every pair of a candidate and what it might imitate is an example: of a squat only the likeliest
pair with its true target, of an honest name all of them.  Known names are honest examples, too:
each is judged as if it were new.
"""

from __future__ import annotations

import argparse
import csv
import json
import math
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from random import Random
from typing import Any

import numpy
from sklearn.ensemble import HistGradientBoostingClassifier

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from moderation.lookalikes import Checker, Index, features, keys, tables
from moderation.lookalikes.index import Pair
from moderation.lookalikes.weights import Weights

FOLDS, BOOTS = 5, 3
# Typos made by machine from other names than the squatters chose: they widen what is learned.
LEARNED_PROBES = {"bitflip", "homoglyph", "plural"}
WEIGHT = {"squat": 1.0, "probe": 0.3, "legit": 1.0, "hard": 5.0, "known": 0.8}
# A name cannot look less like another by costing less, and so on: it keeps chance out.
DIRECTIONS = {
    **dict.fromkeys(("cost", "cost_share", "edits", "rest_letters", "rest_count"), -1),
    **dict.fromkeys(("length", "downloads", "rest_generic"), 1),
    "target_family": -1,
}
# Chosen by the table that cross-validation prints: few honest names are refused, few wait.
BLOCK, REVIEW = 0.76, 0.26
ALIASES = {"bs4": "beautif", "sklearn": "scikitl", "scikitlearn": "scikitl"}


@dataclass(frozen=True)
class Example:
    """A labelled name with its pairs; `wanted` are the targets it squats."""

    name: str
    kind: str
    wanted: frozenset[str]
    pairs: tuple[tuple[Pair, dict[str, float]], ...]
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


def _example(
    index: Index, row: dict[str, str], kind: str, ordinary: bool = False, skip: str = ""
) -> Example:
    name, target = row["name"], row.get("target") or ""
    pairs = [pair for pair in index.pairs(name) if pair.form.target.name != skip]
    measured = tuple((pair, features.measure(index, name, pair)) for pair in pairs)
    wanted = frozenset(map(bare, filter(None, [target, *row.get("alt_targets", "").split("|")])))
    nearest = pairs[0].form.target.name if pairs else name
    if row.get("attack") not in {*LEARNED_PROBES, None} and kind == "probe":
        measured = ()
    return Example(name, kind, wanted, measured, family_of(target or nearest), ordinary)


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
    truth = numpy.array([example.kind in ("squat", "probe") for _, example in rows])
    weights = numpy.array([example.weight for _, example in rows])
    boots = [_boost(figures, seed) for seed in range(BOOTS)]
    return _together(figures, [boot.fit(table, truth, sample_weight=weights) for boot in boots])


def _boost(figures: tuple[str, ...], seed: int) -> HistGradientBoostingClassifier:
    return HistGradientBoostingClassifier(
        max_iter=120,
        learning_rate=0.1,
        max_leaf_nodes=10,
        min_samples_leaf=30,
        l2_regularization=8.0,
        max_features=0.3,
        random_state=seed,
        monotonic_cst=[DIRECTIONS.get(figure, 0) for figure in figures],
    )


def _together(figures: tuple[str, ...], boots: list[Any]) -> Weights:
    """Several models as one: the mean of their sums."""
    share = 1 / len(boots)
    # scikit-learn opens no other door to its trees.
    start = sum(float(boot._baseline_prediction.ravel()[0]) for boot in boots) * share  # noqa: SLF001
    stages = [stage[0] for boot in boots for stage in boot._predictors]  # noqa: SLF001
    trees = [_tree(stage.nodes, share) for stage in stages]
    return Weights(figures, start, tuple(trees), BLOCK, REVIEW)


def _tree(nodes: Any, share: float, place: int = 0) -> Any:
    node = nodes[place]
    if node["is_leaf"]:
        return round(float(node["value"]) * share, 5)
    branches = (_tree(nodes, share, int(node[side])) for side in ("left", "right"))
    return (int(node["feature_idx"]), round(float(node["num_threshold"]), 6), *branches)


def cross_validate(found: list[Example], seed: int) -> dict[str, Weights]:
    """For each family the weights that were learned without it."""
    folds = folds_of(found, seed)
    fitted = [learn(e for e in found if folds[e.family] != fold) for fold in range(FOLDS)]
    return {family: fitted[fold] for family, fold in folds.items()}


def table_of(found: list[Example], by_family: dict[str, Weights]) -> Iterator[str]:
    """What each threshold would flag, in percent, by the models that did not see the names."""
    groups = {
        "squats": [example for example in found if example.kind == "squat"],
        "ordinary": [example for example in found if example.ordinary],
        "hard": [example for example in found if example.kind == "hard"],
    }
    scores = {
        name: [_best(example, by_family[example.family]) for example in group]
        for name, group in groups.items()
    }
    yield "from  " + "".join(f"{name:>10}" for name in groups)
    for percent in range(10, 95, 5):
        shares = (sum(s >= percent / 100 for s in some) / len(some) for some in scores.values())
        yield f"{percent / 100:.2f}  " + "".join(f"{100 * share:10.2f}" for share in shares)


def _best(example: Example, weights: Weights) -> float:
    return max((weights.score(values) for _, values in example.pairs), default=0.0)


def answers(
    index: Index, data: Path, found: list[Example], by_family: dict[str, Weights]
) -> Iterator[str]:
    """Each name's verdict, as `check_names --json` would print it."""
    families = {example.name: example.family for example in found if example.kind != "known"}
    checkers = {id(weights): Checker(index, weights=weights) for weights in by_family.values()}
    for row in [*read(data / "dev.csv"), *read(data / "probe_dev.csv")]:
        family = families.get(row["name"], next(iter(by_family)))
        yield json.dumps(checkers[id(by_family[family])].check(row["name"]).as_dict())


def main() -> None:
    options = _arguments()
    targets = tables.read_popular((options.data / "known.csv").read_text())
    index = Index(tables.everywhere(targets), tables.imports())
    found = list(examples(index, options.data))
    by_family = cross_validate(found, options.seed)
    print("\n".join(table_of(found, by_family)))
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
    parser.add_argument("--seed", type=int, default=0, help="deals families into folds")
    return parser.parse_args()


def write(weights: Weights) -> None:
    (tables.DATA / "weights.json").write_text(
        json.dumps(asdict(weights), separators=(",", ":")) + "\n"
    )


if __name__ == "__main__":
    main()
