"""``bin/manage rebuild_search``: every row anew."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from search import tasks


class Command(BaseCommand):
    help = "Rewrite the search row of every project; searches go on meanwhile."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"{tasks.rebuild()} projects can be found.")
