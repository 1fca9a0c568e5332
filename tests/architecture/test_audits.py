"""`docs/audits.md` has every finding, and a test for each that concerns us, which names it."""

from __future__ import annotations

import re

import pytest

from tests.architecture.test_conformance import ROOT, functions_of

PAGE = ROOT / "docs" / "audits.md"
SECOND = [f"TOB-PYPI26-{number}" for number in range(1, 15)]
OF_THE_SITE = (1, 2, *range(4, 17), 23, 27, 29)  # the others concern how PyPI is hosted
FIRST = [f"TOB-PYPI-{number}" for number in OF_THE_SITE]
INCIDENTS = [f"INC-{number}" for number in range(1, 9)]
ROW = re.compile(r"^\| ([A-Z0-9-]+) \| .+ \| (.+) \|$", re.MULTILINE)


def rows() -> list[tuple[str, str]]:
    return [row for row in ROW.findall(PAGE.read_text()) if re.search(r"\d$", row[0])]


def test_every_finding_has_a_row_and_only_one():
    assert sorted(finding for finding, _ in rows()) == sorted([*SECOND, *FIRST, *INCIDENTS])


@pytest.mark.parametrize(("finding", "shown"), rows(), ids=[finding for finding, _ in rows()])
def test_the_test_is_there_and_names_the_finding(finding: str, shown: str):
    where = re.search(r"`(\S+)::(\S+)`", shown)
    if where is None:
        assert len(shown) > 30  # why it does not concern us
        return
    source = functions_of(ROOT / "tests" / where[1])[where[2]]
    assert re.search(rf"{finding.replace('-', '[-_]')}(?!\d)", source, re.IGNORECASE)
