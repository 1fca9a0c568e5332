"""How each policy is set on this site: what the code says, unless a moderator changed it.

Every process asks the database once in `SECONDS`, for all policies together, so that an upload
costs no statement for it; a change counts everywhere within that time, and here at once.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from django.template.defaultfilters import floatformat

from moderation.models import PolicySetting

SECONDS = 30.0


@dataclass(frozen=True)
class Number:
    """A threshold: how it is called, what it is by default, and from where to where it may go.

    A default that is found out elsewhere, such as one that was learned, is a function; then 0
    stands for it.
    """

    name: str
    label: str
    default: float | Callable[[], float]
    least: float = 0
    most: float = 1_000_000
    choices: tuple[tuple[int, str], ...] = ()

    @property
    def whole(self) -> bool:
        return isinstance(self.default, int)

    @property
    def usual(self) -> float:
        """What it is by default, now."""
        return self.default() if callable(self.default) else self.default

    def told(self, value: float | None) -> str:
        """A value for people: one of the choices, or the number."""
        if value is None:
            return ""
        return dict(self.choices).get(int(value), floatformat(value, "-2"))

    def is_usual(self, value: float) -> bool:
        """Whether a value follows the default, wherever that goes."""
        return callable(self.default) and value in (0, self.usual)


@dataclass(frozen=True)
class Setting:
    """How a policy is set."""

    enabled: bool = True
    action: str = ""
    numbers: Mapping[str, float] = field(default_factory=dict)


class _Cache:
    """The rows as this process has read them last."""

    def __init__(self) -> None:
        self.rows: dict[str, Setting] = {}
        self.until = 0.0


_cache = _Cache()


def of(code: str) -> Setting | None:
    """The setting of a policy; None while it is as in the code."""
    if time.monotonic() >= _cache.until:
        rows = PolicySetting.objects.values_list("code", "enabled", "action", "numbers")
        _cache.rows = {code: Setting(*facts) for code, *facts in rows}
        _cache.until = time.monotonic() + SECONDS
    return _cache.rows.get(code)


def forget() -> None:
    """Read them anew when they are asked for next."""
    _cache.until = 0.0
