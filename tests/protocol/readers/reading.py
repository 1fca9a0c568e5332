"""How each reading tool is called on our index alone, as its documentation says.

The pips stand in lists of their own: the oldest that this index supports, the one that breaks over
the older key of PEP 658, and the newest.
"""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from tests.protocol.clients import BIN, Tools
from tests.protocol.publishers import environments

LISTS = Path(__file__).resolve().parent
Done = subprocess.CompletedProcess[str]

_POETRY = """
[project]
name = "reader"
version = "0"
requires-python = ">=3.11"
dependencies = [{requirements}]
[tool.poetry]
package-mode = false
[[tool.poetry.source]]
name = "ours"
url = "{simple}"
priority = "primary"
"""
_PDM = """
[project]
name = "reader"
version = "0"
requires-python = ">=3.11"
dependencies = [{requirements}]
[tool.pdm]
distribution = false
[[tool.pdm.source]]
name = "pypi"
url = "{simple}"
verify_ssl = true
"""
_UV = """
[project]
name = "reader"
version = "0"
requires-python = ">=3.11"
dependencies = [{requirements}]
[[tool.uv.index]]
url = "{simple}"
default = true
"""


def programs(name: str, lists: Path = LISTS) -> Path:
    """The folder with the programs of a list of ours."""
    return environments.programs(name, lists)


@dataclass(frozen=True)
class Pip(Tools):
    """A pip of some age, with the interpreter of its own environment."""

    requirements: str = "pip-newest"

    def __call__(self, command: str, *arguments: str | Path) -> Done:
        quiet = ["--isolated", "--disable-pip-version-check", "--no-cache-dir", "--no-input"]
        python = programs(self.requirements) / "python"
        where = ["--index-url", self.simple]
        return self._run(python, "-m", "pip", command, *quiet, *where, *arguments)


@dataclass(frozen=True)
class Locker(Tools):
    """A tool that locks a project, and installs what it locked."""

    template: ClassVar[str]
    lock_file: ClassVar[str]

    def require(self, *requirements: str) -> None:
        """The project in the tool's home asks for these."""
        self.home.mkdir(parents=True, exist_ok=True)
        written = ", ".join(map(json.dumps, requirements))
        text = self.template.format(requirements=written, simple=self.simple)
        (self.home / "pyproject.toml").write_text(text)

    @property
    def locked(self) -> str:
        return (self.home / self.lock_file).read_text()

    @property
    def packages(self) -> Path:
        """Where it installs."""
        return next((self.home / ".venv" / "lib").glob("python*/site-packages"))

    def lock(self) -> Done:
        raise NotImplementedError

    def install(self) -> Done:
        raise NotImplementedError


class Uv(Locker):
    template, lock_file = _UV, "uv.lock"

    def lock(self, *options: str) -> Done:
        return self._uv("lock", *options)

    def install(self) -> Done:
        return self._uv("sync", "--frozen")

    def audit(self, service: str) -> Done:
        """Ask the vulnerability service at this address, and our pages for statuses."""
        return self._run(BIN / "uv", "audit", "--frozen", "--service-url", service)

    def _uv(self, *arguments: str) -> Done:
        here = ["--python", sys.executable, "--no-python-downloads"]
        return self._run(BIN / "uv", *arguments, *here)


class Poetry(Locker):
    template, lock_file = _POETRY, "poetry.lock"

    def lock(self) -> Done:
        settings = "[virtualenvs]\nin-project = true\n[keyring]\nenabled = false\n"
        (self.home / "poetry.toml").write_text(settings)
        return self._poetry("lock")

    def install(self) -> Done:
        return self._poetry("sync", "--no-root")

    def _poetry(self, command: str, *options: str) -> Done:
        program = programs("poetry", environments.LISTS) / "poetry"
        return self._run(program, command, "--no-interaction", "--no-ansi", *options)


class Pdm(Locker):
    template, lock_file = _PDM, "pdm.lock"

    def lock(self) -> Done:
        return self._pdm("lock", "--python", ">=3.11")

    def install(self) -> Done:
        return self._pdm("sync", "--no-self")

    def _pdm(self, command: str, *options: str) -> Done:
        program = programs("pdm", environments.LISTS) / "pdm"
        return self._run(program, command, *options)
