"""Questions and new rows in SQL, where the ORM is too slow or says it worse.

Django takes longer to write a statement than PostgreSQL to carry it out (docs/performance.md).  On
the way of an upload statements are therefore written once and for all; they yield the same models.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, NamedTuple, TypeVar

from django.db import connection, models
from django.db.models.expressions import DatabaseDefault

M = TypeVar("M", bound=models.Model)
_Converters = tuple[tuple[int, Any], ...]


def scalar(statement: str, facts: Mapping[str, Any]) -> Any:
    """The one value of the one row that `statement` yields; `facts` are its parameters."""
    with connection.cursor() as cursor:
        cursor.execute(statement, dict(facts))
        (value,) = cursor.fetchone()
    return value


def first(
    model: type[M], condition: str, facts: Mapping[str, Any], *, related: str = ""
) -> M | None:
    """The first row of a model's table (called ``it``) for which `condition` holds.

    The condition is SQL, from ``where`` on; what `facts` holds are its parameters.  `related` is a
    foreign key whose row (called ``other``) comes along, where there is one.
    """
    with connection.cursor() as cursor:
        cursor.execute(f"{_selection(model, related)} {condition} limit 1", dict(facts))
        row = cursor.fetchone()
    if row is None:
        return None
    mine = _shape(model)
    found = mine.load(model, row[: len(mine.names)])
    if related:
        other = _related(model, related)
        beside = row[len(mine.names) :]
        setattr(found, related, _shape(other).load(other, beside) if any(beside) else None)
    return found


def insert(row: M) -> M:
    """Add one row and give it its key.  As ``save`` of a new row, but no signal is sent."""
    fields = _shape(type(row)).fields
    given = {field.column: _value(row, field) for field in fields if not _is_default(row, field)}
    columns, places = ", ".join(f'"{name}"' for name in given), ", ".join(["%s"] * len(given))
    meta = row._meta
    statement = f'insert into "{meta.db_table}" ({columns}) values ({places})'  # noqa: S608
    with connection.cursor() as cursor:
        cursor.execute(f'{statement} returning "{meta.pk.column}"', list(given.values()))
        (row.pk,) = cursor.fetchone()
    row._state.adding, row._state.db = False, connection.alias  # noqa: SLF001 - as `save` does
    return row


class _Shape(NamedTuple):
    """How the rows of one table become instances."""

    fields: tuple[Any, ...]  # but for the automatic key
    names: tuple[str, ...]
    converters: _Converters

    def load(self, model: type[M], values: tuple[Any, ...]) -> M:
        given = [*values]
        for place, convert in self.converters:
            given[place] = convert(given[place], None, connection)
        return model.from_db(connection.alias, self.names, given)


@cache
def _shape(model: type[models.Model]) -> _Shape:
    every = model._meta.concrete_fields
    fields = tuple(field for field in every if not isinstance(field, models.AutoField))
    converters = tuple(
        (place, convert)
        for place, field in enumerate(every)
        for convert in field.get_db_converters(connection)
    )
    return _Shape(fields, tuple(field.attname for field in every), converters)


@cache
def _selection(model: type[models.Model], related: str) -> str:
    columns = _columns(model, "it")
    table = f'"{model._meta.db_table}" as it'
    if related:
        other = _related(model, related)
        columns += ", " + _columns(other, "other")
        key, column = other._meta.pk.column, model._meta.get_field(related).column  # type: ignore[union-attr]
        table += f' left join "{other._meta.db_table}" as other on other."{key}" = it."{column}"'
    return f"select {columns} from {table}"  # noqa: S608 - made of names of our own tables


def _columns(model: type[models.Model], alias: str) -> str:
    return ", ".join(f'{alias}."{field.column}"' for field in model._meta.concrete_fields)


def _related(model: type[models.Model], name: str) -> type[models.Model]:
    other = model._meta.get_field(name).related_model
    assert isinstance(other, type)
    return other


def _value(row: models.Model, field: Any) -> Any:
    return field.get_db_prep_save(field.pre_save(row, add=True), connection)


def _is_default(row: models.Model, field: Any) -> bool:
    """Whether the database fills it in."""
    return isinstance(getattr(row, field.attname), DatabaseDefault)
