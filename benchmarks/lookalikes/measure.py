"""How long the look-alike checker takes, with as many names as the public index has.

    .venv/bin/python benchmarks/lookalikes/measure.py [NAMES_FILE]

15,000 protected names, 600,000 known ones (made up of words of the popular ones), in one process.
The candidates are typos of popular names and plain inventions, or the lines of NAMES_FILE; then
names of 100 letters, made to be as much work as we could think of.  Times are of the processor.
"""

from __future__ import annotations

import random
import resource
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from moderation.lookalikes import Checker, Index, Target, tables
from moderation.lookalikes.index import variants

PROTECTED, KNOWN, CANDIDATES = 15_000, 600_000, 2_000
WORST = {
    "many short words": "a-" * 49 + "a",
    "one letter": "a" * 100,
    "words that say Python": "-".join(["py"] * 33),
    "popular words": "-".join(
        "pytest django flask google cloud apache airflow providers opentelemetry azure mgmt".split()
    ),
    "one name glued": ("requests" * 13)[:100],
    "a long family": "opentelemetry-instrumentation-" * 3 + "requestts",
    "the alphabet": "abcdefghijklmnopqrstuvwxyz0123456789" * 2 + "abcdefghijklmnopqrstuvwxyz01",
}


def made_up(chance: random.Random, words: list[str]) -> Iterator[str]:
    while True:
        yield "-".join(chance.choice(words) for _ in range(chance.choice((1, 2, 2, 3, 3))))


def inventions(chance: random.Random, words: list[str], many: int) -> list[str]:
    found: dict[str, None] = {}
    for name in made_up(chance, words):
        found[name + chance.choice(("", "", "2", "x", chance.choice(words)))] = None
        if len(found) == many:
            return list(found)
    return []


def candidates(chance: random.Random, words: list[str]) -> list[str]:
    typos = [
        chance.choice([text for text in variants(target.name) if text.strip("-") == text])
        for target in chance.choices(tables.popular(), k=CANDIDATES // 2)
    ]
    return typos + inventions(chance, words, CANDIDATES // 2)


def times(checker: Checker, names: Iterable[str]) -> list[float]:
    """Milliseconds of each check, in order."""
    found = []
    for name in names:
        start = time.thread_time()
        checker.check(name)
        found.append(1000 * (time.thread_time() - start))
    return sorted(found)


def memory() -> float:
    """MiB that this process has had at most."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def built(protected: list[Target], known: Iterable[str]) -> Checker:
    before, start = memory(), time.thread_time()
    checker = Checker(Index(tables.everywhere(protected), tables.imports(), frozenset(known)))
    seconds = time.thread_time() - start
    many = len(checker.index.known)
    print(f"index of {len(protected)} protected and {many} known names:", end=" ")
    print(f"{seconds:.2f} s, {memory() - before:.0f} MiB")
    return checker


def main() -> None:
    chance = random.Random(1)
    words = [word for target in tables.popular() for word in target.name.split("-")]
    known = inventions(chance, words, KNOWN)
    protected = [*tables.popular(), *map(Target, known)][:PROTECTED]
    built(protected, ())
    checker = built(protected, known)
    lines = Path(sys.argv[1]).read_text().split() if sys.argv[1:] else candidates(chance, words)
    took = times(checker, lines)
    mean, middle, last = sum(took) / len(took), took[len(took) // 2], took[len(took) * 99 // 100]
    print(f"{len(took)} names: mean {mean:.2f} ms, median {middle:.2f}, p99 {last:.2f}", end=", ")
    print(f"most {took[-1]:.2f}")
    for label, name in WORST.items():
        print(f"{label} ({len(name)} letters): {times(checker, [name] * 3)[-1]:.2f} ms")


if __name__ == "__main__":
    main()
