"""One look at all members of an archive, within a budget of time.

A scan is an onlooker of `packages.uploads.checks.inspect`: it sees the members while the archive
is read for the checks.  Or it reads a stored archive by itself (`of_archive`).
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yara_x

from moderation import members, rules
from moderation.scanning import builds, places
from moderation.scanning.bytecode import Bytecode
from moderation.scanning.confirmations import named
from moderation.scanning.letters import disguises
from moderation.scanning.texts import OutOfTime, Text
from moderation.scanning.values import MOST_OF_A_RULE, Found, Identity, excerpt
from packages.uploads.archives.onlookers import show
from packages.uploads.findings import Unreadable
from packages.uploads.rules import KIB, MIB, Rules

BUDGET = 2.0  # seconds of scanning in a request
PATIENT = 120.0  # in a job
SOURCE = 4 * MIB  # of a text are looked at
CONFIGURATION = 256 * KIB  # is read; what takes more takes longer than anybody waits
HEAD = 4 * KIB  # of anything else
MOST_PLACES = 2000  # more than any honest archive has; what is beyond them is unseen

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

    `found` are the signals, `unseen` the members for which there was no time, that are too large
    or have more signals than can be kept.  `late` says that it was the time.
    """

    def __init__(self, filename: str, budget: float = BUDGET) -> None:
        self.sdist = filename.endswith(".tar.gz")
        self.pure = self.sdist or filename.endswith("-none-any.whl")
        self._places: dict[Identity, Found] = {}
        self.unseen: list[str] = []
        self.native: list[str] = []
        self.late = False
        self._bytecode = Bytecode()
        self._left = budget

    @property
    def found(self) -> list[Found]:
        """All of them, each place once: none is left out because there are many."""
        return [*self._places.values(), *self._unread()]

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
        self._bytecode.note(name)
        if members.is_native(name):
            self.native.append(name)
        return SOURCE if self._is_wanted_whole(name) else HEAD

    def saw(self, name: str, size: int, data: bytes) -> None:
        """Ask the rules about a member, unless the time is over."""
        if self._left <= 0:
            self.missed(name)
            return
        began = time.perf_counter()
        try:
            self._look(name, size, data, began + self._left)
        except (yara_x.TimeoutError, OutOfTime):
            self.missed(name)
        self._left -= time.perf_counter() - began

    def missed(self, name: str) -> None:
        self.late = True
        self.unseen.append(name)

    def _look(self, name: str, size: int, data: bytes, until: float) -> None:
        """A member may be several things at once: its name is for whoever made it to choose."""
        program = data.startswith(_MAGIC) and self._programs(name, size, data)
        if self._is_hook(name):
            self._hook(name, data)
        if program and not places.is_named_like_source(name):
            return
        if size > len(data) and self._is_wanted_whole(name):
            self.unseen.append(name)
        if places.is_source(name):
            self._source(name, Text(name, data, until))
        elif self._is_project(name):
            self._project(name, data)
        elif places.is_bytecode(name):
            self._bytecode.add(name, data)

    # -- what kinds of members tell ---------------------------------------------------------------

    def _source(self, name: str, text: Text) -> None:
        build = places.is_run_at_build(name, sdist=self.sdist)
        scanner = rules.scanner("build" if build else "source")
        for rule in scanner.scan(text.data).matching_rules:
            self._fired(rule, name, text)
        for each in disguises(text):
            meta = {"policy": "obfuscated-code", "severity": "high", "sentence": each.sentence}
            self._add_place(meta, each.rule, name, text, *each.span)

    def _fired(self, rule: yara_x.Rule, name: str, text: Text) -> None:
        meta = dict(rule.metadata)
        confirmed = named(meta.get("confirm", ""))
        if any(len(each.matches) >= rules.MOST_MATCHES for each in rule.patterns):
            self.unseen.append(name)  # there may be more, and the worst may be among them
        matches = [(m.offset, m.offset + m.length) for each in rule.patterns for m in each.matches]
        for at, end in sorted(matches):
            text.require_time()
            if confirmed(text, at, end):
                self._add_place(meta, rule.identifier, name, text, at, end)

    def _add_place(
        self, meta: dict[str, Any], rule: str, name: str, text: Text, at: int, end: int
    ) -> None:
        start, stop = text.rows(at, end)
        start, stop = max(start, at - KIB), min(stop, at + KIB)
        shown = excerpt(text.data[start:stop].decode(errors="replace"), at - start)
        self._add(meta, rule, name, text.number(at), shown, text.digest(at, end))

    def _hook(self, name: str, data: bytes) -> None:
        """Whatever changes in it is news, wherever it stands."""
        lines = data.decode(errors="replace").splitlines() if places.is_source(name) else []
        running = (n for n, text in enumerate(lines) if text.startswith(("import ", "import\t")))
        at = next(running, 0)
        meta = {
            "policy": "startup-hooks",
            "severity": "high",
            "sentence": "Python runs it at each start, whether the project is used or not.",
        }
        text, digest = excerpt(lines[at] if lines else ""), hashlib.sha256(data).hexdigest()
        self._add(meta, "startup_hook", name, at + 1 if lines else None, text, digest)

    def _programs(self, name: str, size: int, data: bytes) -> bool:
        """Whether it is one, told by its first bytes; of the same size and beginning it is the
        same."""
        digest = hashlib.sha256(b"%d %b" % (size, data[:HEAD])).hexdigest()
        fired = rules.scanner("program").scan(data).matching_rules
        for rule in fired:
            disguised = not places.is_named_like_a_program(name)
            if disguised or self.pure:
                meta = dict(rule.metadata)
                if disguised:
                    meta["severity"] = "high"
                    meta["sentence"] = (
                        f"{meta['sentence'].rstrip('.')}, and named as if it were none."
                    )
                self._add(meta, rule.identifier, name, None, data[:16].hex(" "), digest)
        if fired and not self.pure and name not in self.native[-1:]:
            self.native.append(name)
        return bool(fired)

    def _project(self, name: str, data: bytes) -> None:
        """What builds it may stand in the archive (PEP 517), or be named where no call is seen."""
        if len(data) > CONFIGURATION:
            self.unseen.append(name)
            return
        for each in builds.declared(name, data):
            meta = {"policy": "install-hooks", "severity": "medium", "sentence": each.sentence}
            text = excerpt(f"{each.key} = {each.value}")
            digest = hashlib.sha256(each.value.encode()).hexdigest()
            self._add(meta, each.rule, name, each.line(data), text, digest)

    def _is_wanted_whole(self, name: str) -> bool:
        run = places.is_source(name) or places.is_bytecode(name)
        return run or self._is_hook(name) or self._is_project(name)

    def _is_hook(self, name: str) -> bool:
        return places.is_run(name) and members.is_startup_hook(name, sdist=self.sdist)

    def _is_project(self, name: str) -> bool:
        return self.sdist and name.count("/") == 1 and name.endswith(places.CONFIGURATION)

    def _add(
        self,
        meta: dict[str, Any],
        rule: str,
        name: str,
        line: int | None,
        text: str,
        digest: str = "",
    ) -> None:
        found = self._place(meta, rule, name, line, text, digest)
        if found.identity in self._places or len(self._places) < MOST_PLACES:
            self._places.setdefault(found.identity, found)
        else:
            self.unseen.append(name)

    def _place(
        self, meta: dict[str, Any], rule: str, name: str, line: int | None, text: str, digest: str
    ) -> Found:
        severity = "low" if places.is_aside(name, sdist=self.sdist) else meta["severity"]
        key = members.key(name, sdist=self.sdist)
        sentence = meta["sentence"]
        return Found(meta["policy"], rule, severity, sentence, name, key, line, text, digest)

    def _unread(self) -> Iterator[Found]:
        for name, severity, sentence, digest in self._bytecode.unread():
            meta = {"policy": "obfuscated-code", "severity": severity, "sentence": sentence}
            yield self._place(meta, "unread_bytecode", name, None, "", digest)


def of_archive(path: Path, filename: str, budget: float = BUDGET) -> Scan:
    """Scan a stored archive in so many seconds, unpacking included; one that breaks off counts as
    not seen."""
    scan = Scan(filename, budget)
    try:
        show(scan, path, _GENEROUS, sdist=scan.sdist, seconds=budget)
    except Unreadable as broken:
        scan.unseen.append(str(broken))
    return scan
