"""The corpus into the tables, by COPY and by the statement that documents are written with."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import astuple
from functools import partial

from django.db import connection
from django.db.models import Index
from django.utils import timezone

from benchmarks.search.corpus import Corpus, Entry
from packages.models import Project
from search import documents, filters, labels, popularity
from search.models import Label, Scale, SearchDocument

COLUMNS = ("id", "name", "normalized_name", "created_at", "published_at", "status")


def load(corpus: Corpus) -> None:
    """Projects, documents, indexes; says how long each took."""
    _execute("set maintenance_work_mem = '1GB'", "set synchronous_commit = off")
    entries = list(corpus.entries())
    scale = _scaled(corpus, entries)
    # Names are compared in the corpus; a lock for each would be too many for one transaction.
    _execute("alter table packages_project disable trigger user")
    _timed("projects", lambda: _copy_projects(entries))
    _execute("alter table packages_project enable trigger user")
    with connection.schema_editor() as editor:
        for index in SearchDocument._meta.indexes:
            editor.remove_index(SearchDocument, index)
    _timed("texts", lambda: _copy_texts(entries, scale))
    _timed("vectors", lambda: _execute(documents.INSERT, _DOWNLOADS, "drop table given, counted"))
    for index in SearchDocument._meta.indexes:
        _timed(index.name, partial(_add, index))
    go_on_with_keys()
    _execute("vacuum analyze")


def go_on_with_keys() -> None:
    """COPY brought keys of its own: what is made from now on gets others."""
    for model in (Project, Label):
        table = model._meta.db_table
        _execute(f"select setval(pg_get_serial_sequence('{table}', 'id'), max(id)) from {table}")


_DOWNLOADS = """
    update search_searchdocument d set downloads = c.downloads
    from counted c where c.project_id = d.project_id and c.downloads > 100000
"""


def _add(index: Index) -> None:
    with connection.schema_editor() as editor:
        editor.add_index(SearchDocument, index)


def _timed(what: str, action: Callable[[], None]) -> None:
    started = time.perf_counter()
    action()
    print(f"  {what:<20} {time.perf_counter() - started:7.1f} s", flush=True)


def _execute(*statements: str) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def _scaled(corpus: Corpus, entries: list[Entry]) -> Scale:
    """Popularity as the daily job would have measured it."""
    scale = Scale(pk=1, most_downloads=max(corpus.names.values()))
    priors = sorted((_prior(entry, scale) for entry in entries), reverse=True)
    floors = [priors[size - 1] if size <= len(priors) else 0.0 for size in popularity.SIZES]
    scale.floor_0, scale.floor_1 = floors
    scale.save()
    return scale


def _prior(entry: Entry, scale: Scale) -> float:
    return popularity.worth(entry.downloads, entry.updated_at, "active", scale).prior


def _copy_projects(entries: list[Entry]) -> None:
    table = Project._meta.db_table
    now = timezone.now()
    with connection.cursor() as cursor:
        columns = ", ".join(COLUMNS)
        given = "serial, status_reason, stages_uploads"
        with cursor.copy(f"copy {table} ({columns}, {given}) from stdin") as copy:
            for entry in entries:
                fixed = (now, now, "active", 0, "", False)
                copy.write_row((entry.key, entry.name, entry.name, *fixed))


def _copy_texts(entries: list[Entry], scale: Scale) -> None:
    types = ", ".join(f"{column} {_type(column)}" for column in documents.COLUMNS)
    _execute("drop table if exists given, counted")  # of a load that was interrupted
    _execute(f"create unlogged table given ({types})")
    _execute("create unlogged table counted (project_id int, downloads bigint)")
    numbers: dict[str, int] = {}
    with connection.cursor() as cursor, cursor.copy("copy given from stdin") as copy:
        for entry in entries:
            copy.write_row(astuple(_row(entry, scale, numbers)))
    with connection.cursor() as cursor, cursor.copy("copy counted from stdin") as copy:
        for entry in entries:
            copy.write_row((entry.key, entry.downloads))
    fresh = [Label(pk=key, field="classifier", value=value) for value, key in numbers.items()]
    Label.objects.bulk_create(fresh)


def _type(column: str) -> str:
    """As the table has it; what becomes a vector is text."""
    if column in documents.SHOWN:
        field = SearchDocument._meta.get_field(column.removesuffix("_id"))
        return "bigint" if field.is_relation else str(field.db_type(connection))
    return "text[]" if column == "lexemes" else "text"


def _row(entry: Entry, scale: Scale, numbers: dict[str, int]) -> documents.Row:
    worth = popularity.worth(entry.downloads, entry.updated_at, "active", scale)
    classifiers = labels.with_parents(entry.metadata["classifier"])
    facets = [numbers.setdefault(value, len(numbers) + 1) for value in classifiers]
    lexemes = filters.lexemes(entry.metadata, ">=3.9", entry.imports, ["keeper"])
    lexemes += [filters.lexeme("classifier", str(number)) for number in facets]
    return documents.Row(
        project_id=entry.key,
        name=entry.name,
        normalized_name=entry.name,
        version="1.0",
        summary=entry.summary,
        updated_at=entry.updated_at,
        private=False,
        status="active",
        standing=worth.standing,
        prior=worth.prior,
        tier=worth.tier,
        facets=facets,
        imports=entry.imports,
        imports_from="",
        **documents.texts(entry.name, entry.summary, entry.metadata, entry.imports),
        lexemes=lexemes,
    )


def sizes() -> Iterator[tuple[str, int]]:
    """Bytes of the table and of each index."""
    with connection.cursor() as cursor:
        cursor.execute("""
            select relname, case when relkind = 'i' then pg_relation_size(oid)
                else pg_table_size(oid) end
            from pg_class where oid = 'search_searchdocument'::regclass or oid in (
                select indexrelid from pg_index where indrelid = 'search_searchdocument'::regclass)
            order by 2 desc
        """)
        yield from cursor.fetchall()
