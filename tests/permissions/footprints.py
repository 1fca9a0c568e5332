"""What a request changed in the database, row by row; and what does not count as a change."""

from __future__ import annotations

from dataclasses import dataclass, field

from django.db import connection

# Counters of this transaction: they only rise, and cost one statement for all tables.
# As pg_stat_xact_user_tables has them, which looks at indexes, too, and takes three times as long.
_TOUCHED = """
    select * from (
        select relname, pg_stat_get_xact_tuples_inserted(oid)
            + pg_stat_get_xact_tuples_updated(oid) + pg_stat_get_xact_tuples_deleted(oid) as rows
        from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace
    ) as written where rows > 0
"""
# Where people and tokens were seen, and that somebody was refused, is no change of anything.
BESIDE = {"django_session", "pypi_site_cache", "usersessions_usersession", "accounts_tokenplace"}
BESIDE |= {"pypi_site_descriptions", "accounts_requestcount"}
_NOTES = "('token.new_place', 'publisher.refuse', 'factor.need')"
_BESIDE_ROWS = {"accounts_auditevent": f"where action not in {_NOTES}"}
_BESIDE_COLUMNS = {
    "accounts_apitoken": ("last_used_at", "last_used_from", "last_used_with"),
    "accounts_user": ("last_login",),
}


def touched() -> dict[str, int]:
    """How many rows of which table were written in this transaction, rolled back or not."""
    with connection.cursor() as cursor:
        cursor.execute(_TOUCHED)
        return dict(cursor.fetchall())


def digest(table: str) -> str:
    """The content of a table, all rows of it."""
    row = "to_jsonb(it)" + "".join(f" - '{name}'" for name in _BESIDE_COLUMNS.get(table, ()))
    text = f"({row})::text"
    statement = (
        f"select md5(coalesce(string_agg({text}, '' order by {text}), ''))"
        f' from "{table}" as it {_BESIDE_ROWS.get(table, "")}'
    )
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return str(cursor.fetchone()[0])


@dataclass
class Ground:
    """How the tables were before anybody asked, as far as somebody touched them."""

    last: int = 0  # of the audit trail
    digests: dict[str, str] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=touched)

    def digest(self, table: str) -> str:
        """The content before anybody asked: of a moment when all is taken back."""
        if table not in self.digests:
            self.digests[table] = digest(table)
        return self.digests[table]

    def suspects(self) -> list[str]:
        """Tables that were written since the last time."""
        now = touched()
        found = [name for name, count in now.items() if count != self.counts.get(name, 0)]
        self.counts = now
        return sorted(set(found) - BESIDE)
