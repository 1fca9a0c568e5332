"""How each tool publishes the project that lies in a folder, as its documentation says."""

from __future__ import annotations

import os
import shutil
import subprocess
from abc import abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from tests.factories.dists import make_sdist, make_wheel
from tests.protocol.clients import BIN, Tools
from tests.protocol.publishers import environments

Done = subprocess.CompletedProcess[str]

PYPROJECT = """
[build-system]
requires = ["flit_core"]
build-backend = "flit_core.buildapi"

[project]
name = "{name}"
version = "{version}"
description = "{description}"
requires-python = ">=3.8"
"""
PYPIRC = """
[distutils]
index-servers = ours

[ours]
repository = {url}/legacy/
username = __token__
password = {token}
"""
# Real twine, but for its rule that --skip-existing is for the hosts of PyPI alone.
ANY_HOST = """
from twine import __main__, settings
settings.Settings.verify_feature_capability = lambda self: None
raise SystemExit(__main__.main())
"""


@dataclass(frozen=True)
class Publisher(Tools):
    """One tool in the folder of a project, which is its home and its configuration, too."""

    requirements: ClassVar[str] = ""  # its list; "" when it stands in requirements-dev.txt
    skip: ClassVar[tuple[str, ...]] = ()  # what makes it go on where a file exists
    wordy: ClassVar[tuple[str, ...]] = ()  # what makes it show more of an answer than its status
    asks_first: ClassVar[bool] = False  # whether it looks at our page and sends nothing twice

    @property
    def bin(self) -> Path:
        return environments.programs(self.requirements) if self.requirements else BIN

    @property
    def dist(self) -> Path:
        return self.home / "dist"

    def make_project(self, name: str, version: str = "1.0", description: str = "One") -> None:
        """The sources, and a wheel and an sdist of them for the tools that take what is there."""
        shutil.rmtree(self.dist, ignore_errors=True)
        self.home.mkdir(parents=True, exist_ok=True)
        text = PYPROJECT.format(name=name, version=version, description=description)
        (self.home / "pyproject.toml").write_text(text)
        module = f'"""{description}"""\n__version__ = "{version}"\n'
        path = self.home / f"{name.replace('-', '_')}.py"
        path.write_text(module)
        os.utime(path, (1_700_000_000, 1_700_000_000))
        files = {path.name: module}
        make_wheel(self.dist, name, version, files=files)
        make_sdist(self.dist, name, version, files=files)

    def distributions(self) -> list[Path]:
        return sorted(path for path in self.dist.iterdir() if path.name.endswith((".whl", ".gz")))

    def said(self, done: Done) -> str:
        """Its output on one line, as some tools break theirs."""
        return " ".join(done.stdout.split())

    @abstractmethod
    def publish(self, *options: str) -> Done:
        """Send everything in ``dist/`` to our index."""


class Twine7(Publisher):
    skip = ("--skip-existing",)

    def publish(self, *options: str) -> Done:
        (self.home / ".pypirc").write_text(PYPIRC.format(url=self.url, token=self.token))
        arguments = ["upload", "--non-interactive", "--disable-progress-bar", "-r", "ours"]
        return self._run(*self._program(options), *arguments, *options, *self.distributions())

    def _program(self, options: tuple[str, ...]) -> tuple[Path | str, ...]:
        if self.skip[0] in options:
            return self.bin / "python", "-c", ANY_HOST
        return (self.bin / "twine",)

    def publish_as_it_is(self, *options: str) -> Done:
        where = ["--repository-url", f"{self.url}/legacy/", "-u", "__token__", "-p", self.token]
        return self._run(self.bin / "twine", "upload", *where, *options, *self.distributions())


class Twine6(Twine7):
    requirements = "twine6"


class Uv(Publisher):
    def publish(self, *options: str) -> Done:
        return self.uv_publish(*self.distributions(), options=options)


class Poetry(Publisher):
    requirements, skip = "poetry", ("--skip-existing",)

    def publish(self, *options: str) -> Done:
        settings = f'[repositories.ours]\nurl = "{self.url}/legacy/"\n[keyring]\nenabled = false\n'
        (self.home / "poetry.toml").write_text(settings)
        login = ["-u", "__token__", "-p", self.token]
        quiet = ["--no-interaction", "--no-ansi"]
        return self._run(self.bin / "poetry", "publish", *quiet, "-r", "ours", *login, *options)


class Hatch(Publisher):
    requirements, asks_first = "hatch", True

    def publish(self, *options: str) -> Done:
        login = ["--user", "__token__", "--auth", self.token, "--no-prompt"]
        return self._run(
            self.bin / "hatch", "publish", "--repo", f"{self.url}/legacy/", *login, *options
        )


class Flit(Publisher):
    """Builds anew whenever it publishes: the same bytes while no source changes."""

    requirements = "flit"

    def publish(self, *options: str) -> Done:
        (self.home / ".pypirc").write_text(PYPIRC.format(url=self.url, token=self.token))
        for path in self.distributions():
            path.unlink()
        return self._run(self.bin / "flit", "publish", "--repository", "ours", *options)


class Pdm(Publisher):
    """Its cache of pages loses the reason phrase; the sentence is in the body, for the curious."""

    requirements, skip, wordy = "pdm", ("--skip-existing",), ("-vv",)

    def publish(self, *options: str) -> Done:
        (self.home / "pdm.toml").write_text("check_update = false\n")
        login = ["-u", "__token__", "-P", self.token]
        where = ["--no-build", "-r", f"{self.url}/legacy/"]
        return self._run(self.bin / "pdm", "publish", *where, *login, *options)


PUBLISHERS: dict[str, type[Any]] = {
    "twine6": Twine6,
    "twine7": Twine7,
    "uv": Uv,
    "poetry": Poetry,
    "hatch": Hatch,
    "flit": Flit,
    "pdm": Pdm,
}
