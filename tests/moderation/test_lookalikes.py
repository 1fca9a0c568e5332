"""Which names look like others: each rule by table, and what holds for any name."""

from __future__ import annotations

import csv
import json
import math
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moderation.lookalikes import Checker, Index, Level, Target, edits, keys, nearness, tables
from moderation.lookalikes.edits import Kind
from moderation.lookalikes.index import MOST_PAIRS, variants
from moderation.lookalikes.weights import learned
from packages import names

ROOT = Path(__file__).parents[2]
# Where Gatehouse is developed; the data is not ours to copy.
FIELD = Path("/work/shared/field/typosquat")
PROJECTS = st.from_regex(r"[a-z0-9]+(-[a-z0-9]+){0,4}", fullmatch=True).filter(
    lambda name: len(name) <= 100
)
SPELLINGS = st.text("abcde-01", min_size=1, max_size=12)


@pytest.fixture(scope="module")
def checker() -> Checker:
    return Checker(Index(tables.everywhere(tables.popular()), tables.imports()))


# -- the rules -----------------------------------------------------------------------------------

BLOCKED = {
    "reqeusts": ("requests", "swap", "swaps two letters of"),
    "requestss": ("requests", "repetition", "repeats a letter of"),
    "reqests": ("requests", "omission", "leaves out a letter of"),
    "matplotlip": ("matplotlib", "other letter", "changes a letter of"),
    "numpi": ("numpy", "vowel", "changes a vowel of"),
    "selwnium": ("selenium", "neighbouring key", "hits the neighbouring key in"),
    "tens0rflow": ("tensorflow", "twin", "look-alike characters"),
    "setuptoo1s": ("setuptools", "twin", "look-alike characters"),
    "python_dateutil".replace("_", ""): ("python-dateutil", "twin", "separators"),
    "scikitlearn": ("scikit-learn", "twin", "separators"),
    "beautifulsuop4": ("beautifulsoup4", "swap", "swaps two letters of"),
    "telnetlib": ("telnetlib", "standard library", "Python's own"),
    "xml-etree": ("xml-etree", "standard library", "Python's own"),
}
REVIEWED = {
    "functools-jaraco": ("jaraco-functools", "word order"),
    "cv2": ("opencv-python", "import name"),
    "yaml": ("pyyaml", "import name"),
    "babel-preset-jest": (None, "another ecosystem"),
}
ALLOWED = [
    "gatehouse",
    "demo",
    "fresh",
    "gate-keeper",
    "drawbridge",
    "trebuchet",
    "my-company-billing",
    "team-dashboard",
    "pytest-drawbridge",
    "django-cheese-shop",
    "weather-station",
    "acme-invoices",
]


@pytest.mark.parametrize("name", BLOCKED)
def test_a_squat_is_blocked_with_target_rule_and_sentence(checker, name):
    target, rule, sentence = BLOCKED[name]
    verdict = checker.check(name)
    assert (verdict.verdict, verdict.target, verdict.rule) == (Level.BLOCK, target, rule)
    assert sentence in verdict.reason
    assert verdict.reason.startswith(f"`{name}` ")


@pytest.mark.parametrize("name", REVIEWED)
def test_what_only_a_table_knows_is_reviewed(checker, name):
    verdict = checker.check(name)
    assert (verdict.verdict, verdict.target, verdict.rule) == (Level.REVIEW, *REVIEWED[name])


@pytest.mark.parametrize("name", ALLOWED)
def test_an_ordinary_name_is_allowed(checker, name):
    assert checker.check(name).verdict is Level.ALLOW


def test_a_known_name_is_not_its_own_look_alike(checker):
    assert checker.check("requests").verdict is Level.ALLOW


def test_the_sentence_tells_how_popular_the_target_is(checker):
    assert "billion downloads a month" in checker.check("reqeusts").reason


def test_names_that_differ_in_a_number_only_are_never_blocked(checker):
    assert checker.check("nvidia-cuda-nvrtc-cu19").verdict is not Level.BLOCK


