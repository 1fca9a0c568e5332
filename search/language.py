"""What somebody typed, as a value: words, "phrases", -minus, or, and ``field:value``.

    html parser -author:ada license:mit updated:>2025-06

Plain Python: no database, no request.  PostgreSQL's own query syntax never reaches it from here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from difflib import get_close_matches
from typing import Final

from pypi_site.lib.problems import Problem
from search import words

LONGEST: Final = 300  # characters of a search
MOST_TERMS: Final = 30
FIELDS: Final = {
    "author": "author or maintainer in the metadata, name or address",
    "owner": "account that owns or maintains the project",
    "license": "licence, as an SPDX identifier or words",
    "python": "Python version it runs on, such as 3.12",
    "keyword": "keyword of the project",
    "classifier": "Trove classifier, whole or its last part",
    "import": "name to import, such as cv2",
    "updated": "date of the newest release: 2026, 2026-03, >2026-03-01, <2024 or 30d",
}
_TOKEN = re.compile(
    r'(?P<minus>-)?(?:(?P<field>[A-Za-z]+):(?![/:]))?(?:"(?P<phrase>[^"]*)"?|(?P<word>[^\s"]+))?'
)
_DATE = re.compile(r"(?P<sign>[<>]=?)?(?P<year>\d{4})(?:-(?P<month>\d\d?))?(?:-(?P<day>\d\d?))?")
_DAYS = re.compile(r"(?P<days>\d{1,4})d")


class InvalidQuery(Problem):
    """A search that means nothing to us; the sentence says how to mend it."""

    code, title = "invalid-query", "Search not understood"


@dataclass(frozen=True)
class Term:
    """One condition: text in any field, or in the one named."""

    text: str
    field: str = ""
    phrase: bool = False
    negated: bool = False


@dataclass(frozen=True)
class Period:
    """Updated at `start` or later, and before `end`; None is open."""

    start: datetime | None = None
    end: datetime | None = None


@dataclass(frozen=True)
class Query:
    """All groups must hold; of a group, any term."""

    groups: tuple[tuple[Term, ...], ...] = ()
    periods: tuple[Period, ...] = ()

    @property
    def words(self) -> str:
        """The words that may be a project's name, as they were typed."""
        if any(len(group) > 1 for group in self.groups):
            return ""
        return " ".join(term.text for (term,) in self.groups if not (term.field or term.negated))

    def __bool__(self) -> bool:
        return bool(self.groups or self.periods)


def clean(text: str) -> str:
    """What PostgreSQL can read and people can have meant."""
    return "".join(filter(str.isprintable, " ".join(text.split()))).strip()


def parse(text: str, now: datetime | None = None) -> Query:
    """Read a search.  Raises `InvalidQuery` with what to do about it."""
    text = clean(text)
    if len(text) > LONGEST:
        raise InvalidQuery(f"Shorten the search to {LONGEST} characters; it has {len(text)}.")
    terms = list(_terms(text))
    if len(terms) > MOST_TERMS:
        raise InvalidQuery(f"Search for at most {MOST_TERMS} words at a time.")
    dates = [term for term in terms if isinstance(term, Term) and term.field == "updated"]
    rest = [term for term in terms if term not in dates]
    periods = tuple(_period(term, now or datetime.now(UTC)) for term in dates)
    return Query(tuple(_grouped(rest)), periods)


def _terms(text: str) -> Iterator[Term | None]:
    """Terms in order, None for ``or``."""
    for token in _TOKEN.finditer(text):
        if token[0] in ("or", "OR"):
            yield None
        elif token[0]:
            yield from _term(token)


def _term(token: re.Match[str]) -> Iterator[Term]:
    field = (token["field"] or "").lower()
    value = token["phrase"] if token["phrase"] is not None else token["word"] or ""
    if field and field not in FIELDS:
        _refuse_misspelt(field)
        field, value = "", f"{field} {value}"
    if field and not words.fold(value):
        raise InvalidQuery(f"Say what to look for after {field}: ({FIELDS[field]}).")
    if words.fold(value):
        yield Term(value, field, token["phrase"] is not None, bool(token["minus"]))


def _refuse_misspelt(field: str) -> None:
    """``foo:bar`` is two words, but ``licence:mit`` is a slip that would find nothing."""
    if near := get_close_matches(field, FIELDS, n=1, cutoff=0.75):
        raise InvalidQuery(
            f'There is no filter "{field}:"; write {near[0]}: ({FIELDS[near[0]]}), or put the word'
            " in quotes."
        )


def _grouped(terms: list[Term | None]) -> Iterator[tuple[Term, ...]]:
    """``a or b c``: a or b, and c."""
    group: list[Term] = []
    joined = False
    for term in terms:
        if term is None:
            joined = bool(group)
            continue
        if group and not joined:
            yield tuple(group)
            group = []
        group.append(term)
        joined = False
    if group:
        yield tuple(group)


def _period(term: Term, now: datetime) -> Period:
    if term.negated:
        raise InvalidQuery("Instead of -updated: turn the sign round: updated:<2025 or >2025.")
    if days := _DAYS.fullmatch(term.text):
        return Period(start=now - timedelta(days=int(days["days"])))
    if date := _DATE.fullmatch(term.text):
        return _span(date)
    raise InvalidQuery(f"Write updated: as {FIELDS['updated'].partition(': ')[2]}.")


def _span(date: re.Match[str]) -> Period:
    """The year, month or day meant, or what lies before or after it."""
    try:
        start = datetime(
            int(date["year"]), int(date["month"] or 1), int(date["day"] or 1), tzinfo=UTC
        )
        end = _end(start, date)
    except (ValueError, OverflowError):
        raise InvalidQuery(
            f'There is no date "{date[0]}"; write 2026, 2026-03 or 2026-03-01.'
        ) from None
    match date["sign"]:
        case ">":
            return Period(start=end)
        case ">=":
            return Period(start=start)
        case "<":
            return Period(end=start)
        case "<=":
            return Period(end=end)
    return Period(start, end)


def _end(start: datetime, date: re.Match[str]) -> datetime:
    if date["day"]:
        return start + timedelta(days=1)
    if date["month"]:
        return (start + timedelta(days=31)).replace(day=1)
    return start.replace(year=start.year + 1)
