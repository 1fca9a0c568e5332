"""From a parsed search to PostgreSQL's tsquery.

Words are stemmed by the very configurations that `documents` stems with, or "interface" would be
missed; everything else is quoted, so nothing that somebody types can be an operator.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db import connection

from packages import names
from search import filters, labels, words
from search.language import InvalidQuery, Query, Term

_STEMS: Final = """
    select case when phrase then phraseto_tsquery('english', words)
           else plainto_tsquery('english', words) end::text,
           case when phrase then phraseto_tsquery('simple', words)
           else plainto_tsquery('simple', words) end::text
    from unnest(%s::text[], %s::bool[]) with ordinality as asked (words, phrase, place)
    order by place
"""


@dataclass(frozen=True)
class Compiled:
    """A search as PostgreSQL takes it.  Empty texts ask for nothing.

    `every` are the words that must be there, `some` the same with one of them enough, `filters`
    what is asked of fields and what may not be there.
    """

    every: str = ""
    some: str = ""
    filters: str = ""
    name: str = ""
    key: str = ""
    single: bool = False
    positive: bool = False  # it asks for something, not only without something
    phrased: bool = False
    start: datetime | None = None
    end: datetime | None = None

    @property
    def all(self) -> str:
        return _and(filter(None, (self.every, self.filters)))

    def __bool__(self) -> bool:
        return bool(self.all or self.start or self.end)


def compile_query(query: Query) -> Compiled:
    """Ask the database once for the stems, then put the parts together."""
    texts = [term for group in query.groups for term in group if not term.field]
    stems = _stems(texts)
    keep = _meant(texts, stems)
    wanted: list[str] = []
    fields: list[str] = []
    positive = False
    for group in query.groups:
        parts = [part for term in group if (part := _part(term, stems, keep))]
        plain = all(not (term.field or term.negated) for term in group)
        if parts:
            (wanted if plain else fields).append(_or(parts))
            positive = positive or not any(term.negated for term in group)
    typed = query.words
    return Compiled(
        every=_and(wanted),
        some=_or(wanted),
        filters=_and(fields),
        name=names.normalize(typed) if typed else "",
        key=words.squash(typed),
        single=len(wanted) == 1,
        positive=positive,
        phrased=any(term.phrase for term in texts),
        start=max((period.start for period in query.periods if period.start), default=None),
        end=min((period.end for period in query.periods if period.end), default=None),
    )


def _stems(terms: list[Term]) -> dict[Term, tuple[str, str]]:
    if not terms:
        return {}
    folded = [words.fold(term.text) for term in terms]
    with connection.cursor() as cursor:
        cursor.execute(_STEMS, [folded, [term.phrase for term in terms]])
        return dict(zip(terms, cursor.fetchall(), strict=True))


def _meant(terms: list[Term], stems: dict[Term, tuple[str, str]]) -> set[Term]:
    """All but words like "for" and "the", unless there are no others."""
    telling = {term for term in terms if stems[term][0]}
    wanted = {term for term in telling if not term.negated}
    return telling if wanted else {*terms}


def _part(term: Term, stems: dict[Term, tuple[str, str]], keep: set[Term]) -> str:
    if term.field:
        found = _of_field(term)
    elif term in keep:
        english, literal = stems[term]
        found = _or(part for part in (literal, english) if part)
    else:
        return ""
    return f"!({found})" if term.negated and found else found


def _of_field(term: Term) -> str:
    match term.field:
        case "classifier":
            return _classifier(term.text)
        case "python":
            return _python(term.text)
        case "import" | "owner":
            return filters.quoted(filters.lexeme(term.field, term.text.strip().casefold()))
    asked = words.fold(term.text).split()
    return _and(filters.quoted(filters.lexeme(term.field, word)) for word in asked)


def _classifier(text: str) -> str:
    numbers = labels.matching(text.strip())
    if not numbers:
        raise InvalidQuery(
            f'No project here has the classifier "{text}"; write it as "Framework :: Django", or'
            " its last part."
        )
    return _or(filters.quoted(filters.lexeme("classifier", str(number))) for number in numbers)


def _python(text: str) -> str:
    version = ".".join(text.strip().split(".")[:2])
    if version not in filters.PYTHONS:
        raise InvalidQuery(
            f'"{text}" is no Python version that is looked for: write python:3.12, up to'
            f" {filters.PYTHONS[-1]}."
        )
    return filters.quoted(filters.lexeme("python", version))


def _and(parts: Iterator[str] | list[str] | filter[str]) -> str:
    return " & ".join(f"({part})" for part in parts)


def _or(parts: Iterator[str] | list[str]) -> str:
    return " | ".join(f"({part})" for part in parts)
