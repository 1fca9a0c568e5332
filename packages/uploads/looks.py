"""What policies have seen of the archives that they judge.

While a file arrives it is read once, for the checks; whoever else wants to see its members looks
on (`archives.onlookers`).  Of a file that was stored before, the archive is read again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import TypeVar

from packages import storage
from packages.models import Artifact
from packages.models.file import FileType
from packages.uploads.archives import onlookers
from packages.uploads.archives.onlookers import Onlooker
from packages.uploads.rules import MIB, Rules

Seer = TypeVar("Seer", bound=Onlooker)
# What is stored was measured when it came.
SECONDS = 2.0  # for all stored archives of a request, unpacking included
_STORED = Rules(uncompressed_size=4096 * MIB, ratio=10_000)


class Looks:
    """Onlookers by the file's digest and by what makes them, which takes the filename.

    `left` are the seconds that remain for reading stored archives: whoever publishes many files at
    once holds the project's lock meanwhile.
    """

    def __init__(self, seconds: float = SECONDS) -> None:
        self.left = seconds
        self._seen: dict[tuple[str, object], Onlooker] = {}

    def begin(
        self, filename: str, sha256: str, makers: Iterable[Callable[[str], Onlooker]]
    ) -> Onlooker | None:
        """Who looks on while the file arrives."""
        fresh = {maker: maker(filename) for maker in makers}
        self._seen |= {(sha256, maker): onlooker for maker, onlooker in fresh.items()}
        return onlookers.together(list(fresh.values()))

    def put(self, file: Artifact, maker: Callable[[str], Seer], seen: Seer) -> None:
        """Take what somebody else has seen already."""
        self._seen[file.sha256, maker] = seen

    def of(self, file: Artifact, maker: Callable[[str], Seer]) -> Seer:
        """What such an onlooker has seen of the file, as far as there was time.

        Raises `FileNotFoundError` when it did not look on and the bytes are gone, `Unreadable`
        where a stored archive breaks off.
        """
        known = self._seen.get((file.sha256, maker))
        if known is None:
            known = self._seen[file.sha256, maker] = self._read(file, maker(file.filename))
        return known  # type: ignore[return-value]

    def _read(self, file: Artifact, onlooker: Seer) -> Seer:
        if self.left <= 0:
            onlooker.missed(file.filename)
            return onlooker
        began = time.monotonic()
        try:
            with storage.local_copy(file.sha256) as path:
                sdist = file.filetype == FileType.SDIST
                onlookers.show(onlooker, path, _STORED, sdist=sdist, seconds=self.left)
        finally:
            self.left -= time.monotonic() - began
        return onlooker
