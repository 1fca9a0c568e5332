"""How much work a text would make, estimated before the work is begun.

The factors are seconds on a common server, measured with hostile input of 5,000 to 240,000
characters; the limits are above what honest descriptions need.
"""

import re
from collections import Counter
from typing import Final

TEXT_LIMIT: Final = 250_000  # characters of text, and
HTML_LIMIT: Final = 2_000_000  # of what it was converted to
LINE_LIMIT: Final = 10_000  # docutils' own default
EFFORT_LIMIT: Final = 2.0  # seconds that a common server would need
DEPTH_LIMIT: Final = 60  # elements open at once
TANGLE_LIMIT: Final = 200  # blocks begun within words (<b><p>), which parsers must untangle


def words(text: str) -> frozenset[str]:
    return frozenset(text.split())


HEADINGS: Final = frozenset(f"h{level}" for level in range(1, 7))
# Elements that HTML lets one leave open, so that open ones say nothing about depth.
UNCLOSED: Final = words(
    "br col colgroup dd dt hr img input li link meta option p tbody td tfoot th thead tr"
)
BLOCKS: Final = HEADINGS | words(
    "blockquote dd details div dl dt li ol p pre section table tbody td tfoot th thead tr ul"
)
FORMATTING: Final = words("a b big code em font i nobr s small strike strong tt u")


_FENCE = re.compile(r"```+|~~~+")
_BLOCK_EDGE = re.compile(r"\n[ \t]*(?=\n)|\n(?= {0,3}(?:[-*+]|\d{1,9}[.)])[ \t])")
_DANGLING = re.compile(r"<(?=[^<>]*(?:<|\Z))")
_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]*)[^<>]*>")


def markdown_is_light(text: str) -> bool:
    return _fits(text) and _markdown_effort(text) <= EFFORT_LIMIT


def rst_is_light(text: str) -> bool:
    return _fits(text) and _rst_effort(text) <= EFFORT_LIMIT


def html_is_light(html: str) -> bool:
    return (
        len(html) <= HTML_LIMIT and _depth(html) <= DEPTH_LIMIT and _tangles(html) <= TANGLE_LIMIT
    )


def _fits(text: str) -> bool:
    longest = max(map(len, text.splitlines()), default=0)
    return len(text) <= TEXT_LIMIT and longest <= LINE_LIMIT


def _markdown_effort(text: str) -> float:
    """Estimate the seconds that Python-Markdown needs at worst.

    Each fence copies the whole text and each block looks through the others; within a block,
    brackets are matched up to the end.
    """
    fences = text.count("```") + text.count("~~~")
    blocks = _BLOCK_EDGE.split(_without_fenced_code(text))
    effort = 5e-9 * fences * len(text) + 1e-8 * len(blocks) ** 2
    return effort + sum(map(_markdown_block_effort, blocks))


def _markdown_block_effort(block: str) -> float:
    brackets = block.count("[") + len(_DANGLING.findall(block))
    escapes = block.count("\\") + block.count("&")
    return len(block) * (1e-7 * brackets + 1e-8 * block.count("\n") + 1e-9 * escapes)


def _rst_effort(text: str) -> float:
    """Estimate the seconds that docutils needs at worst.

    It is slow for each block; within one, a mark of inline markup is looked up to the end.
    """
    blocks = _BLOCK_EDGE.split(text)
    return 2.5e-4 * len(blocks) + sum(map(_rst_block_effort, blocks))


def _rst_block_effort(block: str) -> float:
    marks = sum(map(block.count, "*`|"))
    corners = block.count("+")
    return len(block) * (2e-8 * marks + 1e-8 * block.count("\n") + 1e-9 * corners)


def _without_fenced_code(text: str) -> str:
    """Leave out what is set apart before anything else; a fence never closed sets nothing apart."""
    kept: list[str] = []
    fenced: list[str] = []
    fence = ""
    for line in text.split("\n"):
        (fenced if fence else kept).append(line)
        if fence and line.rstrip() == fence:
            fence, fenced = "", []
        elif not fence and (opening := _FENCE.match(line)):
            fence = opening[0]
    return "\n".join(kept + fenced)


def _tangles(html: str) -> int:
    """Count blocks begun inside formatting elements, which are reopened in each of them."""
    formatting = tangles = 0
    for closing, name in _TAG.findall(html.lower()):
        if name in FORMATTING:
            formatting = max(formatting + (-1 if closing else 1), 0)
        tangles += bool(formatting and name in BLOCKS and not closing)
    return tangles


def _depth(html: str) -> int:
    """Count the most elements open at once, whether they are nested well or not.

    Misnested formatting elements are reopened in every paragraph that follows, so that a few
    kilobytes of them make gigabytes; hence a count for each name rather than a stack.
    """
    open_elements: Counter[str] = Counter()
    deepest = 0
    for closing, name in _TAG.findall(html.lower()):
        if name not in UNCLOSED:
            open_elements[name] = max(open_elements[name] + (-1 if closing else 1), 0)
            deepest = max(deepest, 0 if closing else open_elements.total())
    return deepest
