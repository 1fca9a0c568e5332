"""``manage.py prepare``: bring the database and the static files up to this code.

``bin/serve`` calls it before the first worker starts; a deployment calls it once for all machines.
"""

from __future__ import annotations

import hashlib
import time
from argparse import ArgumentParser
from io import StringIO
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command
from django.core.management.base import BaseCommand

from packages import tasks
from packages.uploads import incoming
from search import tasks as search_tasks

DAY_SECONDS = 86_400


class Command(BaseCommand):
    """Migrate, collect static files where they changed, schedule the regular jobs."""

    help = "Bring the database and the static files up to this code; safe to repeat."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--force", action="store_true", help="collect static files anyway")

    def handle(self, *args: Any, **options: Any) -> None:
        call_command("migrate", interactive=False, verbosity=0)
        call_command("check", tags=["database"], databases=["default"], stdout=StringIO())
        tasks.schedule()
        search_tasks.schedule()
        incoming.remove_leftovers(older_than=time.time() - DAY_SECONDS)
        stamp, wanted = settings.STATIC_ROOT / ".collected", _fingerprint()
        if options["force"] or not stamp.exists() or stamp.read_text() != wanted:
            call_command("collectstatic", interactive=False, verbosity=0)
            stamp.write_text(wanted)


def _fingerprint() -> str:
    """Changes when any static file does."""
    digest = hashlib.sha256(b"1")
    for finder in get_finders():
        for name, storage in finder.list(["CVS", ".*", "*~"]):
            facts = Path(storage.path(name)).stat()
            digest.update(f"{name}\0{facts.st_size}\0{facts.st_mtime_ns}\n".encode())
    return digest.hexdigest()
