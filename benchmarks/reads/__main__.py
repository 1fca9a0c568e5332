"""Compare the reads of Gatehouse with those of nginx and of other indexes, in one run.

    bin/bench [--quick] [--only NAME]... [--work TEXT] [--seconds N] [--rounds N]

Every server holds the same wheels; each is asked in turn, round by round, so that whatever else
happens on this machine hits all alike.  nginx and wrk are installed with apt where that can be
done.  The tables are printed, and a full run keeps them in docs/performance.md.  A target that is
missed is said loudly and is no failure of the command.
"""

from __future__ import annotations

import argparse
import shlex
import signal
import sys
import tempfile
from pathlib import Path

from benchmarks.reads import report, results, tools
from benchmarks.reads.comparison import Comparison, Pace
from benchmarks.reads.corpus import Sizes
from benchmarks.reads.results import Results
from benchmarks.table import Row
from pypi_site.run import ROOT, data_directory, unwind_on_signals

PAGE = ROOT / "docs" / "performance.md"
DESCRIPTION = "Compare the reads of Gatehouse with those of nginx and of other indexes."
NAMES = ("gatehouse", "nginx", "devpi", "pypiserver", "simple-repository")


def main(arguments: list[str]) -> int:
    options = parse(arguments)
    unwind_on_signals(signal.SIGINT)
    if not tools.have("wrk"):
        return 2
    measured = Results()
    try:
        growth = compare(options, measured)
        rows = list(results.judged(measured, growth))
    finally:  # what was measured before something broke is worth to be seen
        print(report.figures(measured), flush=True)
    print(report.targets(rows), flush=True)
    if complete(options):
        command = shlex.join(["bin/bench", *arguments])
        report.keep(PAGE, report.report(measured, rows, command))
    announce(rows)
    return 0


def parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bin/bench", description=DESCRIPTION)
    add = parser.add_argument
    add(
        "--quick",
        action="store_true",
        help="small indexes, one round of one second, no large index",
    )
    add("--only", action="append", choices=NAMES, help="leave the others out; repeatable")
    add("--work", default="", metavar="TEXT", help="only lines of the table with this in them")
    add("--seconds", type=int, default=3, help="how long to measure each time (3)")
    add("--rounds", type=int, default=3, help="how often; the median counts (3)")
    options = parser.parse_args(arguments)
    if options.quick:
        options.seconds = options.rounds = 1
    return options


def complete(options: argparse.Namespace) -> bool:
    """Whether the page of the documentation may be written from this run."""
    return not (options.quick or options.only or options.work)


def compare(options: argparse.Namespace, measured: Results) -> tuple[str, str]:
    sizes = Sizes.quick() if options.quick else Sizes()
    uploads = 8 if options.quick else 60
    pace = Pace(options.seconds, options.rounds, uploads, options.quick)
    home = data_directory()
    home.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="bench-", dir=home) as folder:
        chosen = frozenset(options.only or NAMES)
        comparison = Comparison(Path(folder), sizes, pace, chosen, options.work, measured)
        comparison.run()
    return comparison.growth


def announce(rows: list[Row]) -> None:
    missed = [row for row in rows if not row.met]
    tools.say(f"\n{len(rows) - len(missed)} targets met, {len(missed)} MISSED")
    for row in missed:
        tools.say(f"  MISSED: {row.what}: {row.value}, wanted {row.target}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
