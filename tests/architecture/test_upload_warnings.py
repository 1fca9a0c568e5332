"""`docs/upload-warnings.md` explains every finding that lets an upload pass, and no other."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "upload-warnings.md"
CHECKS = ROOT / "packages" / "uploads"
FINDINGS = "packages.uploads.findings"

# Functions of `findings` whose finding lets the upload pass, and the section that explains them.
SECTIONS = {"hold": "Held for a moderator", "warn": "Warnings"}
LENIENT = {"Level.HOLD": "hold", "Level.WARN": "warn"}

Codes = set[tuple[str, str]]


class Unclear(AssertionError):
    """The source makes findings in a way that this test does not understand; teach it."""


FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)


def codes_in(source: str, where: str = "source") -> Codes:
    """Level and code of every finding of level WARN or HOLD that this module can make."""
    return _Module(ast.parse(source), where).codes()


class _Module:
    """One walk through a module, function by function."""

    def __init__(self, tree: ast.Module, where: str) -> None:
        self.tree, self.where = tree, where
        imports = [n for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)]
        self.imported = {a.name for n in imports if n.module == FINDINGS for a in n.names}
        self.found: Codes = set()
        self.understood: set[ast.AST] = set()

    def codes(self) -> Codes:
        for scope in [self.tree, *(n for n in ast.walk(self.tree) if isinstance(n, FUNCTIONS))]:
            own = list(_own(scope))
            chosen: dict[str, set[str]] = {}
            for node in own:
                if isinstance(node, ast.Assign):
                    chosen |= self._assignment(node)
            for node in own:
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                    self._call(node, node.func, chosen)
        self._nothing_else()
        return self.found

    def _assignment(self, node: ast.Assign) -> dict[str, set[str]]:
        """Names that stand for `warn` or `hold` from now on: `level = refuse if x else warn`.

        A function and a code chosen together, `level, code = (warn, "y") if x else ...`, are a
        finding at once.
        """
        for pair in ast.walk(node.value):
            if isinstance(pair, ast.Tuple) and len(pair.elts) == 2 and _text(pair.elts[1]):
                levels = self._levels(pair.elts[0])
                self.found |= {(level, _text(pair.elts[1])) for level in levels}
                self.understood |= {*ast.walk(pair)}
        if not isinstance(node.value, ast.Name | ast.IfExp):
            return {}
        self.understood |= {*ast.walk(node.value)}
        names = [target.id for target in node.targets if isinstance(target, ast.Name)]
        return dict.fromkeys(names, self._levels(node.value))

    def _call(self, call: ast.Call, func: ast.Name, chosen: dict[str, set[str]]) -> None:
        if func.id == "Finding" and "Finding" in self.imported:
            levels = self._of_finding(call.args[1])
        elif func.id in SECTIONS and func.id in self.imported:
            levels = {func.id}
            self.understood.add(func)
        else:
            levels = chosen.get(func.id, set())
        code = _text(call.args[0]) if call.args else ""
        if levels and not code:
            raise Unclear(f"{self.where}:{call.lineno}: the code of a finding is no literal text")
        self.found |= {(level, code) for level in levels}

    def _of_finding(self, level: ast.expr) -> set[str]:
        """The levels that are meant; one that is handed in may be any that the module mentions."""
        known = {"Level.REFUSE": set(), **{name: {meant} for name, meant in LENIENT.items()}}
        return known.get(ast.unparse(level), self._levels(self.tree))

    def _levels(self, node: ast.AST) -> set[str]:
        """The lenient levels that an expression mentions."""
        parts = list(ast.walk(node))
        names = {part.id for part in parts if isinstance(part, ast.Name)} & self.imported
        constants = {ast.unparse(part) for part in parts if isinstance(part, ast.Attribute)}
        return (SECTIONS.keys() & names) | {LENIENT[c] for c in LENIENT.keys() & constants}

    def _nothing_else(self) -> None:
        """`warn` and `hold` must not be handed around where we cannot follow."""
        for node in ast.walk(self.tree):
            if not isinstance(node, ast.Name) or node in self.understood:
                continue
            if node.id in SECTIONS.keys() & self.imported:
                raise Unclear(f"{self.where}:{node.lineno}: an unknown use of {node.id}")


def _own(scope: ast.AST) -> Iterator[ast.AST]:
    """What is inside a function, but not inside a function within it."""
    for child in ast.iter_child_nodes(scope):
        if not isinstance(child, FUNCTIONS):
            yield child
            yield from _own(child)


def _text(node: ast.expr) -> str:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def codes_in_the_checks() -> Codes:
    """All of them."""
    files = [path for path in sorted(CHECKS.rglob("*.py")) if path.name != "findings.py"]
    return {pair for path in files for pair in codes_in(path.read_text(), str(path))}


def rows_of_the_page() -> list[tuple[str, str, str, str]]:
    """Level, code, meaning and advice of every row in the page's tables."""
    sections = {title: level for level, title in SECTIONS.items()}
    rows, level = [], ""
    for line in PAGE.read_text().splitlines():
        if line.startswith("## "):
            level = sections.get(line[3:].strip(), "")
        elif match := re.fullmatch(r"\| `([a-z0-9-]+)` \| (.*?) \| (.*?) \|", line):
            rows.append((level, match[1], match[2].strip(), match[3].strip()))
    return rows


def test_every_finding_that_lets_an_upload_pass_is_explained_and_no_other():
    documented = {(level, code) for level, code, *_ in rows_of_the_page()}
    assert documented == codes_in_the_checks()


def test_every_explanation_says_what_it_means_and_what_to_do():
    rows = rows_of_the_page()
    assert not [code for code, count in Counter(row[1] for row in rows).items() if count > 1]
    for _, code, meaning, advice in rows:
        for sentence in (meaning, advice):
            assert sentence.rstrip(")").endswith("."), code
            assert len(sentence) > 15, code


HEAD = f"from {FINDINGS} import Finding, Level, hold, refuse, warn\n"


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("def f():\n    yield warn('a', 'A.')", {("warn", "a")}),
        ("def f():\n    return hold('a', f'A {1}.')", {("hold", "a")}),
        ("def f():\n    return refuse('a', 'A.')", set()),
        ("x = lambda: warn('a', 'A.')", {("warn", "a")}),
        (
            "def f(s):\n    level = refuse if s else warn\n    yield level('a', 'A.')",
            {("warn", "a")},
        ),
        (
            "def f(s):\n    g, c = (warn, 'a') if s else (refuse, 'b')\n    yield g(c, 'A.')",
            {("warn", "a")},
        ),
        ("x = Finding('a', Level.WARN, 'A.')", {("warn", "a")}),
        ("x = Finding('a', Level.REFUSE, 'A.')", set()),
        (
            "def f(level):\n    return Finding('a', level, 'A.')\ny = Level.HOLD",
            {("hold", "a")},
        ),
    ],
)
def test_findings_are_found_in_the_source(source: str, expected: Codes):
    assert codes_in(HEAD + source) == expected


@pytest.mark.parametrize(
    "source",
    [
        "def f(code):\n    return warn(code, 'A.')",
        "def f(code):\n    return Finding(code, Level.WARN, 'A.')",
        "x = [warn, refuse]",
        "def f():\n    return g(hold)",
    ],
)
def test_a_finding_that_cannot_be_followed_is_not_passed_over(source: str):
    with pytest.raises(Unclear):
        codes_in(HEAD + source)


def test_a_module_with_other_functions_of_these_names_is_none_of_our_business():
    assert codes_in("def warn(x): ...\nwarn(1)") == set()
