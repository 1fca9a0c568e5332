"""``bin/manage verify_storage``: every file and its metadata against the database."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from packages import verification


class Command(BaseCommand):
    """Exit with 1 and a line for each difference; with 0 when there is none."""

    help = "Compare every stored file and its metadata with the database and say what differs."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--fast", action="store_true", help="compare sizes, do not read files")

    def handle(self, *args: Any, **options: Any) -> None:
        found = 0
        everything = verification.everything()
        for difference in verification.verify(everything, rehash=not options["fast"]):
            self.stdout.write(str(difference))
            found += 1
        if found:
            raise CommandError(f"{found} differences; restore the files named above from a backup.")
        self.stdout.write("The storage holds everything that the database names.")
