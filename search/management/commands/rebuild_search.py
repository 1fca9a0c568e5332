"""``bin/manage rebuild_search``: every row anew."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from packages.models import Project
from search import tasks

WIDTH = 40


class Command(BaseCommand):
    help = (
        "Rewrite the search row of every project; searches and uploads go on meanwhile. What was"
        " interrupted goes on where it stopped."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--afresh", action="store_true", help="begin at the first project")

    def handle(self, *args: Any, **options: Any) -> None:
        total = max(Project.objects.count(), 1)
        found = done = 0
        for findable, size in tasks.rebuilding(afresh=options["afresh"]):
            found, done = found + findable, done + size
            self._show(done, total)
        changed = tasks.refresh_popularity()
        self.stdout.write(f"{found} projects can be found; popularity changed for {changed}.")

    def _show(self, done: int, total: int) -> None:
        """A bar for people at a terminal; logs get only the last line."""
        if sys.stderr.isatty():
            bar = "#" * (WIDTH * done // total)
            self.stderr.write(f"\r[{bar:<{WIDTH}}] {done} of {total}", ending="")
            self.stderr.flush()
