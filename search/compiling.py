"""From a parsed search to PostgreSQL's tsquery.

Words are stemmed by the very configurations that `documents` stems with, or "interface" would be
missed; everything else is quoted, so nothing that somebody types can be an operator.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db import connection

from packages import names
from search import filters, labels, words
from search.language import InvalidQuery, Query, Term
from search.sight import SHARED, Sight

_STEMS: Final = """
    select case when phrase then phraseto_tsquery('english', words)
           else plainto_tsquery('english', words) end::text,
           case when phrase then phraseto_tsquery('simple', words)
           else plainto_tsquery('simple', words) end::text
    from unnest(%s::text[], %s::bool[]) with ordinality as asked (words, phrase, place)
    order by place
"""
_DISTANCE = re.compile(r"<(?:-|\d+)>")  # how far apart words stand in a phrase


@dataclass(frozen=True)
class Compiled:
    """A search as PostgreSQL takes it.  Empty texts ask for nothing.

    `every` are the words that must be there, `some` the same with one of them enough; `ranked` and
    `ranked_some` weigh the literal words beside their stems.  `filters` is what is asked of fields
    and what may not be there.  `loose_filters` are the filters less
    phrases that may not be there, and wherever the words of others stand.
    """

    every: str = ""
    some: str = ""
    ranked: str = ""
    ranked_some: str = ""
    filters: str = ""
    loose_filters: str = ""
    name: str = ""
    key: str = ""
    single: bool = False
    positive: bool = False  # it asks for something, not only without something
    phrased: bool = False  # it matters where words stand
    start: datetime | None = None
    end: datetime | None = None
    sight: Sight = SHARED  # which rows may be found

    @property
    def all(self) -> str:
        return self.beside(self.every)

    def beside(self, words: str) -> str:
        """These words, with what is asked of fields."""
        return _and(filter(None, (words, self.filters)))

    def loosely(self, words: str) -> str:
        """As `beside`, wherever the words of a phrase stand: all that an index knows."""
        return _and(filter(None, (_DISTANCE.sub("&", words), self.loose_filters)))

    @property
    def dated(self) -> bool:
        return bool(self.start or self.end)

    def __bool__(self) -> bool:
        return bool(self.all or self.dated)


def compile_query(query: Query, sight: Sight = SHARED) -> Compiled:
    """Ask the database once for the stems, then put the parts together."""
    texts = [term for group in query.groups for term in group if not term.field]
    stems = _stems(texts)
    keep = _meant(texts, stems)
    wanted: list[str] = []
    ranked: list[str] = []
    fields: list[str] = []
    loose: list[str] = []
    positive = phrased = False
    for group in query.groups:
        parts = {term: part for term in group if (part := _part(term, stems, keep))}
        if not parts:
            continue
        if all(not (term.field or term.negated) for term in group):
            wanted.append(_or(parts.values()))
            ranked.append(_or(text for term in parts for text in stems[term] if text))
        else:
            fields.append(_or(parts.values()))
            loose.append(_loosened(parts))
        positive = positive or not any(term.negated for term in group)
        phrased = phrased or any(map(_is_phrase, parts.items()))
    typed = query.words
    return Compiled(
        every=_and(wanted),
        some=_or(wanted),
        ranked=_and(ranked),
        ranked_some=_or(ranked),
        filters=_and(fields),
        loose_filters=_and(filter(None, loose)),
        name=names.normalize(typed) if typed else "",
        key=words.squash(typed),
        single=len(wanted) == 1,
        positive=positive,
        phrased=phrased,
        start=max((period.start for period in query.periods if period.start), default=None),
        end=min((period.end for period in query.periods if period.end), default=None),
        sight=sight,
    )


def _is_phrase(item: tuple[Term, str]) -> bool:
    """Whether it matters where its words stand."""
    term, part = item
    return not term.field and bool(_DISTANCE.search(part))


def _loosened(parts: dict[Term, str]) -> str:
    """What an index can tell of alternatives; nothing if one is a phrase that shall be absent."""
    phrases = dict(filter(_is_phrase, parts.items()))
    if any(term.negated for term in phrases):
        return ""
    loose = {term: _DISTANCE.sub("&", part) for term, part in phrases.items()}
    return _or((parts | loose).values())


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
        # Where a word is, its stem is, too (see `documents`): one look-up finds both.
        found = next(filter(None, stems[term]), "")
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


def _and(parts: Iterable[str]) -> str:
    return " & ".join(f"({part})" for part in parts)


def _or(parts: Iterable[str]) -> str:
    """Each once: most words are their own stem, and to look for them twice takes twice as long."""
    return " | ".join(f"({part})" for part in dict.fromkeys(parts))
