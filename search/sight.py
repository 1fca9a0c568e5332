"""Which rows somebody may find: a condition in every statement that reads the table."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

from django.db import connection
from django.db.models import Q

from packages.models import Project, Reader

# Where conditions belong in the statements; true as they are.  `SEEN` narrows what is looked
# through, `SHOWN` is asked of each row that somebody gets to see, or to count.
SEEN: Final = "/* seen */ true"
SHOWN: Final = "/* shown */ true"
MANY: Final = 1000  # projects that are hidden from somebody; of more, each row must say it
_PUBLIC: Final = "(not private or project_id = any(%(own)s))"
_OWN: Final = "project_id = any(%(own)s)"
# Indexes carry the key of a row and not whether it is private, so by keys no row is unpacked.
_BUT_HIDDEN: Final = "project_id <> all(%(hidden)s)"
_PRIVATE: Final = "select project_id from search_searchdocument where private limit %s"


@dataclass(frozen=True)
class Sight:
    """`own` are private projects that the reader sees, `hidden` are those that he does not.

    A row may become private after `hidden` was read: then `shown` keeps it back.
    """

    seen: str = "true"
    shown: str = "true"
    own: tuple[int, ...] = ()
    hidden: tuple[int, ...] = ()
    rows: Q = field(default_factory=Q)  # as `shown`, for the ORM

    def apply(self, statement: str) -> str:
        return statement.replace(SEEN, self.seen).replace(SHOWN, self.shown)

    @property
    def parameters(self) -> dict[str, Any]:
        return {"own": list(self.own), "hidden": list(self.hidden)}


def of(reader: Reader) -> Sight:
    """Everything, what all see beside his own, or his own alone."""
    if reader.sees_all:
        return Sight()
    if not reader.shares:
        own = _own(reader)
        return Sight(_OWN, _OWN, own, rows=Q(pk__in=own))
    private = _private()
    return _shared(private, _own(reader) if private and reader.user else ())


def _shared(private: set[int], own: tuple[int, ...] = ()) -> Sight:
    hidden = tuple(sorted(private.difference(own)))
    few = _BUT_HIDDEN if hidden else "true"
    seen = few if len(private) <= MANY else _PUBLIC
    rows = Q(private=False) | Q(pk__in=own) if own else Q(private=False)
    return Sight(seen, _PUBLIC, own, hidden, rows)


def _private() -> set[int]:
    """Keys of private projects, from an index of these alone; of very many, some."""
    with connection.cursor() as cursor:
        cursor.execute(_PRIVATE, [MANY + 1])
        return {key for (key,) in cursor.fetchall()}


def _own(reader: Reader) -> tuple[int, ...]:
    return tuple(Project.objects.filter(reader.own()).values_list("pk", flat=True))


SHARED: Final = _shared(set())
