"""Questions in SQL, where the ORM is too slow or says it worse."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import connection


def scalar(statement: str, facts: Mapping[str, Any]) -> Any:
    """The one value of the one row that `statement` yields; `facts` are its parameters."""
    with connection.cursor() as cursor:
        cursor.execute(statement, dict(facts))
        (value,) = cursor.fetchone()
    return value
