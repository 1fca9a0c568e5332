"""``bin/manage check_names``: what the policies say about names on standard input."""

from __future__ import annotations

import json
import os
import sys
from argparse import ArgumentParser
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from moderation.lookalikes import Checker, Index, Verdict, tables
from moderation.lookalikes.checker import Level
from moderation.policies import foreseen
from packages import names

KNOWN = "TYPO_KNOWN_CSV"
_GRAVITY = (Level.ALLOW, Level.REVIEW, Level.BLOCK)


class Command(BaseCommand):
    """One name a line; each is judged as if somebody whom nobody knows registered it now."""

    help = (
        "Judge the names on standard input: block, review or allow, with target, score and reason."
        " All policies about names count as they are set, and so do names that are taken."
        f" {KNOWN} names a CSV file of known names: the look-alike checker judges by them alone."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="one JSON object a line")

    def handle(self, *args: Any, **options: Any) -> None:
        show = _as_json if options["json"] else _as_row
        judge = _judge()
        for name in _lines():
            self.stdout.write(show(_check(judge, name)))


def _lines() -> Iterator[str]:
    """Whatever bytes come; a line that is no text is no name either."""
    for line in sys.stdin.buffer:
        if name := line.decode(errors="replace").strip():
            yield name


def _judge() -> Callable[[str], Verdict]:
    path = os.environ.get(KNOWN)
    if not path:
        return _as_set_here
    try:
        known = list(tables.read_popular(Path(path).read_text()))
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"{KNOWN} cannot be read: {error}") from None
    return Checker(Index(tables.everywhere(known), tables.imports())).check


def _as_set_here(name: str) -> Verdict:
    """What weighs most, be it the likeness or another policy about names."""
    found = foreseen.likeness(name).as_set
    said = [_of_policy(name, each) for each in foreseen.objections(name)]
    return max([found, *said], key=lambda verdict: _GRAVITY.index(verdict.verdict))


def _of_policy(name: str, objection: foreseen.Objection) -> Verdict:
    return Verdict(name, objection.level, None, 1.0, "name policy", objection.reason)


def _check(judge: Callable[[str], Verdict], name: str) -> Verdict:
    """The verdict bears the name as it was given."""
    if not names.is_valid(name):
        reason = f"`{name[:64]}` is not a valid name."
        return Verdict(name, Level.BLOCK, None, 1.0, "invalid", reason)
    found = judge(names.normalize(name))
    return Verdict(**{**found.as_dict(), "name": name})  # type: ignore[arg-type]


def _as_json(verdict: Verdict) -> str:
    return json.dumps(verdict.as_dict())


def _as_row(verdict: Verdict) -> str:
    return f"{verdict.verdict:7} {verdict.score:4.2f}  {verdict.name:30} {verdict.reason}".rstrip()
