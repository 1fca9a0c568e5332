"""What is asked of PostgreSQL for a search.

Each statement asks one tier.  Whatever may match a large part of it is cut off before anything
costly is done: first to some, then to the most popular of these, and only they are unpacked.
"""

from __future__ import annotations

from typing import Final

from search.sight import SEEN

_DATES: Final = """
    (%(start)s::timestamptz is null or updated_at >= %(start)s)
    and (%(end)s::timestamptz is null or updated_at < %(end)s)
"""
_FILTER: Final = f"(%(filters)s = '' or vector @@ %(filters)s::tsquery) and {_DATES}"


def _begun(tier: int, *above: str) -> str:
    """The most popular names that begin so, unless a tier above has enough of them.

    The limit inside keeps the planner from walking all projects by their prior for those few.
    """
    enough = [f"(select count(*) from {name}) < %(beginnings)s" for name in above]  # noqa: S608
    return f"""
    begun_{tier} as materialized (
        select project_id from (
            select project_id, prior from search_searchdocument
            where {" and ".join([f"tier <= {tier}", f"{tier} <= %(tier)s", *enough])}
                and key <> '' and %(key)s <> '' and key like %(key)s || '%%' and {SEEN}
            limit %(names)s
        ) as beginning order by prior desc limit %(beginnings)s)
    """  # noqa: S608 - made of our own constants


# They are narrowed after they were cut: to look into every row that begins with "p" is slow.
_NAMES: Final = f"""
    (with {_begun(0)}, {_begun(1, "begun_0")}, {_begun(2, "begun_0", "begun_1")}
    (select project_id from search_searchdocument where normalized_name = %(name)s
        and {SEEN} and {_FILTER})
    union
    (select project_id from (
        select project_id from begun_0 union select project_id from begun_1
        union select project_id from begun_2
    ) as begun join search_searchdocument using (project_id) where {_FILTER}))
"""  # noqa: S608 - made of our own constants


def _matching(condition: str, limit: str) -> str:
    """The most popular matches; of more than anybody could want, some."""
    return f"""
    (select project_id from (
        select project_id, prior from search_searchdocument
        where tier <= %(tier)s and {condition} and {SEEN} and {_DATES} limit %(matches)s
    ) as matching order by prior desc limit %({limit})s)
    """  # noqa: S608 - made of our own constants


_HEADS: Final = _matching("head @@ %(every)s::tsquery", "heads")
_TEXTS: Final = _matching("vector @@ %(all)s::tsquery", "texts")
_FILTERED: Final = _matching("vector @@ %(all)s::tsquery", "heads")
# How well a row answers: its name decides, then its words, weighed by what it is worth.
_SCORE: Final = """
    case when normalized_name = %(name)s then %(exact)s
         when key = %(key)s then %(same)s * standing
         when %(key)s <> '' and key like %(key)s || '%%'
             then %(prefix)s * standing * (0.1 + prior) else 0 end
    + standing * (%(unranked)s + case when %(rank)s = '' then 0
        else ts_rank(%(weights)s::float4[], coalesce(head, ''), %(rank)s::tsquery, %(normal)s) end)
        * (%(least)s + prior)
"""
_BEST: Final = f"""
    select project_id, {_SCORE} as score from found
    join search_searchdocument using (project_id)
    order by score desc, project_id limit %(most)s
"""  # noqa: S608 - made of our own constants

# Descriptions are looked through only where names and summaries did not say enough.
WORDS: Final = f"""
    with named as ({_NAMES}), headed as materialized ({_HEADS}), found as (
        select project_id from named union select project_id from headed union
        select project_id from {_TEXTS} as texts
        where (select count(*) from headed) < %(enough)s
    ) {_BEST}
"""  # noqa: S608 - made of our own constants
NARROWED: Final = f"with found as ({_NAMES} union {_FILTERED}) {_BEST}"
BY_FILTER: Final = f"with found as ({_FILTERED}) {_BEST}"


def _looked_into(names: str, some: str) -> str:
    """Of `some` rows, each of which must be unpacked, those that match; and 0 with their number."""
    return f"""
    with looked_into as materialized ({some}), found as ({names}
        select project_id from looked_into join search_searchdocument using (project_id)
        where vector @@ %(all)s::tsquery
    ), best as ({_BEST})
    select project_id, score from best
    union all select 0, (select count(*) from looked_into)
    """  # noqa: S608 - made of our own constants


# An index finds the words of a phrase; only the row tells where they stand.
PHRASED: Final = _looked_into(
    f"{_NAMES} union", _matching("vector @@ %(loose)s::tsquery", "looked_into")
)
# What has none of something: any row is likely to do.
WITHOUT: Final = _looked_into(
    "",
    f"""
    select project_id from search_searchdocument where {SEEN}
    order by prior desc, project_id desc limit %(looked_into)s
    """,  # noqa: S608 - made of our own constants
)
DATED_WITHOUT: Final = _looked_into("", _matching("prior >= 0", "looked_into"))
ANYTHING: Final = f"""
    select project_id, prior from search_searchdocument where {SEEN}
    order by prior desc, project_id desc limit %(most)s
"""  # noqa: S608 - made of our own constants
DATED: Final = f"""
    select project_id, prior from (
        select project_id, prior from search_searchdocument
        where tier <= %(tier)s and prior >= 0 and {SEEN} and {_DATES} limit %(matches)s
    ) as dated order by prior desc, project_id desc limit %(most)s
"""  # noqa: S608 - made of our own constants


def _in_period(tier: int) -> str:
    return f"""
    (select count(*) from (select 1 from search_searchdocument
        where tier <= {tier} and prior >= 0 and {_DATES} limit %(sparse)s) as dated)
    """  # noqa: S608 - made of our own constants


# How many rows of the popular tiers are of a period; an index tells it.
IN_PERIOD: Final = f"select {_in_period(0)}, {_in_period(1)}"
