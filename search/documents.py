"""From a project to its row."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import astuple, dataclass, fields
from datetime import datetime
from typing import Any, Final

from django.db import connection, transaction

from packages.models import Project, Release, Role
from search import filters, importable, labels, popularity, words
from search.models import SearchDocument

REVISION: Final = 1  # raise it when rows must be written anew; `prepare` then has a job do it
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
_HEAD = """
    setweight(to_tsvector('simple', title), 'A') || setweight(to_tsvector('english', title), 'A')
    || setweight(to_tsvector('simple', about), 'B') || setweight(to_tsvector('english', about), 'B')
"""
_REST = """
    setweight(to_tsvector('english', context), 'C') || to_tsvector('simple', context)
    || to_tsvector('english', description) || array_to_tsvector(lexemes)
"""
_UPDATES = ", ".join(
    f"{name} = excluded.{name}" for name in (*SHOWN[1:], "revision", "head", "vector")
)
# Rows of texts, from anywhere, become documents; the benchmark loads its corpus by this, too.
INSERT: Final = f"""
    insert into search_searchdocument ({", ".join(SHOWN)}, revision, head, vector)
    select {", ".join(SHOWN)}, {REVISION}, {_HEAD}, {_HEAD} || {_REST} from given
    on conflict (project_id) do update set {_UPDATES}
"""  # noqa: S608 - made of our own constants
_ARRAYS: Final = {"facets": "%s::int[]", "imports": "%s::text[]", "lexemes": "%s::text[]"}
_VALUES = ", ".join(_ARRAYS.get(column, "%s") for column in COLUMNS)
_GIVEN: Final = f"with given ({', '.join(COLUMNS)}) as (values ({_VALUES}))"


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
    if not Project.objects.listed().filter(pk=project.pk).exists():
        return None
    return project.releases.offered().with_files().best_first().first()


def _row(project: Project, release: Release) -> Row:
    known = SearchDocument.objects.filter(pk=project.pk)
    old = known.only("downloads", "imports", "imports_from").first()
    status = "yanked" if release.yanked_at else project.status
    worth = popularity.worth(old.downloads if old else 0, release.published_at, status)
    imports, imports_from = _imports(release, old)
    owners = Role.objects.filter(project=project).values_list("user__username", flat=True)
    facets = _facets(release.metadata)
    return Row(
        project_id=project.pk,
        name=project.name,
        normalized_name=project.normalized_name,
        version=release.version,
        summary=release.summary,
        updated_at=release.published_at,
        status=status,
        standing=worth.standing,
        prior=worth.prior,
        tier=worth.tier,
        facets=facets,
        imports=imports,
        imports_from=imports_from,
        **texts(project.name, release.summary, release.metadata, imports),
        lexemes=_lexemes(release, facets, imports, owners),
    )


def texts(
    name: str, summary: str, metadata: dict[str, Any], imports: Iterable[str]
) -> dict[str, str]:
    """The folded texts of a document, by weight."""
    classifiers = (value.rpartition(" :: ")[2] for value in metadata.get("classifier") or [])
    people = (str(metadata.get(key, "")) for key in ("author", "maintainer"))
    description = words.without_markup(str(metadata.get("description") or ""), DESCRIPTION_LIMIT)
    return {
        "title": words.name_words(name),
        "about": words.fold(" ".join([summary, *filters.keywords(metadata)])),
        "context": words.fold(" ".join([*imports, *people, *classifiers])),
        "description": words.fold(description),
    }


def _imports(release: Release, old: SearchDocument | None) -> tuple[list[str], str]:
    """Names to import; a wheel is opened once, for a change of the project says nothing new."""
    if names := importable.declared(release.metadata):
        return names, ""
    wheel = importable.wheel_of(release)
    if wheel is None:
        return [], ""
    if old and old.imports_from == wheel.sha256:
        return old.imports or [], wheel.sha256
    return importable.found_in(wheel.sha256), wheel.sha256


def _facets(metadata: dict[str, Any]) -> list[int]:
    labels.keys(labels.LICENSE, filters.texts_of_license(metadata))
    classifiers = labels.with_parents(metadata.get("classifier") or [])
    return labels.keys(labels.CLASSIFIER, classifiers)


def _lexemes(
    release: Release, facets: list[int], imports: list[str], owners: Iterable[str]
) -> list[str]:
    values = filters.lexemes(release.metadata, release.requires_python, imports, owners)
    return [*values, *(filters.lexeme("classifier", str(number)) for number in facets)]
