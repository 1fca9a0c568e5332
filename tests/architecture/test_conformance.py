"""`docs/conformance.md` has every assertion of the read side, and a test for each that is built."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "conformance.md"
# How many assertions each family has.
FAMILIES = {
    "SIM": 22,
    "NEG": 25,
    "JSN": 20,
    "APV": 4,
    "YNK": 7,
    "MDF": 7,
    "STA": 10,
    "TRK": 3,
    "MIR": 5,
    "OID": 13,
}
ASSERTIONS = {f"{name}-{n}" for name, count in FAMILIES.items() for n in range(1, count + 1)}


def shown() -> dict[str, str]:
    """Each assertion that has a test, and which."""
    rows = re.findall(r"^\| ([A-Z]{3}-\d+) \| .+ \| `(\S+)` \|$", PAGE.read_text(), re.MULTILINE)
    return dict(rows)


def not_built() -> list[str]:
    _, _, rest = PAGE.read_text().partition("## Not built yet")
    return re.findall(r"^\| ([A-Z]{3}-\d+) \| .+ \|$", rest, re.MULTILINE)


@cache
def functions_of(path: Path) -> dict[str, str]:
    """The tests of a module with their source, decorators included."""
    text = path.read_text()
    found = {}
    for node in ast.parse(text).body:
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            first = min([node.lineno, *(item.lineno for item in node.decorator_list)])
            found[node.name] = "\n".join(text.splitlines()[first - 1 : node.end_lineno])
    return found


def test_every_assertion_has_a_row_and_only_one():
    rows = [*shown(), *not_built()]
    assert sorted(rows) == sorted(ASSERTIONS)


@pytest.mark.parametrize(("assertion", "where"), shown().items(), ids=list(shown()))
def test_the_test_that_shows_it_is_there_and_names_it(assertion: str, where: str):
    path, _, name = where.partition("::")
    source = functions_of(ROOT / "tests" / path)[name]
    spelled = assertion.replace("-", "[-_]")
    assert re.search(rf"{spelled}(?!\d)", source)
