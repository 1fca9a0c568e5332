"""The query language: plain text in, a value or a clear refusal out."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from search.language import FIELDS, LONGEST, InvalidQuery, Period, Query, Term, parse

NOW = datetime(2026, 11, 22, tzinfo=UTC)


def terms(text: str) -> list[Term]:
    return [term for group in parse(text, NOW).groups for term in group]


def test_words_phrases_and_minus():
    assert terms('html "site map" -css') == [
        Term("html"),
        Term("site map", phrase=True),
        Term("css", negated=True),
    ]


def test_fields_take_words_and_phrases_in_any_case():
    assert terms('Author:ada -license:"BSD 3"') == [
        Term("ada", "author"),
        Term("BSD 3", "license", phrase=True, negated=True),
    ]


def test_or_joins_its_neighbours_only():
    groups = parse("cat or dog food", NOW).groups
    assert groups == ((Term("cat"), Term("dog")), (Term("food"),))
    assert parse("or cat or", NOW).groups == ((Term("cat"),),)
    assert parse('"or"', NOW).groups == ((Term("or", phrase=True),),)


@pytest.mark.parametrize("text", ["std::vector", "http://example.org", "foo:bar", "12:30"])
def test_a_colon_is_no_filter_unless_a_field_stands_before_it(text):
    assert all(term.field == "" for term in terms(text))


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("updated:2026", datetime(2026, 1, 1), datetime(2027, 1, 1)),
        ("updated:2026-12", datetime(2026, 12, 1), datetime(2027, 1, 1)),
        ("updated:2026-03-31", datetime(2026, 3, 31), datetime(2026, 4, 1)),
        ("updated:>2026-03-31", datetime(2026, 4, 1), None),
        ("updated:>=2026-03", datetime(2026, 3, 1), None),
        ("updated:<2024", None, datetime(2024, 1, 1)),
        ("updated:<=2024", None, datetime(2025, 1, 1)),
        ("updated:30d", datetime(2026, 10, 23), None),
    ],
)
def test_dates_mean_the_whole_year_month_or_day(text, start, end):
    aware = [moment and moment.replace(tzinfo=UTC) for moment in (start, end)]
    assert parse(text, NOW) == Query((), (Period(*aware),))


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("licence:mit", "license:"),
        ("autor:ada", "author:"),
        ("author:", "after author:"),
        ('classifier:""', "after classifier:"),
        ("updated:soon", "updated: as"),
        ("updated:2026-13", "no date"),
        ("updated:0000", "no date"),
        ("updated:9999", "no date"),
        ("-updated:2025", "turn the sign"),
        ("x" * (LONGEST + 1), "Shorten"),
        ("a " * 31, "at most 30"),
    ],
)
def test_a_slip_is_refused_with_what_to_do(text, hint):
    with pytest.raises(InvalidQuery, match=hint):
        parse(text, NOW)


@pytest.mark.parametrize("text", ["", "  ", "-", "&|!", '"', '""', "- - -", "\0", "()<->:*", "or"])
def test_signs_alone_ask_for_nothing(text):
    assert not parse(text, NOW)


def test_the_words_may_be_a_name_unless_filters_or_alternatives_stand_for_them():
    assert parse("scikit learn -old license:bsd", NOW).words == "scikit learn"
    assert parse("cat or dog", NOW).words == ""


pieces = st.sampled_from(
    [*FIELDS, "or", "-", ":", '"', " ", "<", ">", "2026", "30d", "a", "\\", "'"]
)


@given(st.one_of(st.text(max_size=80), st.lists(pieces, max_size=30).map("".join)))
@example('author:"')
@example('-"-"-')
def test_any_text_is_understood_or_refused(text):
    try:
        query = parse(text, NOW)
    except InvalidQuery as refusal:
        assert refusal.detail.endswith(".")  # noqa: PT017 - either outcome is right
        return
    for term in (term for group in query.groups for term in group):
        assert term.text
        assert term.field in ("", *FIELDS)
        assert term.field != "updated"


@given(st.lists(st.text(alphabet="abcdefghij", min_size=3, max_size=8), min_size=1, max_size=6))
def test_plain_words_come_out_as_they_went_in(given_words):
    assert parse(" ".join(given_words), NOW).words == " ".join(given_words)
