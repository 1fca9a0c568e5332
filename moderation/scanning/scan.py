"""One look at all members of an archive, within a budget of time.

A scan is an onlooker of `packages.uploads.checks.inspect`: it sees the members while the archive
is read for the checks.  Or it reads a stored archive by itself (`of_archive`).
"""

from __future__ import annotations

import time
import tomllib
from collections import Counter
from pathlib import Path
from typing import Any

import yara_x

from moderation import members, rules
from moderation.scanning import places
from moderation.scanning.confirmations import BY_NAME, Text
from moderation.scanning.values import Found, excerpt
from packages.uploads.archives.onlookers import show
from packages.uploads.findings import Unreadable
from packages.uploads.rules import KIB, MIB, Rules

BUDGET = 2.0  # seconds of scanning in a request
PATIENT = 120.0  # in a job
SOURCE = 4 * MIB  # of a text are looked at
HEAD = 4 * KIB  # of anything else
MOST_OF_A_RULE = 10  # signals
MOST = 100

_MAGIC = (
    b"MZ",
    b"\x7fELF",
    b"\xfe\xed\xfa",
    b"\xce\xfa\xed\xfe",
    b"\xcf\xfa\xed\xfe",
    b"\xca\xfe\xba\xbe",
)
_GENEROUS = Rules(uncompressed_size=4096 * MIB, ratio=10_000)


class Scan:
    """Looks at the members that are code, and at the first bytes of the others.

    `found` are the signals, `unseen` the members for which there was no time or that are too
    large.
    """

    def __init__(self, filename: str, budget: float = BUDGET) -> None:
        self.sdist = filename.endswith(".tar.gz")
        self.pure = self.sdist or filename.endswith("-none-any.whl")
        self.found: list[Found] = []
        self.unseen: list[str] = []
        self.native: list[str] = []
        self._left = budget
        self._count: Counter[str] = Counter()

    @property
    def complete(self) -> bool:
        return not self.unseen

    def native_signals(self) -> list[Found]:
        """The native members as signals."""
        sentence = "It is code for a processor, which nobody reads."
        return [
            Found("native-code", "native_code", "medium", sentence, name, _key, None, "")
            for name in self.native[:MOST_OF_A_RULE]
            for _key in [members.key(name, sdist=self.sdist)]
        ]

    # -- an onlooker ------------------------------------------------------------------------------

    def wants(self, name: str, size: int) -> int:
        """Code as far as it is no data in disguise, of the rest the beginning."""
        if members.is_native(name):
            self.native.append(name)
        if places.is_source(name) or self._is_project(name):
            return SOURCE
        return HEAD

    def saw(self, name: str, size: int, data: bytes) -> None:
        """Ask the rules about a member, unless the time is over."""
        if self._left <= 0:
            self.unseen.append(name)
            return
        began = time.perf_counter()
        try:
            self._look(name, size, data)
        except yara_x.TimeoutError:
            self.unseen.append(name)
        self._left -= time.perf_counter() - began

    def _look(self, name: str, size: int, data: bytes) -> None:
        if data.startswith(_MAGIC) and not name.endswith(".py"):
            self._programs(name, data)
        elif places.is_source(name):
            self._source(name, size, data)
        elif self._is_project(name):
            self._project(name, data)

    # -- what kinds of members tell ---------------------------------------------------------------

    def _source(self, name: str, size: int, data: bytes) -> None:
        if size > len(data):
            self.unseen.append(name)
        if members.is_startup_hook(name, sdist=self.sdist):
            self._hook(name, data)
        build = places.is_run_at_build(name, sdist=self.sdist)
        text = Text(name, data)
        for rule in rules.scanner("build" if build else "source").scan(data).matching_rules:
            self._fired(rule, name, text)

    def _fired(self, rule: yara_x.Rule, name: str, text: Text) -> None:
        meta = dict(rule.metadata)
        confirm = BY_NAME.get(meta.get("confirm", ""))
        for at in sorted(match.offset for each in rule.patterns for match in each.matches):
            if confirm is None or confirm(text, at):
                number, start, end = text.line(at)
                row = text.data[start : min(end, at + KIB)].decode(errors="replace")
                self._add(meta, rule.identifier, name, number, excerpt(row, at - start))

    def _hook(self, name: str, data: bytes) -> None:
        lines = data.decode(errors="replace").splitlines()
        running = (n for n, text in enumerate(lines) if text.startswith(("import ", "import\t")))
        at = next(running, 0)
        meta = {
            "policy": "startup-hooks",
            "severity": "high",
            "sentence": "Python runs it at each start, whether the project is used or not.",
        }
        self._add(meta, "startup_hook", name, at + 1, excerpt(lines[at] if lines else ""))

    def _programs(self, name: str, data: bytes) -> None:
        for rule in rules.scanner("program").scan(data).matching_rules:
            disguised = not places.is_named_like_a_program(name)
            if disguised or self.pure:
                meta = dict(rule.metadata)
                if disguised:
                    meta["severity"] = "high"
                    meta["sentence"] = (
                        f"{meta['sentence'].rstrip('.')}, and named as if it were none."
                    )
                self._add(meta, rule.identifier, name, None, data[:16].hex(" "))

    def _project(self, name: str, data: bytes) -> None:
        """An in-tree build backend runs what stands in the archive (PEP 517)."""
        try:
            build = tomllib.loads(data.decode()).get("build-system", {})
        except (ValueError, RecursionError):
            return
        paths = build.get("backend-path") if isinstance(build, dict) else None
        if not paths:
            return
        meta = {
            "policy": "install-hooks",
            "severity": "medium",
            "sentence": "It is built by a backend that it brings along.",
        }
        at = next((n for n, row in enumerate(data.splitlines(), 1) if b"backend-path" in row), 1)
        self._add(meta, "backend_in_tree", name, at, excerpt(f"backend-path = {paths}"))

    def _is_project(self, name: str) -> bool:
        return self.sdist and name.endswith("/pyproject.toml") and name.count("/") == 1

    def _add(self, meta: dict[str, Any], rule: str, name: str, line: int | None, text: str) -> None:
        self._count[rule] += 1
        if self._count[rule] > MOST_OF_A_RULE or len(self.found) >= MOST:
            return
        severity = "low" if places.is_aside(name, sdist=self.sdist) else meta["severity"]
        key = members.key(name, sdist=self.sdist)
        self.found.append(
            Found(meta["policy"], rule, severity, meta["sentence"], name, key, line, text)
        )


def of_archive(path: Path, filename: str, budget: float = BUDGET) -> Scan:
    """Scan a stored archive; one that breaks off counts as not seen."""
    scan = Scan(filename, budget)
    try:
        show(scan, path, _GENEROUS, sdist=scan.sdist)
    except Unreadable as broken:
        scan.unseen.append(str(broken))
    return scan
