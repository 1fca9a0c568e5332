"""Is a spelling a word, or at least spelled like a name?"""

from __future__ import annotations

import gzip
import math
from collections import Counter
from collections.abc import Iterable
from functools import cache, lru_cache
from pathlib import Path

_WORDS = Path(__file__).parent / "data" / "words.txt.gz"
_SHORTEST, _LONGEST = 4, 14  # letters of a word that counts as part of a spelling
# What squatters put beside a known name, and honest plug-ins less often.
_GENERIC = frozenset(
    [
        "a",
        "advanced",
        "ai",
        "api",
        "app",
        "apps",
        "async",
        "auth",
        "auto",
        "bin",
        "bot",
        "build",
        "builder",
        "bypass",
        "cli",
        "client",
        "cloud",
        "code",
        "common",
        "connect",
        "connector",
        "core",
        "custom",
        "data",
        "demo",
        "dev",
        "download",
        "downloader",
        "easy",
        "extra",
        "extras",
        "fast",
        "faster",
        "fix",
        "fixed",
        "free",
        "full",
        "get",
        "getter",
        "go",
        "handler",
        "hello",
        "help",
        "helper",
        "helpers",
        "http",
        "install",
        "installer",
        "latest",
        "lib",
        "library",
        "libs",
        "light",
        "lite",
        "live",
        "load",
        "loader",
        "local",
        "main",
        "manager",
        "master",
        "mod",
        "modern",
        "module",
        "modules",
        "my",
        "new",
        "next",
        "ng",
        "nightly",
        "official",
        "os",
        "package",
        "packages",
        "patch",
        "pip",
        "pkg",
        "pkgs",
        "plus",
        "pre",
        "premium",
        "print",
        "private",
        "pro",
        "project",
        "prod",
        "proxy",
        "public",
        "pure",
        "py",
        "python",
        "python2",
        "python3",
        "real",
        "req",
        "release",
        "requests",
        "requester",
        "run",
        "s",
        "sdk",
        "secure",
        "server",
        "service",
        "setup",
        "simple",
        "simply",
        "site",
        "smart",
        "source",
        "stable",
        "std",
        "super",
        "support",
        "sys",
        "system",
        "team",
        "temp",
        "test",
        "tester",
        "testing",
        "tests",
        "the",
        "tool",
        "toolkit",
        "tools",
        "turbo",
        "ultimate",
        "up",
        "update",
        "updated",
        "updater",
        "upgrade",
        "upgraded",
        "use",
        "user",
        "util",
        "utility",
        "utils",
        "v1",
        "v2",
        "v3",
        "v4",
        "version",
        "web",
        "win",
        "windows",
        "wrapper",
        "x",
        "xx",
    ]
)


@cache
def dictionary() -> frozenset[str]:
    """The usual English words of three letters or more."""
    return frozenset(gzip.decompress(_WORDS.read_bytes()).decode().split())


def is_word(text: str) -> bool:
    """Whether the dictionary has it."""
    return text in dictionary()


def is_generic(text: str) -> bool:
    """Whether a word says nothing by itself: ``new``, ``tools``, ``2022``, ``v2``."""
    return text in _GENERIC or text.isdigit() or (text[:1] == "v" and text[1:].isdigit())


def vocabulary(common: Iterable[str]) -> frozenset[str]:
    """The dictionary with other words that are common in names."""
    return dictionary() | {word for word in common if len(word) >= _SHORTEST}


def covered(text: str, known: frozenset[str]) -> float:
    """What share of a spelling can be read as words of four letters or more, from 0 to 1."""
    best = [0] * (len(text) + 1)
    for end in range(1, len(text) + 1):
        best[end] = best[end - 1]
        for start in range(max(0, end - _LONGEST), end - _SHORTEST + 1):
            if best[start] + end - start > best[end] and text[start:end] in known:
                best[end] = best[start] + end - start
    return best[-1] / len(text)


class Letters:
    """How names are spelled: how usual each letter is after the two before it."""

    def __init__(self) -> None:
        self._triples: Counter[str] = Counter()
        self._doubles: Counter[str] = Counter()
        self.likelihood = lru_cache(4096)(self._likelihood)

    def count(self, name: str, times: int = 1) -> None:
        """Learn how a name is spelled; with -1 times, forget it again."""
        framed = f"^^{name}$"
        for at in range(len(framed) - 2):
            self._triples[framed[at : at + 3]] += times
            self._doubles[framed[at : at + 2]] += times
        self.likelihood.cache_clear()

    def _likelihood(self, name: str) -> float:
        """Mean log-likelihood of a letter: about -2.3 for a usual spelling, -4 for none."""
        framed = f"^^{name}$"
        places = range(len(framed) - 2)
        return sum(self._step(framed[at : at + 3]) for at in places) / len(places)

    def _step(self, triple: str) -> float:
        seen = self._triples.get(triple, 0) + 0.05  # what was never seen is not impossible
        return math.log(seen / (self._doubles.get(triple[:2], 0) + 2.0))
