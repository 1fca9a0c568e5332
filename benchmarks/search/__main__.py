"""Measure search: how good its answers are, how long they take, how much room they need.

    .venv/bin/python -m benchmarks.search [--projects N] [--held] [--data DIR]

Starts a PostgreSQL of its own, loads a corpus and scores the searches of ``tuning.csv``, or with
``--held`` those of ``held.csv``, which nobody tunes by.  With ``--data`` the corpus stays for
the next run of the same size.  Exits with 1 when a target is missed.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import tempfile
from pathlib import Path

import django

from pypi_site.embedded import database
from pypi_site.run import unwind_on_signals


def main() -> int:
    options = _options()
    unwind_on_signals(signal.SIGINT)
    with tempfile.TemporaryDirectory(prefix="gh-search-") as temporary:
        data = Path(options.data or temporary)
        os.environ |= {"GATEHOUSE_DATA": str(data), "DJANGO_SETTINGS_MODULE": "pypi_site.settings"}
        with database(data) as url:
            os.environ["DATABASE_URL"] = url
            django.setup()
            # Its modules need the settings, and these read the environment that was just set.
            from benchmarks.search.run import Run  # noqa: PLC0415

            return Run(options.projects, held=options.held).run()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--projects", type=int, default=600_000)
    parser.add_argument("--held", action="store_true")
    parser.add_argument("--data")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
