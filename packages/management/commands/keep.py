"""``keep``: listen to the database for changes, for the readers of this host."""

from __future__ import annotations

import contextlib
from typing import Any

from django.core.management.base import BaseCommand

from packages import keeper


class Command(BaseCommand):
    """One for each host; ``bin/serve`` runs it."""

    help = "Listen to the database, and tell all processes of this host what changed."

    def handle(self, *args: Any, **options: Any) -> None:
        with contextlib.suppress(KeyboardInterrupt):
            keeper.keep()
