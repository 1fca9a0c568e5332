"""From a project to its row."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import astuple, dataclass, fields
from datetime import datetime
from functools import cache
from typing import Any, Final

from django.db import connection, transaction

from packages import insiders
from packages.models import Project, Release
from search import filters, importable, labels, popularity, words
from search.models import Scale, SearchDocument

REVISION: Final = 2  # raise it when rows must be written anew; `prepare` then has a job do it
DESCRIPTION_LIMIT: Final = 20_000  # characters; a tsvector may take 1 MB


@dataclass(frozen=True)
class Row:
    """Values for the table, and folded texts for its vectors, the weightiest first."""

    project_id: int
    name: str
    normalized_name: str
    version: str
    summary: str
    updated_at: datetime
    private: bool
    status: str
    standing: float
    prior: float
    tier: int
    facets: list[int]
    imports: list[str]
    imports_from: str
    title: str
    about: str
    context: str
    description: str
    lexemes: list[str]


COLUMNS: Final = tuple(field.name for field in fields(Row))
SHOWN: Final = COLUMNS[: COLUMNS.index("title")]
# Literal words and English stems side by side: "interfaces" is found by either, and the very
# word counts twice.  Queries are made with the same two configurations (see `compiling`).
_GAP = " || '|:9'::tsvector || "  # or a phrase would go on from one text to the next
_HEAD = _GAP.join(
    [
        "setweight(to_tsvector('simple', title), 'A')",
        "setweight(to_tsvector('english', title), 'A')",
        "setweight(to_tsvector('simple', about), 'B')",
        "setweight(to_tsvector('english', about), 'B')",
    ]
)
_REST = _GAP.join(
    [
        "setweight(to_tsvector('english', context), 'C')",
        "to_tsvector('simple', context)",
        "to_tsvector('english', description)",
        "array_to_tsvector(lexemes)",
    ]
)
_UPDATES = ", ".join(
    f"{name} = excluded.{name}" for name in (*SHOWN[1:], "revision", "head", "vector")
)
# Rows of texts, from anywhere, become documents; the benchmark loads its corpus by this, too.
INSERT: Final = f"""
    insert into search_searchdocument ({", ".join(SHOWN)}, revision, head, vector)
    select {", ".join(SHOWN)}, {REVISION}, {_HEAD}, {_HEAD}{_GAP}{_REST} from given
    on conflict (project_id) do update set {_UPDATES}
