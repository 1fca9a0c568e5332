"""Measure the moderators' desk: how long its queue takes with thousands of cases.

    .venv/bin/python -m benchmarks.desk [--cases N] [--figures N] [--quick]

Starts a PostgreSQL of its own, fills it, and asks for the pages through the whole of Django (every
middleware, without a server in front).  Exits with 1 when a target is missed.
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
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--cases", type=int, default=5000)
    parser.add_argument("--figures", type=int, default=100_000, help="cases for the figures")
    parser.add_argument("--quick", action="store_true", help="few cases, no verdict")
    options = parser.parse_args()
    unwind_on_signals(signal.SIGINT)
    with tempfile.TemporaryDirectory(prefix="gh-desk-") as folder:
        os.environ |= {"GATEHOUSE_DATA": folder, "DJANGO_SETTINGS_MODULE": "pypi_site.settings"}
        with database(Path(folder)) as url:
            os.environ["DATABASE_URL"] = url
            django.setup()
            # Its modules need the settings, and these read the environment that was just set.
            from benchmarks.desk.run import measure  # noqa: PLC0415

            met = measure(*((200, 400) if options.quick else (options.cases, options.figures)))
    return 0 if options.quick or met else 1


if __name__ == "__main__":
    sys.exit(main())
