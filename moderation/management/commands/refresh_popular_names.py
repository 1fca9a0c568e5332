"""``bin/manage refresh_popular_names``: a newer list of popular names of the public index."""

from __future__ import annotations

import sys
import urllib.error
import urllib.request
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.actors import SYSTEM
from moderation import popular
from pypi_site.lib.problems import Problem

SECONDS = 30


class Command(BaseCommand):
    """Read it from a file, from standard input, or, when told so, from an address."""

    help = (
        "Replace the list of popular names: CSV with the columns name and downloads, or JSON with"
        " rows of project (or name) and download_count (or downloads)."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", nargs="?", default="-", help="a file; - is standard input")
        parser.add_argument("--fetch", metavar="URL", help="fetch it from this https address")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            text = fetch(options["fetch"]) if options["fetch"] else read(options["file"])
            names = popular.refresh(text, actor=SYSTEM)
        except (OSError, UnicodeDecodeError) as error:
            raise CommandError(f"The list cannot be read: {error}") from None
        except Problem as problem:
            raise CommandError(problem.detail) from None
        self.stdout.write(f"{names}.")


def read(path: str) -> str:
    return sys.stdin.read() if path == "-" else Path(path).read_text()


class OnlyHttps(urllib.request.HTTPRedirectHandler):
    """Follows redirects, but never away from https: somebody on the way could write the list."""

    def redirect_request(
        self, request: urllib.request.Request, *facts: Any
    ) -> urllib.request.Request | None:
        *_, address = facts
        require_https(address)
        return super().redirect_request(request, *facts)


def require_https(url: str) -> None:
    if not url.startswith("https://"):
        raise CommandError(
            f"Only https addresses are fetched, and {url[:200]} is none; download the list and give"
            " the file."
        )


def fetch(url: str) -> str:
    """At most as many bytes as a list may have; only over https."""
    require_https(url)
    opener = urllib.request.build_opener(OnlyHttps)
    with opener.open(url, timeout=SECONDS) as answer:
        return answer.read(popular.MOST_BYTES + 1).decode()  # type: ignore[no-any-return]