@pytest.mark.parametrize("name", ["requirments-txt", "requirementstxt", "requirements-tx"])
def test_a_file_typed_as_a_name_is_caught(checker, name):
    verdict = checker.check(name)
    assert verdict.verdict is not Level.ALLOW
    assert verdict.target == "requirements-txt"


COMBINED = {
    "install-requests": "words that say nothing",
    "requestsupdated": "a word stuck to it",
    "requests-dev": "another build of it, which five honest names say of theirs",
    "numpy-nightly": "the same",
}
NOT_COMBINED = {
    "numpy-utils": "many honest names end so",
    "numpy7": "a number is an edit",
    "numpyx": "so is a letter",
    "sqlfluff-updated": "not popular enough",
}


@pytest.mark.parametrize("name", [*COMBINED, *NOT_COMBINED])
def test_very_popular_names_beside_words_that_say_nothing_are_a_combination(name):
    popular = [Target("requests", 10**9), Target("numpy", 10**9), Target("sqlfluff", 10**6)]
    honest = [Target(f"project{number}-{word}") for number in range(5) for word in ("utils", "dev")]
    found = Checker(Index([*popular, *honest], {}), review=1.1).check(name)
    assert (found.rule == "combination") == (name in COMBINED)


@given(st.lists(PROJECTS, min_size=2, max_size=6, unique=True))
@settings(deadline=None, max_examples=60)
def test_what_is_forgotten_counts_as_if_it_had_never_been_there(names):
    *others, forgotten = names
    index = Index([Target(name) for name in names], {})
    index.count(forgotten, -1)
    fresh = Index([Target(name) for name in others], {})
    for name in names:
        assert index.letters.likelihood(name) == fresh.letters.likelihood(name)
        assert index.beside(name, name.split("-")) == fresh.beside(name, name.split("-"))
    assert (+index.uses, +index.families) == (fresh.uses, fresh.families)


def test_a_name_that_is_known_by_now_is_checked_as_if_it_were_not():
    names = ["requests", "cheese-counter", "reqeusts", "counter-cheese", "cheese-c0unter"]
    checker = Checker(Index([Target(name, 10**9) for name in names], {}))
    before = Counter(checker.index.uses)
    assert {checker.check(name).verdict for name in names} == {Level.ALLOW}
    assert checker.check_as_new("reqeusts").target == "requests"
    assert checker.check_as_new("counter-cheese").rule == "word order"
    assert checker.check_as_new("cheese-c0unter").rule == "twin"
    assert checker.check_as_new("cheese-counter").target == "cheese-c0unter"  # the lesser twin
    assert checker.index.uses == before


@given(st.lists(PROJECTS, min_size=2, max_size=6, unique=True))
@settings(deadline=None, max_examples=60)
def test_a_name_alone_is_never_like_itself(names):
    checker = Checker(Index([Target(name) for name in names], {}))
    others = set(names[1:])
    found = checker.check_as_new(names[0], passes=others.__contains__)
    assert found.target is None or found.rule == "standard library"


def test_a_spelling_is_not_its_own_neighbour():
    index = Index([Target("cord"), Target("core"), Target("nothing")], {})
    assert (index.crowd("cord"), index.crowd("corx"), index.crowd("zzzz")) == (1, 2, 0)


def test_what_passes_is_not_compared_with(checker):
    assert checker.check("reqeusts", passes=lambda target: True).verdict is Level.ALLOW
    assert checker.check("scikitlearn", passes=lambda target: True).verdict is Level.ALLOW


def test_known_names_without_downloads_are_protected_from_one_edit():
    few = Checker(Index([Target("requests", 10**9)], {}, known={"cheese-counter", "drawbridge"}))
    assert few.check("chesse-counter").target == "cheese-counter"
    assert few.check("draw-bridge").rule == "twin"
    assert few.check("cheese-counter-x").target is None


