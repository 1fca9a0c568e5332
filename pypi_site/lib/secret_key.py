"""The key with which an installation signs: made on first use, kept where only its owner reads."""

from __future__ import annotations

import contextlib
import secrets
from pathlib import Path


def kept_in(folder: Path) -> str:
    """The key of the installation that has its state here, made if there is none yet."""
    path = folder / "secret-key"
    try:
        return path.read_text()
    except FileNotFoundError:
        folder.mkdir(parents=True, exist_ok=True)
    fresh = folder / f"secret-key.{secrets.token_hex(4)}"
    fresh.touch(mode=0o600)
    fresh.write_text(secrets.token_urlsafe(50))
    with contextlib.suppress(FileExistsError):
        path.hardlink_to(fresh)  # of two first starts one wins, and both read the winner
    fresh.unlink()
    return path.read_text()
