"""A corpus of any size: real popular names, described by us, and a tail by a Zipf law."""

from __future__ import annotations

import csv
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
NOW = datetime(2026, 11, 22, tzinfo=UTC)
COMMON = (
    "python library for data a simple the to api and of tool client with package in from utilities"
    " framework web async model server file test json command line wrapper interface http database"
    " machine learning service sdk cloud analysis plugin helper module project code fast my demo"
    " django text image parser config based using support manage build create html time log"
).split()
SYLLABLES = "ba ce di fo gu ha je ki lo mu na pe qui ro su ta ve wi xo yu zan bel cor dim".split()
TAIL_WORDS, DESCRIPTION = 20_000, 80
FIRST = "Ada Ben Cora Dev Eva Finn Gia Hugo Iris Jack Kara Leo Mona Nils Olga Paul".split()
LAST = "Abel Bauer Chen Dahl Evans Fox Gomez Hill Ito Jensen Kaur Lopez Meyer Ng Otto Park".split()


@dataclass(frozen=True)
class Entry:
    """A project as it would have been uploaded; `downloads` in 30 days."""

    key: int
    name: str
    downloads: int
    updated_at: datetime
    summary: str
    metadata: dict[str, Any]
    imports: list[str]


def rows(name: str) -> list[dict[str, str]]:
    with (HERE / name).open(newline="") as file:
        return list(csv.DictReader(file))


class Corpus:
    """The same entries for the same size, whenever it is asked for."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.random = random.Random(20261122)
        self.described = {row["name"]: row for row in rows("projects.csv")}
        popular = [(row["name"], int(row["downloads"])) for row in rows("names.csv")]
        self.names = dict(sorted(popular, key=lambda pair: -pair[1]))
        self.words = [*COMMON, *self._shuffled()]
        self.weights = list(accumulate(1 / (place + 2.7) for place in range(len(self.words))))

    def _shuffled(self) -> list[str]:
        """Words of names and of our summaries, among invented ones."""
        texts = [f"{row['summary']} {row['keywords']}" for row in self.described.values()]
        found = " ".join([*texts, *(name.replace("-", " ") for name in self.names)]).lower()
        known = sorted({word for word in found.split() if word.isalpha()} - {*COMMON})
        invented = ["".join(self.random.choices(SYLLABLES, k=3)) for _ in range(TAIL_WORDS)]
        mixed = [*known, *invented]
        self.random.shuffle(mixed)
        return mixed

    def entries(self) -> Iterator[Entry]:
        """In no order of popularity, as projects come in real life."""
        every = self._named()
        keys = list(range(1, len(every) + 1))
        self.random.shuffle(keys)
        for key, (name, downloads) in zip(keys, every.items(), strict=True):
            yield self._entry(key, name, downloads)

    def _named(self) -> dict[str, int]:
        every = dict(list(self.names.items())[: self.size])
        for row in rows("imitations.csv"):
            every.setdefault(row["name"], self.random.randrange(200))
        place = len(every)
        while len(every) < self.size:
            place += 1
            downloads = int(6e5 * (8_000 / place) ** 1.3 * self.random.random())
            every.setdefault(self._name(), downloads)
        return every

    def _name(self) -> str:
        parts = self._pick(self.random.choice((2, 2, 2, 3, 3)))
        end = str(self.random.randrange(100)) if self.random.random() < 0.15 else ""
        return "-".join(parts) + end

    def _pick(self, count: int) -> list[str]:
        return self.random.choices(self.words, cum_weights=self.weights, k=count)

    def _entry(self, key: int, name: str, downloads: int) -> Entry:
        updated_at = NOW - timedelta(hours=int(self.random.expovariate(1 / 9000)))
        if row := self.described.get(name):
            return self._described(key, row, downloads, updated_at)
        parts = name.split("-")
        summary = " ".join([*parts, *self._pick(self.random.randrange(3, 10))]).capitalize()
        author = f"{self.random.choice(FIRST)} {self.random.choice(LAST)}"
        metadata: dict[str, Any] = {"author": author, "keywords": self._pick(3), "license": "MIT"}
        metadata |= {"classifier": self._classifiers(), "description": self._text(summary)}
        return Entry(key, name, downloads, updated_at, summary, metadata, [parts[0]])

    def _described(
        self, key: int, row: dict[str, str], downloads: int, updated_at: datetime
    ) -> Entry:
        metadata = {
            "author": row["author"],
            "keywords": row["keywords"].split(),
            "license_expression": "BSD-3-Clause",
            "classifier": row["classifiers"].split(";"),
            "description": self._text(f"{row['summary']}. {row['keywords']}"),
        }
        recent = max(updated_at, NOW - timedelta(days=400))
        imports = [row["imports"]]
        return Entry(key, row["name"], downloads, recent, row["summary"], metadata, imports)

    def _text(self, start: str) -> str:
        return f"# {start}\n\n{' '.join(self._pick(DESCRIPTION))}\n"

    def _classifiers(self) -> list[str]:
        minors = self.random.sample(range(8, 15), 3)
        chosen = [f"Programming Language :: Python :: 3.{minor}" for minor in minors]
        topics = [row["classifiers"].split(";")[0] for row in self.described.values()]
        chosen += [self.random.choice(topics), "License :: OSI Approved :: MIT License"]
        return [*chosen, f"Development Status :: {self.random.choice(STATUSES)}"]


STATUSES = ("3 - Alpha", "4 - Beta", "5 - Production/Stable")