def test_thresholds_can_be_moved():
    index = Index([Target("requests", 10**9)], {})
    assert Checker(index, block=0.0).check("reqquests").verdict is Level.BLOCK
    assert Checker(index, block=1.1, review=0.0).check("reqquests").verdict is Level.REVIEW
    assert Checker(index, block=1.1, review=1.1).check("reqquests").verdict is Level.ALLOW


# -- what holds for any name ---------------------------------------------------------------------


@given(PROJECTS)
@settings(deadline=None, max_examples=60)
def test_any_name_gets_a_verdict_that_json_can_tell(name):
    index = Index([Target("requests", 10**9), Target("py-cord", 10), Target("a", 1)], {})
    verdict = Checker(index).check(name)
    assert 0 <= verdict.score <= 1
    assert json.loads(json.dumps(verdict.as_dict()))["name"] == name
    assert verdict.reason or verdict.verdict is Level.ALLOW


@given(SPELLINGS, SPELLINGS)
@settings(deadline=None)
def test_the_distance_is_the_same_both_ways(left, right):
    assert edits.distance(left, right, 12) == edits.distance(right, left, 12)
    assert (edits.distance(left, right, 12) == 0) == (left == right)


@given(SPELLINGS, SPELLINGS)
@settings(deadline=None)
def test_edits_lead_from_one_spelling_to_the_other(original, imitation):
    text = original
    for edit in reversed(edits.between(original, imitation)):
        assert text[edit.place : edit.place + len(edit.old)] == edit.old
        text = text[: edit.place] + edit.new + text[edit.place + len(edit.old) :]
    assert text == imitation


@given(SPELLINGS, SPELLINGS)
@settings(deadline=None)
def test_one_edit_away_is_among_the_variants(left, right):
    near = left != right and edits.distance(left, right, 2) == 1
    assert (right in set(variants(left)) - {left}) == near or not set(left + right) <= set(
        "abcde01-"
    )


@given(st.lists(st.text("abcdef", min_size=1, max_size=10), min_size=1, max_size=40, unique=True))
@settings(deadline=None)
def test_a_text_is_nearest_to_itself(texts):
    index = nearness.Nearness(texts)
    for place, text in enumerate(texts):
        shared = {
            p
            for p in index.search(text, len(texts), 0)
            if nearness.pairs(texts[p]) == nearness.pairs(text)
        }
        assert place in shared


@given(st.from_regex(r"[a-z0-9]+([-._][a-z0-9]+){0,3}", fullmatch=True))
def test_separators_and_drawn_alikes_make_no_other_name(name):
    twin = keys.ultranormalized(names.normalize(name))
    assert keys.ultranormalized(names.normalize(name.replace("l", "1").replace("o", "0"))) == twin
    assert not set(twin) & set("-ilo")


@pytest.mark.parametrize(
    "name",
    [
        "a-" * 49 + "a",
        "a" * 128,
        "-".join(["py"] * 33),
        "requests" * 12,
        "pytest-django-flask-google-cloud-apache-airflow-providers-azure-mgmt",
    ],
)
def test_the_work_for_the_worst_name_is_bounded(checker, name, monkeypatch):
    compared, weighed = [], []
    between, score = edits.between, type(checker)._score

    def comparing(*args):
        compared.append(args)
        return between(*args)

    def weighing(*args):
        weighed.append(args)
        return score(*args)

    monkeypatch.setattr(edits, "between", comparing)
    monkeypatch.setattr(type(checker), "_score", weighing)
    checker.check(name)
    assert len(compared) < 300
    assert len(weighed) <= MOST_PAIRS


KINDS = {
    ("requests", "reqeusts"): [Kind.SWAP],
    ("modern", "modem"): [Kind.LOOKALIKE],
    ("modem", "modern"): [Kind.LOOKALIKE],
    ("urllib", "urlllib"): [Kind.REPETITION],
    ("urllib", "urlib"): [Kind.REPETITION],
    ("numpy", "nunpy"): [Kind.NEIGHBOUR],
    ("flask", "flesk"): [Kind.VOWEL],
    ("docker", "dockers"): [Kind.PLURAL],
    ("boto3", "boto4"): [Kind.DIGIT],
    ("boto3", "boto"): [Kind.DIGIT],
    ("flask", "flak"): [Kind.OMISSION],
    ("flask", "flamsk"): [Kind.INSERTION],
    ("pycord", "py-cord"): [Kind.SEPARATOR],
    ("attrs", "attrk"): [Kind.OTHER],
}


