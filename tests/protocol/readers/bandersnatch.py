"""A mirror of our index by bandersnatch, in either of its modes."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.protocol.clients import Tools
from tests.protocol.readers.reading import programs

MODES = ("xmlrpc", "simple")
_CONFIGURATION = """
[mirror]
directory = {directory}
master = {url}
allow-non-https = true
api-method = {mode}
json = true
timeout = 30
workers = 3
hash-index = false
stop-on-error = true
"""


@dataclass(frozen=True)
class Mirror(Tools):
    """Its home is also where the mirror lies."""

    mode: str = MODES[0]

    @property
    def web(self) -> Path:
        return self.home / "mirror" / "web"

    def run(self) -> subprocess.CompletedProcess[str]:
        """``bandersnatch mirror``: the whole index first, then what changed."""
        self.home.mkdir(parents=True, exist_ok=True)
        configuration = self.home / "bandersnatch.conf"
        directory = self.web.parent
        text = _CONFIGURATION.format(directory=directory, url=self.url, mode=self.mode)
        configuration.write_text(text)
        return self._run(programs("bandersnatch") / "bandersnatch", "-c", configuration, "mirror")

    def files(self) -> dict[str, bytes]:
        """Every distribution of the mirror by its name."""
        found = (path for path in (self.web / "packages").rglob("*") if path.is_file())
        return {path.name: path.read_bytes() for path in found}

    def page(self, project: str) -> str:
        return (self.web / "simple" / project / "index.v1_json").read_text()

    @property
    def serial(self) -> int:
        """Up to where it followed us."""
        return int((self.web.parent / "status").read_text())
