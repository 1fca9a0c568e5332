"""``manage.py count_downloads``: count what a CDN or a web server answered, by its access log."""

from __future__ import annotations

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from packages.downloads import logs


class Command(BaseCommand):
    """Reads a log on standard input; see docs/cdn.md."""

    help = "Count the downloads in an access log on standard input; the same log only once."

    def handle(self, *args: Any, **options: Any) -> None:
        if sys.stdin.isatty():
            raise CommandError("Give the log on standard input: count_downloads < access.log")
        try:
            counted = logs.count(sys.stdin.buffer)
        except logs.AlreadyCounted as problem:
            raise CommandError(problem.detail) from None
        self.stdout.write(
            f"{counted.downloads} downloads in {counted.lines} lines"
            f" ({counted.unknown} of files that are not here)."
        )
