"""Names that somebody may have meant."""

from __future__ import annotations

from typing import Any, Final

from django.db import connection

from search.sight import SEEN, SHARED, Sight

SHORTEST: Final = 3  # letters; everything is like "ab"
MOST: Final = 5
# Slips of the first letter are rare: what shares it is compared letter by letter, the rest
# by trigrams.
_NEAR: Final = f"""
    (select project_id, key, prior from search_searchdocument
    where tier <= 1 and key <> '' and key like %(first)s and {SEEN}
    and length(key) between %(shortest)s and %(longest)s
    and levenshtein_less_equal(key, %(key)s, %(slips)s) <= %(slips)s
    order by prior desc limit 40)
    union
    (select project_id, key, prior from search_searchdocument
    where tier <= 1 and key %% %(key)s and {SEEN}
    order by similarity(key, %(key)s) * (0.5 + prior) desc limit 40)
"""  # noqa: S608 - made of our own constants
_FAR: Final = f"""
    select project_id, key, prior from search_searchdocument
    where key %% %(key)s and {SEEN} order by similarity(key, %(key)s) desc, prior desc limit 40
"""  # noqa: S608 - made of our own constants


def near(key: str, sight: Sight = SHARED) -> list[int]:
    """Projects whose names are some slips of the fingers away, the likeliest first."""
    if len(key) < SHORTEST:
        return []
    found = _ranked(key, _rows(_NEAR, key, sight, similarity=0.3))
    return found or _ranked(key, _rows(_FAR, key, sight, similarity=0.6))


def _rows(
    statement: str, key: str, sight: Sight, similarity: float
) -> list[tuple[int, str, float]]:
    slips = allowed(key)
    parameters: dict[str, Any] = {
        **sight.parameters,
        "key": key,
        "first": f"{key[0]}%",
        "slips": slips + 1,  # two letters that changed places count as two here
        "shortest": len(key) - slips,
        "longest": len(key) + slips,
    }
    with connection.cursor() as cursor:
        threshold = "select set_config('pg_trgm.similarity_threshold', %s, true)"
        cursor.execute(threshold, [str(similarity)])
        cursor.execute(sight.apply(statement), parameters)
        return list(cursor.fetchall())


def allowed(key: str) -> int:
    """Slips that a word of this length may have."""
    return 1 if len(key) <= 5 else 2


def _ranked(key: str, rows: list[tuple[int, str, float]]) -> list[int]:
    scored = [(distance(key, name), -prior, project) for project, name, prior in rows]
    near = sorted(entry for entry in scored if entry[0] <= allowed(key))
    return [project for _, _, project in near[:MOST]]


def distance(one: str, other: str) -> int:
    """Letters added, left out, changed, or swapped with their neighbour."""
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, letter in enumerate(one, 1):
        earlier, before, row = before, row, [i]
        for j, found in enumerate(other, 1):
            best = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (letter != found))
            if i > 1 and j > 1 and letter == other[j - 2] and one[i - 2] == found:
                best = min(best, earlier[j - 2] + 1)
            row.append(best)
    return row[-1]
