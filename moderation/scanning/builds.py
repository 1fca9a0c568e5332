"""What a project's configuration says of how it is built: by code of its own."""

from __future__ import annotations

import configparser
import json
import tomllib
from collections.abc import Iterator
from typing import Any, NamedTuple

BACKEND = "It is built by a backend that it brings along."
_COMMAND = "A command of its own takes the place of one that builds or installs."
_CODE = "Code of its own runs while it is built."

# Where pyproject.toml says so, and what that means.
_TABLES: dict[tuple[str, ...], str] = {
    ("build-system", "backend-path"): BACKEND,
    ("tool", "setuptools", "cmdclass"): _COMMAND,
    ("tool", "hatch", "build", "hooks", "custom"): _CODE,
    ("tool", "hatch", "build", "targets", "wheel", "hooks", "custom"): _CODE,
    ("tool", "hatch", "build", "targets", "sdist", "hooks", "custom"): _CODE,
    ("tool", "hatch", "metadata", "hooks", "custom"): _CODE,
    ("tool", "poetry", "build"): _CODE,
    ("tool", "pdm", "build", "custom-hook"): _CODE,
    ("tool", "pdm", "build", "run-setuptools"): _CODE,
}
# The same of setup.cfg.
_OPTIONS = (("options", "cmdclass"), ("global", "command_packages"), ("global", "command-packages"))


class Declared(NamedTuple):
    """Something that the configuration declares; `key` and `value` as it has them."""

    rule: str
    sentence: str
    key: str
    value: str

    def line(self, data: bytes) -> int:
        """Where the key stands, or 1 where it is written in another way."""
        key = self.key.encode()
        return next((n for n, row in enumerate(data.split(b"\n"), 1) if key in row), 1)


def declared(name: str, data: bytes) -> list[Declared]:
    """What the configuration file of this name declares; nothing if no tool could read it."""
    try:
        text = data.decode("utf-8-sig")
        read = _of_setup_cfg if name.endswith("setup.cfg") else _of_pyproject
        return list(read(text))
    except (ValueError, RecursionError, configparser.Error):
        return []


def _of_pyproject(text: str) -> Iterator[Declared]:
    document = tomllib.loads(text)
    for path, sentence in _TABLES.items():
        if value := _value(document, path):
            rule = "backend_in_tree" if sentence is BACKEND else "build_by_own_code"
            yield Declared(rule, sentence, path[-1], json.dumps(value, default=str))


def _value(table: Any, path: tuple[str, ...]) -> Any:
    for key in path:
        table = table.get(key) if isinstance(table, dict) else None
    return table


def _of_setup_cfg(text: str) -> Iterator[Declared]:
    parser = configparser.RawConfigParser(strict=False, delimiters=("=", ":"))
    parser.read_string(text)
    for section, key in _OPTIONS:
        if value := parser.get(section, key, fallback=""):
            yield Declared("build_by_own_code", _COMMAND, key, " ".join(value.split()))
