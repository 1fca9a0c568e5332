"""A real Chromium for tests, which talks to nobody outside."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator

from playwright.sync_api import Browser, ConsoleMessage, expect, sync_playwright

from tests.patience import PATIENCE

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), ""
)
# Neither sandbox (the tests may run as root) nor a word to anybody outside.
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-sync",
    "--disable-background-networking",
    "--disable-component-update",
]
expect.set_options(timeout=PATIENCE * 1000)  # playwright's own are five seconds


@contextlib.contextmanager
def launched() -> Iterator[Browser]:
    """A browser that ends with the block."""
    # Playwright's event loop makes Django think that the tests are asynchronous.
    before = os.environ.get("DJANGO_ALLOW_ASYNC_UNSAFE")
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()
    os.environ.pop("DJANGO_ALLOW_ASYNC_UNSAFE")
    os.environ.update({"DJANGO_ALLOW_ASYNC_UNSAFE": before} if before else {})


def complain(complaints: list[str], message: ConsoleMessage) -> None:
    """Keep what the browser says, but for its hints to developers."""
    if message.type != "debug" and "verbose" not in message.type:
        complaints.append(f"{message.type}: {message.text}")
