"""``bin/bench``: that it reads wrk aright and judges what it measured."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.reads import report, works, wrk
from benchmarks.reads.corpus import Sizes
from benchmarks.reads.results import DEFAULT, DEVPI, NGINX, READERS, Results, judged
from benchmarks.reads.wrk import Figures
from pypi_site.run import ROOT

PRINTED = """Running 1s test @ http://127.0.0.1:8000/
  1 threads and 32 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency     1.11ms    1.02ms  17.06ms   93.02%
    Req/Sec    31.21k     2.27k   34.40k    70.00%
  Latency Distribution
     50%  853.00us
     75%    1.11ms
     90%    1.85ms
     99%    1.06s
  31075 requests in 1.00s, 25.13MB read
{trouble}Requests/sec:  31012.50
Transfer/sec:     25.08MB
"""
TROUBLE = """  Socket errors: connect 1, read 2, write 0, timeout 4
  Non-2xx or 3xx responses: 30
"""
PAGE = "40 files, HTML, identity"


def figures(rate: float, p99: float = 5.0, errors: int = 0) -> Figures:
    return Figures(rate, 1.0, p99, errors)


def results(measured: dict[tuple[str, str], Figures]) -> Results:
    return Results(dict(measured))


# -- wrk -----------------------------------------------------------------------------------------


def test_what_wrk_prints_is_understood():
    assert wrk.parse(PRINTED.format(trouble="")) == Figures(31012.5, 0.853, 1060.0, 0)


def test_refused_and_broken_answers_are_counted():
    assert wrk.parse(PRINTED.format(trouble=TROUBLE)).errors == 37


def test_what_is_no_output_of_wrk_is_not_understood():
    with pytest.raises(wrk.NotUnderstood, match="unable to connect"):
        wrk.parse("unable to connect to 127.0.0.1:1 Connection refused")


def test_the_middle_of_three_rounds_counts_and_every_error():
    rounds = [figures(100, 9, 1), figures(300, 1), figures(200, 5, 2)]
    assert wrk.middle(rounds) == figures(200, 5, 3)


# -- targets -------------------------------------------------------------------------------------


def verdicts(measured: dict[tuple[str, str], Figures], growth=None) -> dict[str, bool]:
    return {row.what: row.met for row in judged(results(measured), growth)}


@pytest.mark.parametrize(("ours", "rate", "met"), [(READERS, 500, True), (READERS, 499, False)])
def test_the_rate_is_judged_beside_nginx(ours: str, rate: float, met: bool):
    found = verdicts({(PAGE, NGINX): figures(1000), (PAGE, ours): figures(rate)})
    assert found[f"{ours}: 40-file page, of nginx's rate"] is met


def test_the_worst_form_of_the_page_is_judged():
    other = "40 files, JSON, gzip"
    measured = {(title, NGINX): figures(1000) for title in (PAGE, other)}
    measured |= {(PAGE, DEFAULT): figures(300), (other, DEFAULT): figures(90)}
    rows = [row for row in judged(results(measured)) if "nginx" in row.what]
    assert [(row.value, row.met) for row in rows] == [("0.09 (JSON, gzip)", False)]


@pytest.mark.parametrize(("ours", "rate"), [(READERS, 75), (DEFAULT, 15)])
def test_the_rate_is_judged_beside_the_peers(ours: str, rate: float):
    what = f"{ours}: 40-file page, times devpi"
    assert verdicts({(PAGE, DEVPI): figures(1), (PAGE, ours): figures(rate)})[what]
    assert not verdicts({(PAGE, DEVPI): figures(1), (PAGE, ours): figures(rate - 1)})[what]


def test_a_304_is_measured_in_turns_with_the_page_that_it_spares():
    groups = [[work.title for work in group] for group in works.in_turns(works.works(Sizes()))]
    assert [PAGE, "40 files, HTML, 304"] in groups
    assert ["40 files, JSON, identity", "40 files, JSON, 304"] in groups
    assert len(groups) == len(works.works(Sizes())) - 2


def test_a_304_alone_is_measured_alone():
    alone = [work for work in works.works(Sizes()) if work.conditional]
    assert list(works.in_turns(alone)) == [[work] for work in alone]


def test_a_304_must_not_be_slower_than_the_page():
    measured = {(PAGE, DEFAULT): figures(10), ("40 files, HTML, 304", DEFAULT): figures(9)}
    assert verdicts(measured)[f"{DEFAULT}: 304 beside 200, HTML"] is False


def test_late_answers_miss_the_target():
    what = f"{READERS}: p99 of the 40-file page, 32 connections"
    assert verdicts({(PAGE, READERS): figures(10, p99=9.9)})[what]
    assert not verdicts({(PAGE, READERS): figures(10, p99=10)})[what]


def test_a_large_page_must_be_as_close_to_nginx_as_a_small_one():
    large = "2,000 files, HTML, identity"
    measured = {(PAGE, NGINX): figures(100), (PAGE, READERS): figures(60)}
    measured |= {(large, NGINX): figures(10), (large, READERS): figures(4)}
    assert verdicts(measured)[f"{READERS}: {large}, of nginx's rate"] is False


def test_a_page_must_not_cost_more_in_a_larger_index():
    few, many = (works.growth_work(count).title for count in (1_000, 600_000))
    measured = {(few, DEFAULT): figures(100), (many, DEFAULT): figures(80)}
    what = f"{DEFAULT}: {many}, beside 1,000 projects"
    assert verdicts(measured, (few, many))[what] is False
    assert verdicts(measured | {(many, DEFAULT): figures(95)}, (few, many))[what]


def test_answers_that_failed_are_no_rate_but_a_missed_target():
    measured = {(PAGE, NGINX): figures(100), (PAGE, READERS): figures(100, errors=3)}
    assert [row.what for row in judged(results(measured)) if not row.met] == [f"{READERS}: {PAGE}"]


# -- the tables ----------------------------------------------------------------------------------


def test_the_table_has_a_column_for_each_contestant_and_says_what_is_missing():
    found = results(
        {
            (PAGE, NGINX): figures(12_345.6, 9.87),
            (PAGE, DEFAULT): figures(12.34, errors=2),
            ("root", NGINX): figures(1),
        }
    )
    assert report.figures(found).splitlines() == [
        "|  | nginx, files | Gatehouse, default |",
        "| --- | --- | --- |",
        f"| {PAGE} | 12,346 (1 / 9.87) | **failed**: 2 errors |",
        "| root | 1 (1 / 5) | - |",
    ]


def test_the_report_replaces_what_stood_between_the_marks(tmp_path: Path):
    page = tmp_path / "page.md"
    page.write_text(f"before\n{report.START}\nold\n{report.END}\nafter\n")
    report.keep(page, "new")
    assert page.read_text() == f"before\n{report.START}\n\nnew\n\n{report.END}\nafter\n"


def test_a_page_without_marks_is_left_alone(tmp_path: Path):
    page = tmp_path / "page.md"
    page.write_text("mine")
    with pytest.raises(ValueError, match="has no lines"):
        report.keep(page, "new")
    assert page.read_text() == "mine"


def test_the_documentation_has_the_marks():
    text = (ROOT / "docs" / "performance.md").read_text()
    assert text.index(report.START) < text.index(report.END)
