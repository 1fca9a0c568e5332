"""The text of a letter in blocks, so that one text serves e-mails, their HTML and the site."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import groupby

_BULLET = re.compile(r"^\s+(?:\d+\.\s+|[-*]\s+)?")


@dataclass(frozen=True)
class Block:
    """A `paragraph` or `list` of lines, or a `link`: a lone address of this site."""

    kind: str
    lines: list[str]

    @property
    def text(self) -> str:
        return " ".join(self.lines)


def blocks(text: str, site: str) -> list[Block]:
    """Cut a text: empty lines end a block, indented lines are lists, lone own addresses links.

    Addresses elsewhere stay text: somebody else may have written them.
    """
    kinds = ((_kind(line, site), line) for line in text.splitlines())
    found: list[Block] = []
    for kind, group in groupby(kinds, key=lambda pair: pair[0]):
        lines = [_BULLET.sub("", line).strip() for _, line in group]
        if kind == "link":
            found += [Block("link", [line]) for line in lines]
        elif kind:
            found.append(Block(kind, lines))
    return found


def _kind(line: str, site: str) -> str:
    bare = line.strip()
    if not bare:
        return ""
    if bare.startswith(f"{site}/") and " " not in bare:
        return "link"
    return "list" if line[0].isspace() else "paragraph"