"""  # noqa: S608 - made of our own constants
_ARRAYS: Final = {"facets": "%s::int[]", "imports": "%s::text[]", "lexemes": "%s::text[]"}
_VALUES = ", ".join(_ARRAYS.get(column, "%s") for column in COLUMNS)
_GIVEN: Final = f"with given ({', '.join(COLUMNS)}) as (values ({_VALUES}))"
_READ: Final = (
    *("project", "version", "summary", "requires_python", "metadata"),
    *("published_at", "yanked_at"),
)
_SOME_PROJECT: Final = -1


@transaction.atomic
def update(project_pk: int) -> bool:
    """Bring one project's row up to date: written, or gone if it may not be found.

    The project's lock keeps two jobs for it from overtaking each other.
    """
    project = Project.objects.select_for_update().filter(pk=project_pk).first()
    release = _shown(project) if project else None
    if project is None or release is None:
        SearchDocument.objects.filter(project_id=project_pk).delete()
        return False
    row = _row(project, release)
    with connection.cursor() as cursor:
        cursor.execute(_GIVEN + INSERT, astuple(row))
    return True


def _shown(project: Project) -> Release | None:
    """The release that stands for the project, if it may be found at all."""
    statement, values = _best_release()
    given = [project.pk if value == _SOME_PROJECT else value for value in values]
    return next(iter(Release.objects.raw(statement, given)), None)


@cache
def _best_release() -> tuple[str, tuple[Any, ...]]:
    """The statement for it, put together once: that takes ten times as long as to run it."""
    releases = Release.objects.filter(project=_SOME_PROJECT).standing().with_files()
    best = releases.only(*_READ).best_first()[:1]
    statement, values = best.query.sql_with_params()
    return statement, values


def _row(project: Project, release: Release) -> Row:
    old = _old(project)
    status = "yanked" if release.yanked_at else project.status
    worth = popularity.worth(old.downloads, release.published_at, status, old.scale)
    imports, imports_from = _imports(release, old)
    owners = [each.username for each in insiders.standings(project)]
    facets = _facets(release.metadata)
    return Row(
        project_id=project.pk,
        name=project.name,
        normalized_name=project.normalized_name,
        version=release.version,
        summary=release.summary,
        updated_at=release.published_at,
        private=project.private,
        status=status,
        standing=worth.standing,
        prior=worth.prior,
        tier=worth.tier,
        facets=facets,
        imports=imports,
        imports_from=imports_from,
        **texts(project.name, release.summary, release.metadata, [*imports, *owners]),
        lexemes=_lexemes(release, facets, imports, owners),
    )


@dataclass(frozen=True)
class _Old:
    """What a new row takes over from the one before it, and what popularity is measured by."""

    downloads: int
    imports: list[str]
    imports_from: str
    scale: Scale


# A power cut may take the last rows with it, but with them what says that their jobs are done.
_OLD: Final = """
    select set_config('synchronous_commit', 'off', true),
        coalesce(downloads, 0), coalesce(imports, '{}'), coalesce(imports_from, ''),
        coalesce(most_downloads, 0), coalesce(floor_0, 0), coalesce(floor_1, 0)
    from (select %s::bigint as project_id) as wanted
    left join search_searchdocument using (project_id) left join search_scale on true
"""


def _old(project: Project) -> _Old:
    with connection.cursor() as cursor:
        cursor.execute(_OLD, [project.pk])
        _, downloads, imports, imports_from, most, floor_0, floor_1 = cursor.fetchone()
    scale = Scale(most_downloads=most, floor_0=floor_0, floor_1=floor_1)
    return _Old(downloads, imports, imports_from, scale)


def texts(
    name: str, summary: str, metadata: dict[str, Any], others: Iterable[str]
) -> dict[str, str]:
    """The folded texts of a document, by weight; `others` are import names and owners."""
    classifiers = (value.rpartition(" :: ")[2] for value in metadata.get("classifier") or [])
    people = filters.names_of_people(metadata)
    description = words.without_markup(str(metadata.get("description") or ""), DESCRIPTION_LIMIT)
    return {
        "title": words.name_words(name),
        "about": words.fold(" ".join([summary, *filters.keywords(metadata)])),
        "context": words.fold(" ".join([*others, *people, *classifiers])),
        "description": words.fold(description),
    }


def _imports(release: Release, old: _Old) -> tuple[list[str], str]:
    """Names to import; a wheel is opened once, for a change of the project says nothing new."""
    if names := importable.declared(release.metadata):
        return names, ""
    wheel = importable.wheel_of(release)
    if wheel is None:
        return [], ""
    if old.imports_from == wheel.sha256:
        return old.imports, wheel.sha256
    return importable.found_in(wheel.sha256), wheel.sha256


def _facets(metadata: dict[str, Any]) -> list[int]:
    classifiers = labels.with_parents(metadata.get("classifier") or [])
    wanted = [(labels.LICENSE, text) for text in filters.texts_of_license(metadata)]
    wanted += [(labels.CLASSIFIER, value) for value in classifiers]
    numbers = labels.numbers(wanted)
    return sorted(numbers[labels.CLASSIFIER, value] for value in classifiers)


def _lexemes(
    release: Release, facets: list[int], imports: list[str], owners: Iterable[str]
) -> list[str]:
    values = filters.lexemes(release.metadata, release.requires_python, imports, owners)
    return [*values, *(filters.lexeme("classifier", str(number)) for number in facets)]
