"""A row of the matrix: something that can be done at a door, and whose it is to do."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from tests.permissions.world import TEAM, World

Body = Mapping[str, Any] | Callable[[World], Any] | None
Door = Literal["page", "program", "upload", "desk", "open"]
PARAMETER = re.compile(r"<(?:[\w]+:)?(\w+)>|\(\?P<(\w+)>[^)]*\)")
SAFE = ("GET", "HEAD", "OPTIONS")


@dataclass(frozen=True)
class Action:
    """`method` at `route` is for those whose capability is `who`.

    `does` is the audited action that proves it, or the table that it changes; "" reads.  `body` is
    a form, or JSON for programs; or is made of the world.  `at` names the things that stand for
    parameters of the route where they are not `world.place` of the same name.  `before` brings
    about the state in which it makes a difference.  Who has to see the project first `sees` it as
    one who reads (a token must be made for that), or as one who acts.  `variant` tells rows of one
    address apart.
    """

    method: str
    route: str
    who: str
    does: str = ""
    body: Body = None
    door: Door = "page"
    at: Mapping[str, str] = field(default_factory=dict)
    before: Callable[[World], object] | None = None
    variant: str = ""
    query: str = ""
    sees: Literal["", "reads", "acts"] = ""
    content_type: str = ""
    modes: tuple[str, ...] = ("public", "private", "roles")

    def __str__(self) -> str:
        return f"{self.method} {self.route}{' ' if self.variant else ''}{self.variant}"

    @property
    def about_a_project(self) -> bool:
        return "<project:name>" in self.route or "projects/(?P<pk>" in self.route

    @property
    def about_the_team(self) -> bool:
        """The crew, and by its name; in whichever place of the address that is."""
        return TEAM in self.at.values()

    def address(self, world: World, **instead: Any) -> str:
        """Where it is done, in this world."""

        def value(match: re.Match[str]) -> str:
            name = match[1] or match[2]
            given = instead.get(name, world.place.get(self.at.get(name, name)))
            return str(self.at[name] if given is None else given)

        path = PARAMETER.sub(value, self.route)
        path = path.replace("^", "").replace("$", "").replace(r"\.", ".").removesuffix("?")
        return f"/{path}{self.query}"
