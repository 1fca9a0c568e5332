"""Measure how soon what is published is found, with the jobs' process up and a large index.

    .venv/bin/python -m benchmarks.search.soon --data DIR [--publications N]

DIR is that of a run of ``benchmarks.search``; it is copied and stays as it is.  Projects are
published by HTTP one after the other, and API, suggestions and page are asked until each names the
new one; its time runs from the answer to the upload.  Exits with 1 when a target is missed.
"""

from __future__ import annotations

import argparse
import hashlib
import http.client
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import django
from django.utils import timezone

from benchmarks.server import Site, gatehouse
from benchmarks.table import Row, show
from benchmarks.upload_forms import form, post, wheel
from benchmarks.uploads import FAST
from pypi_site.embedded import database
from pypi_site.run import unwind_on_signals

DOORS = ("/api/v1/search/?q={}", "/api/v1/suggest/?q={}", "/search/?q={}")
LIMIT = 1.0  # seconds
WARM = 5  # publications before those that count
PAUSE = 0.005
GIVEN_UP = 60


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--publications", type=int, default=50)
    options = parser.parse_args()
    unwind_on_signals(signal.SIGINT)
    with tempfile.TemporaryDirectory(prefix="gh-soon-") as folder:
        data = Path(folder) / "data"
        # With owners: PostgreSQL may run as somebody else.
        subprocess.run(["cp", "-a", str(options.data), str(data)], check=True)
        projects = _put_off_the_daily_jobs(data)
        with gatehouse(data, FAST) as (site, processes):
            processes.settle()
            names = [f"soonish-{number}" for number in range(WARM + options.publications)]
            times = [_seconds(site, name) for name in names][WARM:]
    return 0 if show(_rows(projects, sorted(times))) else 1


def _put_off_the_daily_jobs(data: Path) -> int:
    """One of them would find that nobody downloads the corpus; returns how many projects it has."""
    os.environ |= {"GATEHOUSE_DATA": str(data), "DJANGO_SETTINGS_MODULE": "pypi_site.settings"}
    with database(data) as url:
        os.environ["DATABASE_URL"] = url
        django.setup()
        # Models need the settings, and these read the environment that was just set.
        from django.core.management import call_command  # noqa: PLC0415
        from django.db import connection  # noqa: PLC0415
        from django_q.models import Schedule  # noqa: PLC0415

        from benchmarks.search import loading  # noqa: PLC0415
        from packages.tasks import schedule as of_packages  # noqa: PLC0415
        from search.models import SearchDocument  # noqa: PLC0415
        from search.tasks import schedule as of_search  # noqa: PLC0415

        call_command("migrate", verbosity=0)
        loading.go_on_with_keys()
        of_packages()
        of_search()
        Schedule.objects.update(next_run=timezone.now() + timedelta(days=1))
        count = SearchDocument.objects.count()
        connection.close()
    return count


def _seconds(site: Site, name: str) -> float:
    data = wheel(name, "1.0")
    filename = f"{name.replace('-', '_')}-1.0-py3-none-any.whl"
    head, tail = form(name, "1.0", filename, hashlib.sha256(data).hexdigest())
    with closing(site.connect()) as connection:
        post(connection, site, head + data + tail)
        published = time.monotonic()
        for door in DOORS:
            _wait(connection, door.format(name), name)
        return time.monotonic() - published


def _wait(connection: http.client.HTTPConnection, path: str, name: str) -> None:
    deadline = time.monotonic() + GIVEN_UP
    while not _names(connection, path, name):
        if time.monotonic() > deadline:
            sys.exit(f"{path} did not name the project within {GIVEN_UP} s.")
        time.sleep(PAUSE)


def _names(connection: http.client.HTTPConnection, path: str, name: str) -> bool:
    connection.request("GET", path)
    return f"/project/{name}/" in connection.getresponse().read().decode()


def _rows(projects: int, times: list[float]) -> Iterator[Row]:
    what = f"found among {projects:,} projects, {len(times)} publications"
    for word, part in (("median", 0.5), ("p99", 0.99)):
        value = times[min(int(len(times) * part), len(times) - 1)]
        yield Row(f"{what}: {word}", f"{value:.2f} s", f"< {LIMIT:.0f} s", value < LIMIT)


if __name__ == "__main__":
    sys.exit(main())
