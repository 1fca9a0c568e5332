"""Which rows somebody may find: a condition in every statement that reads the table."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

from django.db.models import Q

from packages.models import Project, Reader
from packages.models.reader import ANYBODY
from search.models import SearchDocument

# Stands in the statements where the condition belongs; true as it is.
SEEN: Final = "/* seen */ true"
_SHARED: Final = "not private"
_SHARED_OR_OWN: Final = "(not private or project_id = any(%(own)s))"
_OWN: Final = "project_id = any(%(own)s)"


@dataclass(frozen=True)
class Sight:
    """The condition; `own` are keys of projects that the reader sees beside what all see."""

    condition: str
    own: tuple[int, ...] = ()
    rows: Q = field(default_factory=Q)

    def apply(self, statement: str) -> str:
        return statement.replace(SEEN, self.condition)

    def placed(self) -> tuple[str, list[Any]]:
        """The condition and its parameters, for a statement whose parameters have no names."""
        return self.condition.replace("%(own)s", "%s"), [*self.parameters.values()]

    @property
    def parameters(self) -> dict[str, Any]:
        return {"own": list(self.own)} if "%(own)s" in self.condition else {}


def of(reader: Reader) -> Sight:
    """What it is for a reader: a boolean, or the keys of the projects that he has a role on."""
    if reader.sees_all:
        return Sight("true")
    if reader.shares and not SearchDocument.objects.filter(private=True).exists():
        return Sight("true")  # then no statement looks beyond its indexes
    if reader == ANYBODY and reader.shares:
        return SHARED
    own = tuple(Project.objects.filter(reader.own()).values_list("pk", flat=True))
    mine = Q(pk__in=own)
    if reader.shares:
        return Sight(_SHARED_OR_OWN, own, Q(private=False) | mine) if own else SHARED
    return Sight(_OWN, own, mine)


SHARED: Final = Sight(_SHARED, rows=Q(private=False))
