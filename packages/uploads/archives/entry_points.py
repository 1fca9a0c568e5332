"""entry_points.txt: what a distribution plugs in, and its scripts (entry points specification)."""

import configparser
import re
from collections.abc import Iterator

from packages.uploads.findings import Finding, quoted, refuse, warn

SCRIPT_GROUPS = {"console_scripts", "gui_scripts"}

_NAME = re.compile(r"[\w.-]+")
_GROUP = re.compile(r"\w+(?:\.\w+)*")
_SCRIPT = re.compile(r"\s*[\w.]+\s*:\s*[\w.]+\s*(?:\[[^\]]*\]\s*)?")


class _Parser(configparser.ConfigParser):
    """INI as the specification wants it: `=` only, names as they are spelt."""

    def __init__(self) -> None:
        super().__init__(delimiters=("=",), interpolation=None, strict=False, default_section="\0")

    def optionxform(self, optionstr: str) -> str:
        return optionstr


def listed(data: bytes) -> list[str]:
    """The entry points as `group: name = value`; of what cannot be read, none."""
    parser = _Parser()
    try:
        parser.read_string(data.decode("utf-8"))
    except (UnicodeDecodeError, configparser.Error):
        return []
    groups = [(group, parser.items(group)) for group in parser.sections()]
    return [f"{group}: {name} = {value}" for group, items in groups for name, value in items]


def problems(data: bytes) -> Iterator[Finding]:
    """Everything wrong with entry_points.txt."""
    parser = _Parser()
    try:
        parser.read_string(data.decode("utf-8"))
    except (UnicodeDecodeError, configparser.Error):
        yield refuse(
            "invalid-entry-points",
            "entry_points.txt is not UTF-8 text in INI form with 'name = value' lines; build the"
            " wheel with a current build tool.",
        )
        return
    for group in parser.sections():
        yield from _group(group)
        for name, value in parser.items(group):
            yield from _entry(group, name, value)


def _group(group: str) -> Iterator[Finding]:
    if _GROUP.fullmatch(group) is None:
        yield warn(
            "odd-entry-point-group",
            f"The entry point group {quoted(group)} should consist of letters, digits and '_',"
            " joined by dots.",
        )


def _entry(group: str, name: str, value: str) -> Iterator[Finding]:
    if group not in SCRIPT_GROUPS:
        if _NAME.fullmatch(name) is None:
            yield warn(
                "odd-entry-point-name",
                f"The entry point {quoted(name)} should have a name of letters, digits, '_', '.'"
                " and '-'.",
            )
        return
    # A script's name becomes the name of a file.
    if _NAME.fullmatch(name) is None or not name.strip("."):
        yield refuse(
            "invalid-script-name",
            f"The script {quoted(name)} must have a name of letters, digits, '_', '.' and '-'.",
        )
    if _SCRIPT.fullmatch(value) is None:
        yield refuse(
            "invalid-script",
            f"The script {quoted(name)} must name a function as 'module:function', and not"
            f" {quoted(value)}.",
        )
