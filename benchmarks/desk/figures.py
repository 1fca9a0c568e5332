"""The figures of a desk with very many cases: the page and the JSON."""

from __future__ import annotations

from typing import Any

from django.db import connection

from moderation.models import Case
from tests.factories.desk import many_cases

STEP = 5000
RULES = ("first-release-by-new-uploader", "startup-hooks", "look-alike", "obfuscated-code", "size")
TARGET = 200.0  # ms of server time
PAGES = {
    "figures, 12 weeks": "/admin/moderation/case/figures/",
    "figures, 104 weeks": "/admin/moderation/case/figures/?weeks=104",
    "figures as JSON, 12 weeks": "/api/v1/figures/",
    "figures as JSON, 104 weeks": "/api/v1/figures/?weeks=104",
}
# Two years of cases, nine of ten of them looked at and decided, every twentieth taken back.
_SPREAD = """
    update moderation_case set opened_at = now() - (id %% 730) * interval '1 day';
    update packages_stage set holds = jsonb_build_array(
        jsonb_build_object('code', %(first)s::text),
        jsonb_build_object('code', (%(rules)s::text[])[1 + id %% 5])
    );
    update moderation_case set looked_at = opened_at + (id %% 50) * interval '1 hour',
        decided_at = opened_at + (id %% 90) * interval '1 hour', state = 'decided'
    where id %% 10 > 0;
    insert into moderation_decision
        (case_id, stage_id, project_id, kind, state, reason, decided_at, undone_at)
    select id, stage_id, project_id,
        case when stage_id is null then 'dismissed' when id %% 3 = 0 then 'approved'
             else 'rejected' end,
        case when id %% 20 = 1 then 'undone' else 'done' end, 'So be it.', decided_at,
        case when id %% 20 = 1 then now() end
    from moderation_case where decided_at is not null;
    analyze
"""


def fill(count: int) -> None:
    """As many cases, and what became of them."""
    for first in range(Case.objects.count(), count, STEP):
        many_cases(min(STEP, count - first), first=first)
    given: dict[str, Any] = {"first": RULES[0], "rules": list(RULES)}
    with connection.cursor() as cursor:
        for statement in _SPREAD.split(";"):
            cursor.execute(statement, given)