@pytest.mark.parametrize("pair", KINDS)
def test_each_edit_has_its_name(pair):
    assert [edit.kind for edit in edits.between(*pair)] == KINDS[pair]


# -- the tables ----------------------------------------------------------------------------------


def test_the_names_that_come_along_are_normalized_and_in_order():
    popular = tables.popular()
    assert len(popular) > 10_000
    assert all(names.normalize(target.name) == target.name for target in popular)
    counts = [target.downloads for target in popular]
    assert counts == sorted(counts, reverse=True)


def test_what_every_index_protects_stands_in_one_order_in_every_process():
    """Sets differ from process to process, and only so many targets are looked at."""
    targets = tables.everywhere([Target("zope", 5), Target("attrs", 5), Target("flask", 9)])
    assert len(targets) > 200
    assert targets == sorted(targets, key=lambda target: (-target.downloads, target.name))


def test_pairs_that_are_equally_likely_stand_in_the_order_of_their_names():
    index = Index([Target(name, 100_000) for name in ("foobard", "foobarb", "foobarc")], {})
    found = [pair.form.target.name for pair in index.pairs("foobarz")]
    assert found == ["foobarb", "foobarc", "foobard"]


def test_every_module_of_the_import_table_is_normalized():
    table = tables.imports()
    assert len(table) > 500
    assert [module for module in table if names.normalize(module) != module] == []
    assert [module for module, project in table.items() if module == project] == []


# -- the measure ---------------------------------------------------------------------------------


@pytest.mark.skipif(not FIELD.exists(), reason="the field's data and scorer are not here")
def test_the_probes_are_flagged(checker):
    """By the weights that come along; false alarms and squats are cross-validated by fit.py."""
    with (FIELD / "data" / "probe_dev.csv").open(newline="") as handle:
        rows = list(csv.DictReader(handle))
    for kind, least in {"stdlib-exact": 1.0, "separator": 1.0, "word-order": 0.95}.items():
        chosen = [row["name"] for row in rows if row["attack"] == kind][:60]
        flagged = [name for name in chosen if checker.check(name).verdict is not Level.ALLOW]
        assert len(flagged) >= least * len(chosen)


def test_the_scorer_understands_the_command(tmp_path):
    known = tmp_path / "known.csv"
    known.write_text("name,rank,downloads_30d,origin\nrequests,1,1200000000,top\n")
    command = [sys.executable, str(ROOT / "manage.py"), "check_names", "--json"]
    answer = subprocess.run(
        command,
        input=b"reqeusts\nnot a name\n\xff\xfe\n",
        capture_output=True,
        check=True,
        env={**os.environ, "TYPO_KNOWN_CSV": str(known)},
    )
    first, second, third = map(json.loads, answer.stdout.splitlines())
    assert set(first) >= {"name", "verdict", "target", "score", "reason"}
    assert (first["verdict"], first["target"]) == ("block", "requests")
    assert second["verdict"] == third["verdict"] == "block"


# -- the learned table ---------------------------------------------------------------------------


def walked(tree, values) -> float:
    while isinstance(tree, tuple):
        place, limit, below, above = tree
        tree = below if values[place] <= limit else above
    return tree


@given(st.lists(st.floats(-1, 60), min_size=100, max_size=100))
def test_the_trees_say_the_same_as_one_function_as_when_they_are_walked(numbers):
    weights = learned()
    assert len(weights.figures) <= len(numbers)
    measured = dict(zip(weights.figures, numbers, strict=False))
    values = [measured[figure] for figure in weights.figures]
    total = weights.start + sum(walked(tree, values) for tree in weights.trees)
    assert weights.score(measured) == pytest.approx(1 / (1 + math.exp(-total)))
